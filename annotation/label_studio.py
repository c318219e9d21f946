"""The pinned Label Studio: an environment of its own and a migrated, empty database, each made once for all projects."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock

from feint.corpus.errors import StudioError

VERSION = "1.23.2"
DATABASE = "label_studio.sqlite3"

# Label Studio reads these without its prefix; what a shell happens to have in them is not meant for it.
_NOT_MEANT = (
    "CI", "DEBUG", "HOST", "PASSWORD", "PORT", "USERNAME", "USER_TOKEN", "VERSION",
    "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_URL", "DJANGO_SETTINGS_MODULE", "PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV",
)  # fmt: skip
_PRIVATE = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96",
    "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:20::/28", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10",
    "ff00::/8",
)  # fmt: skip
"""Every network that Label Studio's guard refuses, but 127.0.0.0/8."""


def home() -> Path:
    """Where it is installed: `$FEINT_CACHE`, else `feint` in the user's cache folder, by version."""
    cache = os.environ.get("FEINT_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "feint"
    return Path(cache).expanduser().absolute() / f"label-studio-{VERSION}"


def installed(told: Callable[[str], None] = lambda _: None) -> Path:
    """The command `label-studio`, installed now unless it is there: about 1 GB, one to three minutes.

    `told` hears what takes long. StudioError with the installer's last words where that fails. Processes that come
    here at once wait for the first; what one left half-done is made anew.
    """
    place = home()
    place.mkdir(parents=True, exist_ok=True)
    command, done = place / "venv" / _BIN / "label-studio", place / "installed"
    with FileLock(place / "lock"):
        if not done.exists():
            told(f"installing Label Studio {VERSION} (once, about 1 GB)")
            venv.EnvBuilder(clear=True, with_pip=True).create(place / "venv")
            install = ["-m", "pip", "install", "--disable-pip-version-check", f"label-studio=={VERSION}"]
            _run([place / "venv" / _BIN / "python", *install], environment(), place / "install.log")
            done.write_text(f"label-studio {VERSION}\n", encoding="utf-8")
        if not (place / DATABASE).exists():
            told("preparing its database (once)")
            _migrate(command, place)
    return command


def environment(**changes: str) -> dict[str, str]:
    """What Label Studio finds around it: this process' variables without those it would misread, and these."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_MEANT}
    return kept | {
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_SENTRY_DSN": "",
        "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_FEATURE_FLAGS_OFFLINE": "true",
        **changes,
    }


def in_postgres() -> bool:
    """Whether the environment asks for tables in PostgreSQL instead of a file."""
    return (os.environ.get("LABEL_STUDIO_DJANGO_DB") or os.environ.get("DJANGO_DB") or "sqlite") != "sqlite"


def guard(*, loopback: bool) -> dict[str, str]:
    """Variables of the guard against requests to inner networks; a model served on this machine needs the loopback."""
    guarded = {"LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "true"}
    if loopback:
        guarded["LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS"] = "false"
        guarded["LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"] = ",".join(_PRIVATE)
    return guarded


def _migrate(command: Path, place: Path) -> None:
    """An empty database with all tables, which takes a minute where copying it takes none."""
    draft = place / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    around = environment(LABEL_STUDIO_BASE_DATA_DIR=str(draft), LABEL_STUDIO_DJANGO_DB="sqlite")
    _run([command, "version"], around, place / "migrate.log")
    (draft / DATABASE).replace(place / DATABASE)
    shutil.rmtree(draft, ignore_errors=True)


def _run(command: list[Path | str], around: Mapping[str, str], log: Path) -> None:
    with log.open("wb") as file:
        done = subprocess.run(command, env=around, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False)
    if done.returncode:
        raise StudioError(f"cannot set up Label Studio {VERSION}: {last_words(log)} (all of it: {log})")


def last_words(log: Path) -> str:
    """The last line of a log that says something."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


_BIN = "Scripts" if sys.platform == "win32" else "bin"
