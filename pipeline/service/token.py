"""The service's token: taken from the environment or from a file that nobody else can read, never from an argument."""

import os
import stat
from pathlib import Path

from feint.corpus.errors import ConfigError

VARIABLE = "FEINT_TOKEN"


def token(file: Path | None) -> str | None:
    """What clients must send; none where none was set. ConfigError where others can read the file, or it is empty."""
    if file is None:
        return os.environ.get(VARIABLE) or None
    try:
        mode = file.stat().st_mode
        said = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the token file {file}: {error}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"others can read the token file {file} (mode {mode & 0o777:03o}); try: chmod 600 {file}")
    if not said or not said.isascii() or not said.isprintable():
        raise ConfigError(
            f"the token file {file} holds no token; expected one line of ASCII, as of: openssl rand -hex 32"
        )
    return said
