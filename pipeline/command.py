"""What the commands share: the options they all know, the settings with their store, words to people."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from feint.pipeline.config import NAME, Config, load
from feint.pipeline.store import Store

Settings = Annotated[Path | None, Parameter(name=["--config"])]
"""The file whose settings go over the defaults."""
Switch = Annotated[bool, Parameter(negative="")]
"""An option that is given or not; there is no `--no-` to it."""


def opened(config: Path | None) -> tuple[Config, Store]:
    """The settings in force, and the store they name. ConfigError where the file has a fault."""
    settings = load(config)
    return settings, Store(settings.store.path)


def own(config: Path | None) -> tuple[Config, Store]:
    """The same for verbs that are about the configured sources; without any settings that is the corpus in the package."""
    if config is None and not Path(NAME).is_file():
        say(
            f"no {NAME} here, so this is about the bundled corpus that comes with feint; for transcripts of yours write a {NAME} "
            'with the line gather.sources = ["PATH"]'
        )
    return opened(config)


def say(words: str) -> None:
    """A line on stderr, which is for people."""
    sys.stderr.write(f"{words}\n")
