"""How a release is cited: CITATION.cff, and BibTeX for its card."""

import re
from typing import Any

import yaml

from feint.pipeline.release.provenance import Provenance


def cff(said: Provenance, version: str) -> str:
    """CITATION.cff, version 1.2.0 of its schema."""
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this data set, please cite it as below.",
        "type": "dataset",
        "title": said.title,
        "version": version,
        "authors": [{"name": name} for name in said.authors or ("the authors",)],
    }
    if said.date:
        fields["date-released"] = said.date
    if said.licence != "unknown":
        fields["license"] = said.licence.upper()
    return str(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120))


def bibtex(said: Provenance, version: str) -> str:
    """A @misc entry; the year only where a date is known."""
    key = re.sub(r"\W+", "-", said.title.lower()).strip("-")
    lines = {
        "title": said.title,
        "author": " and ".join(f"{{{name}}}" for name in said.authors or ("the authors",)),
        "year": said.date[:4],
        "note": f"Data set, version {version}",
    }
    body = "".join(f"  {name} = {{{text}}},\n" for name, text in lines.items() if text)
    return f"@misc{{{key},\n{body}}}\n"
