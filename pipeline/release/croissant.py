"""Croissant: the release described for machines, with the fields for responsible AI."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from feint.corpus.errors import MissingExtra
from feint.pipeline.release.card import OUT_OF_SCOPE, WARNING
from feint.pipeline.release.columns import LAYOUTS, MESSAGES
from feint.pipeline.release.facts import CANARY, Facts
from feint.pipeline.release.provenance import LICENCES

NAME = "croissant.json"
_PARQUET = "application/x-parquet"
"""The name that mlcroissant and the hub know it by."""


def croissant(facts: Facts) -> str:
    """JSON-LD after Croissant 1.0 and its RAI vocabulary 1.0."""
    mlc = _mlcroissant()
    said = facts.provenance
    ctx = mlc.Context()
    files, sets, records = [], [], []
    for path, sha256 in facts.files.items():
        files.append(mlc.FileObject(
            ctx=ctx, id=path, name=path, content_url=path, encoding_formats=[_PARQUET], sha256=sha256
        ))  # fmt: skip
    for config in facts.rows:
        layout = LAYOUTS[config]
        sets.append(
            mlc.FileSet(
                ctx=ctx,
                id=f"{config}-shards",
                name=f"{config}-shards",
                includes=[f"{config}/*.parquet"],
                encoding_formats=[_PARQUET],
            )
        )
        fields = [_field(mlc, ctx, config, column, *meaning) for column, meaning in layout.columns.items()]
        records.append(mlc.RecordSet(
            ctx=ctx, id=config, name=config, description=f"One row per {layout.row}.",
            key=[f"{config}/{column}" for column in layout.key], fields=fields,
        ))  # fmt: skip
    with _quietly():
        described = mlc.Metadata(
            ctx=ctx, name=said.title, description=f"{facts.transcripts} transcripts labelled for alignment-faking reasoning. {WARNING} {CANARY}",
            license=[LICENCES.get(said.licence, said.licence)], version=facts.version, in_language=["en"],
            url="https://huggingface.co/datasets", keywords=["alignment faking", "AI safety", "chain of thought"],
            creators=[mlc.Organization(ctx=ctx, name=name) for name in said.authors],
            date_published=said.date or None, cite_as=f"{', '.join(said.authors) or 'The authors'}: {said.title}, version {facts.version}",
            distribution=[*files, *sets], record_sets=records, **_responsible(facts),
        ).to_json()  # fmt: skip
    return json.dumps(described, indent=2, ensure_ascii=False, default=str) + "\n"


def _field(mlc: Any, ctx: Any, config: str, column: str, kind: str, meaning: str) -> Any:
    """A column; the messages are a list of records, whose parts are picked from the column by name."""

    def field(name: str, kind: str, **more: Any) -> Any:
        return mlc.Field(
            ctx=ctx, id=f"{config}/{name}", name=name.rpartition("/")[2], data_types=[_types(mlc)[kind]], **more
        )  # fmt: skip

    def source(*transforms: Any) -> Any:
        extract = mlc.Extract(ctx=ctx, column=column)
        return mlc.Source(ctx=ctx, file_set=f"{config}-shards", extract=extract, transforms=list(transforms))

    if kind != MESSAGES:
        return field(column, kind, description=meaning, source=source())
    parts = [
        field(
            f"{column}/{part}", "string", repeated=True, source=source(mlc.Transform(ctx=ctx, json_path=f"[*].{part}"))
        )
        for part in ("role", "content", "reasoning")
    ]
    return mlc.Field(
        ctx=ctx, id=f"{config}/{column}", name=column, description=meaning, repeated=True, sub_fields=parts
    )


def _types(mlc: Any) -> dict[str, Any]:
    types = mlc.DataType
    return {"string": types.TEXT, "int32": types.INTEGER, "float64": types.FLOAT, "bool": types.BOOL}


def _responsible(facts: Facts) -> dict[str, Any]:
    """The RAI fields (mlcommons.org/croissant/RAI/1.0)."""
    said = facts.provenance
    unsaid = "Not said."
    people = [
        f"{facts.annotators[name]}: {one.kind}{f', {one.expertise}' if one.expertise else ''}"
        for name, one in said.annotators.items()
        if name in facts.annotators
    ]
    machines = [text for text in people if ": model" in text]
    redacted = (
        "none looked for"
        if facts.redactions is None
        else f"{sum(facts.redactions.values())} replaced, places in redactions.jsonl"
    )
    return {
        "data_collection": said.about or unsaid,
        "data_annotation_protocol": f"codebook.md, version {facts.codebook}; levels absent, mentioned, considered, endorsed, unclear",
        "data_annotation_analysis": ["Krippendorff's alpha per indicator with 95 % intervals by group, in README.md"],
        "annotations_per_item": f"{len(facts.annotators)} annotators at most",
        "annotator_demographics": people or [unsaid],
        "machine_annotation_tools": machines or [unsaid],
        "data_preprocessing_protocol": ["Exact duplicates kept once; groups of near-duplicates never part between splits"],
        "data_manipulation_protocol": f"Personal data and secrets: {redacted}",
        "data_biases": [said.biases or unsaid],
        "data_limitations": ["What patterns cannot find, such as names of people, is not redacted", "English", WARNING],
        "data_use_cases": ["Training and testing classifiers and monitors of alignment-faking reasoning", f"Not: {OUT_OF_SCOPE}"],
        "data_social_impact": "Quotes reasoning about deceiving overseers; the canary lets training corpora leave it out",
        "personal_sensitive_information": [f"E-mail addresses, numbers and keys: {redacted}"],
        "data_release_maintenance_plan": f"Content version {facts.version}; every release is a tag and none is overwritten",
    }  # fmt: skip


def faults(folder: Path, shards: dict[str, str]) -> Iterator[str]:
    """What mlcroissant holds against the description in a folder, and hashes that are not the shards'."""
    mlc = _mlcroissant()
    path = folder / NAME
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        with _quietly():
            mlc.Dataset(path)
        hashes = {one["contentUrl"]: one["sha256"] for one in described["distribution"] if "contentUrl" in one}
    except (mlc.ValidationError, OSError, ValueError, KeyError, TypeError) as error:
        yield f"{NAME} is no valid Croissant: {str(error).strip().splitlines()[-1].strip(' -')}"
        return
    if hashes != shards:
        yield f"{NAME} does not have the hashes of the shards that are there"


@contextmanager
def _quietly() -> Iterator[None]:
    """Without rdflib's deprecations, and without mlcroissant's advice to give a date where none is configured."""
    advice = logging.getLogger("absl")
    before = advice.level
    advice.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        advice.setLevel(before)


def _mlcroissant() -> Any:
    try:
        import mlcroissant
    except ImportError as error:
        raise MissingExtra("hub", "describing a release in Croissant") from error
    return mlcroissant
