"""Export: a release folder that Hugging Face's datasets loads, redacted, with a card made from what is in it."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import polars as pl

from feint.annotation.codebook import codebook
from feint.annotation.codebook import version as codebook_version
from feint.annotation.indicator import indicators
from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.labelled import HEADLINE
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.release import citation, croissant, manifest, plots
from feint.pipeline.release.card import card
from feint.pipeline.release.columns import LAYOUTS, SPLITS
from feint.pipeline.release.facts import CANARY, Counts, Facts
from feint.pipeline.release.overlap import Overlap
from feint.pipeline.release.personal import Finder
from feint.pipeline.release.provenance import provenance
from feint.pipeline.release.redaction import Redactor
from feint.pipeline.release.rows import Ledger, Row, Rows
from feint.pipeline.release.shards import Shards
from feint.pipeline.store import Artifact, Store

CONFIGS = tuple(LAYOUTS)
"""What can be loaded, the default first; one without rows is left out."""
REDACTIONS = "redactions.jsonl"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    rows: Mapping[str, Mapping[str, int]]
    """By config and the hub's name of the split."""
    redactions: Mapping[str, int] | None
    """Replacements by kind; none where nothing was looked for."""
    dropped: int
    """Transcripts whose words redaction made those of another."""
    version: str


def export(config: Config, store: Store, destination: Path) -> Exported:
    """Write the release folder, whole or not at all."""
    gathered, settled = gather(config, store), gold(config, store)
    if destination.exists() and any(destination.iterdir()) and not (destination / manifest.NAME).is_file():
        raise InputError(f"{destination} holds other files; name an empty or a new folder, or an earlier export")
    with _draft(destination) as folder:
        facts = _shards(config, gathered, judged(config, store), settled, folder)
        _around(facts, folder)
        manifest.write(folder, facts)
    return Exported(facts.rows, facts.redactions, facts.dropped, facts.version)


@contextmanager
def _draft(destination: Path) -> Iterator[Path]:
    """A folder beside the destination that takes its place when all went well."""
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
        try:
            yield draft
            draft.chmod(0o755)
            earlier = draft.with_name(f"{draft.name}.earlier")
            if destination.exists():
                destination.rename(earlier)
            draft.rename(destination)
            shutil.rmtree(earlier, ignore_errors=True)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"cannot write {destination}: {error.strerror or error}; nothing was kept") from error


def _shards(config: Config, gathered: Artifact, said: Artifact, settled: Artifact, folder: Path) -> Facts:
    """All rows, and what was counted on the way."""
    finder = Finder(config.export.regions, config.export.names)
    redactor = Redactor(finder.find) if config.export.redact else None
    counts, overlap = Counts(), Overlap()
    shards: dict[str, Shards] = {}
    with tempfile.SpooledTemporaryFile(max_size=1 << 24, mode="w+", encoding="utf-8") as report:
        ledger = Ledger(report)
        rows = Rows(gathered, said, settled, redactor, ledger)

        def transcripts() -> Iterator[tuple[str, Row]]:
            for split, one, row in rows.transcripts():
                overlap.add(split, row["group"], one)
                counts.kinds[row["reasoning_kind"]] += 1
                counts.groups.setdefault(SPLITS[split], set()).add(row["group"])
                yield split, row

        streams = (transcripts(), rows.annotations(), rows.spans(), rows.gold())
        for name, stream in zip(CONFIGS, streams, strict=True):
            with Shards(folder, name, CANARY) as shards[name]:
                for split, row in _counted(name, stream, counts):
                    shards[name].add(split, row)
        if redactor:
            report.seek(0)
            with (folder / REDACTIONS).open("w", encoding="utf-8") as target:
                shutil.copyfileobj(report, target)
    files = {path: digest.of_file(folder / path) for path in manifest.files(folder) if path.endswith(".parquet")}
    levels = counts.levels
    counts.levels = {n: levels[n] for n in plots.order(levels, [one.slug for one in indicators()])}
    return Facts(
        version=manifest.version(files),
        rows={name: of.rows for name, of in shards.items() if of.rows},
        digests={name: of.digests for name, of in shards.items() if of.rows},
        sizes={name: of.sizes for name, of in shards.items() if of.rows},
        files=files,
        counts=counts,
        overlap=overlap.report(),
        redactions={kind: n for kind, n in ledger.counts.items() if n} if redactor else None,
        dropped=len(ledger.dropped),
        agreement=pl.read_parquet(settled / "agreement.parquet"),
        annotators=rows.annotators,
        codebook=codebook_version(),
        method=config.gold.method,
        shares=config.split.shares(),
        seed=config.split.seed,
        feint=_version(),
        provenance=provenance(config),
    )


def _counted(name: str, stream: Iterable[tuple[str, Row]], counts: Counts) -> Iterator[tuple[str, Row]]:
    for split, row in stream:
        if name == "annotations":
            counts.judged[row["annotator"]] += 1
        elif name == "gold":
            by_rule = {True: "present", False: "absent", None: "unclear"}[row["present"]]
            counts.levels.setdefault(row["indicator"], Counter())[row["level"] or by_rule] += 1
            if row["indicator"] == HEADLINE:
                counts.faking.setdefault(SPLITS[split], Counter())[row["present"]] += 1
        yield split, row


def _around(facts: Facts, folder: Path) -> None:
    """Everything beside the shards."""
    said = facts.provenance
    plots.labels(facts.counts.levels, facts.transcripts, folder / plots.LABELS)
    plots.agreement(facts.agreement, folder / plots.AGREEMENT)
    texts = {
        "README.md": card(facts),
        "LICENSE": said.licence_text,
        "CITATION.cff": citation.cff(said, facts.version),
        "codebook.md": codebook(),
        "splits.json": json.dumps(manifest.splits(facts), indent=2) + "\n",
        croissant.NAME: croissant.croissant(facts),
    } | ({"DATASHEET.md": said.datasheet} if said.datasheet else {})
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _version() -> str:
    try:
        return installed("feint")
    except PackageNotFoundError:
        return "unreleased"
