"""The commands around a release: export, its check, and publishing."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from feint.pipeline.command import Settings, Switch, own, say
from feint.pipeline.config import Config


def export(
    destination: Path,
    *,
    check: Switch = False,
    redact: bool | None = None,
    config: Settings = None,
) -> int:
    """Write the labelled data as a folder that `datasets.load_dataset` loads, or prove such a folder.

    Example: `feint export release`

    Parameters
    ----------
    destination
        A new or empty folder, or an earlier export, which is replaced; with --check, the folder to prove.
    check
        Write nothing; load the folder with `datasets` (streaming, too) and polars, check hashes, keys, spans and splits.
    redact
        Replace personal data and secrets, and move spans with them; as configured without it, and on by default.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    if check:
        return _checked(destination)
    settings, store = own(config)
    if redact is not None:
        settings = settings.model_copy(update={"export": settings.export.model_copy(update={"redact": redact})})
    from feint.pipeline.export import REDACTIONS
    from feint.pipeline.export import export as run

    done = run(settings, store, destination)
    for name, rows in done.rows.items():
        say(f"{name:12} " + ", ".join(f"{split} {count}" for split, count in rows.items()))
    say(_redacted(settings, done.redactions, destination / REDACTIONS))
    if done.dropped:
        say(f"{done.dropped} transcripts have the words of another after that and are left out")
    say(f"version {done.version}; try: feint export --check {destination}")
    print(destination)
    return 0


def _checked(destination: Path) -> int:
    from feint.pipeline.release.check import check as run

    faults = run(destination)
    for fault in faults:
        say(f"  {fault}")
    say(f"{destination}: {len(faults)} faults" if faults else f"{destination}: nothing is wrong with it")
    return int(bool(faults))


def _redacted(settings: Config, redactions: object, report: Path) -> str:
    if not isinstance(redactions, dict):
        return "redaction is off: personal data and secrets leave as they are"
    if not redactions:
        return "redacted: nothing was found"
    kinds = ", ".join(f"{count} {kind.replace('_', ' ').lower()}" for kind, count in sorted(redactions.items()))
    return f"redacted: {kinds} (places in {report})"


def publish(
    folder: Path,
    repository: str,
    *,
    tag: str | None = None,
    public: Switch = False,
    gated: Literal["automatic", "manual"] | None = None,
    message: Annotated[str | None, Parameter(name=["--message", "-m"])] = None,
    dry_run: Switch = False,
) -> int:
    """Upload a release folder to the Hugging Face hub as one commit with a tag.

    Example: `feint publish release ORG/NAME --tag v1.0.0`

    Parameters
    ----------
    folder
        A folder that `feint export` wrote; one whose check fails is refused.
    repository
        The data set's id on the hub, `ORG/NAME`; made private where there is none yet.
    tag
        Name of the release, never overwritten; `v` and the content version without it.
    public
        Let everybody see it. A repository that is public already is refused without it.
    gated
        Who asks for access gets it at once (automatic) or from you (manual).
    message
        The commit's first line.
    dry_run
        Say what would be uploaded and deleted; change nothing. Without a token it is compared with what is public.

    """
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from feint.pipeline.publish import publish as run

    if not sys.stderr.isatty():
        disable_progress_bars()
    done = run(folder, repository, tag=tag, public=public, gated=gated, message=message, dry_run=dry_run)
    say(done.sentence())
    print(done.address)
    return 0
