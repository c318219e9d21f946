"""What can go wrong, in words for the person who can mend it.

::

    FeintError              one clear sentence: found, expected, what to do; exit code 1
    ├── InputError          a file, folder or table that cannot be read as what it was given as
    ├── ConfigError         a setting that does not exist or cannot be
    ├── CorpusError         a corpus file that breaks the rules of corpus/contrast/README.md
    ├── DetectorError       a detector folder that is incomplete, foreign or made for something else
    ├── StudioError         a Label Studio that cannot be set up, reached or spoken to
    └── MissingExtra        a verb that needs an optional dependency
"""


class FeintError(Exception):
    """Base of everything this package raises on purpose."""


class InputError(FeintError):
    """A file, folder or table that cannot be read as what it was given as."""


class ConfigError(FeintError):
    """A setting that does not exist or cannot be."""


class CorpusError(FeintError):
    """A corpus file that breaks the rules of its format."""


class DetectorError(FeintError):
    """A detector folder that is incomplete, foreign or made for something else."""


class StudioError(FeintError):
    """A Label Studio that cannot be set up, reached or spoken to."""


class MissingExtra(FeintError):
    """A verb that needs an optional dependency.

    >>> print(MissingExtra("inspect", "reading plans"))
    reading plans needs the extra 'inspect': pip install 'feint[inspect]'
    """

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the extra {extra!r}: pip install 'feint[{extra}]'")
