"""What a card says that the data cannot: who, how, under which licence; known for the bundled corpus, configured for others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from feint.corpus.contrast import family
from feint.pipeline.config import Annotator, Config
from feint.pipeline.gather import BUNDLED

UNSAID = "*Not said.*"
"""What stands where nobody has said anything."""
LICENCES = {
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "mit": "https://opensource.org/license/mit",
    "odc-by": "https://opendatacommons.org/licenses/by/1-0/",
}
"""The hub's names of licences and where their text stands."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What people say of a data set."""

    title: str
    licence: str
    """As the hub spells it; 'unknown' where nobody has given one."""
    authors: tuple[str, ...]
    date: str
    about: str
    biases: str
    annotators: Mapping[str, Annotator]
    datasheet: str | None
    """Text of the bundled corpus' datasheet, where it is in the release."""

    @property
    def licence_text(self) -> str:
        """What goes into LICENSE."""
        if self.licence == "unknown":
            return (
                f"{self.title}\n\nNo licence has been given: nobody but its authors may use or pass on this data set.\n"
            )
        by = f"Copyright {', '.join(self.authors)}.\n" if self.authors else ""
        place = LICENCES.get(self.licence)
        return f"{self.title}\n{by}\nLicensed under {self.licence}{f', {place}' if place else ''}.\n"


def provenance(config: Config) -> Provenance:
    """The configured words; those of the bundled corpus for what is empty, where nothing but it is exported."""
    said, sources = config.export, config.gather.sources
    alone = set(sources) == {BUNDLED}
    paragraphs = datasheet_paragraphs() if alone else {}
    readers = tuple(
        Annotator(name=name, kind="model", expertise=f"Claude, a language model; {who}")
        for name, who in (("author", "wrote the transcript"), ("second", "saw the codebook and the words only"))
    )
    return Provenance(
        title=said.title or ("Alignment-faking reasoning, contrast sets" if alone else "Transcripts labelled for alignment-faking reasoning"),
        licence=said.licence or ("cc-by-4.0" if alone else "unknown"),
        authors=said.authors or (("feint contrast corpus",) if alone else ()),
        date=said.date,
        about=said.about or "\n\n".join(paragraphs.get(name, "") for name in ("What it is", "Who wrote it", "Who labelled it")).strip(),
        biases=said.biases or paragraphs.get("Known biases", ""),
        annotators={one.name: one for one in (*(readers if BUNDLED in sources else ()), *said.annotators)},
        datasheet=_datasheet() if BUNDLED in sources else None,
    )  # fmt: skip


def datasheet_paragraphs() -> dict[str, str]:
    """Paragraphs of the bundled corpus' datasheet by the bold words they begin with.

    >>> datasheet_paragraphs()["Licence"].startswith("CC BY 4.0")
    True
    """
    parts = re.split(r"^\*\*(.+?)\.\*\*\s", _datasheet(), flags=re.MULTILINE)[1:]
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


@cache
def _datasheet() -> str:
    text = (family.HERE / "DATASHEET.md").read_text(encoding="utf-8")
    return text.replace("../../annotation/guide.md", "codebook.md")
