"""The model card of a trained detector: what it is for, with all that was measured of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feint.models import card
from feint.models.evaluation import MEASURES
from feint.models.folder import Contents
from feint.pipeline.tables import MEANINGS, audit_rows, interval

COMMANDS = {
    "test": "`feint train` (transcripts that nothing was learnt from)",
    "group": "`feint validate` (families left out)",
    "voice": "`feint validate --by voice` (voices left out, where the transcripts name them)",
    "audit": "`feint audit` (whether it goes by shortcuts)",
}
"""What measures each part of the card."""


def model_card(
    contents: Contents,
    evaluation: Mapping[str, Any] | None = None,
    validations: Sequence[Mapping[str, Any]] = (),
    audited: Mapping[str, Any] | None = None,
    agreed: Sequence[Mapping[str, Any]] = (),
    measured: Sequence[str] = (),
) -> str:
    """The detector's own card with what its training, validations and audit found, as far as they are there.

    `agreed` are rows of the agreement on its labels, `measured` sections in Markdown on what was measured elsewhere.
    """
    there = {"test": evaluation, "audit": audited} | {one["by"]: one for one in validations}
    return card.model_card(contents, "".join([
        *(_evaluated(evaluation) if evaluation else ()),
        *(_validated(validations) if validations else ()),
        *(_audited(audited) if audited else ()),
        *(f"{section.strip()}\n\n" for section in measured),
        *(_agreed(agreed) if agreed else ()),
        *_missing([command for part, command in COMMANDS.items() if not there.get(part)]),
    ]))  # fmt: skip


def _evaluated(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"## On transcripts that nothing was learnt from\n\n{_about(found)} Intervals are 95 %, resampled by group. "
        "Every method learnt from the same transcripts; feint alone was settled on the development split besides.\n\n"
    )
    yield _table(["method", *MEASURES], [[name, *_measures(row)] for name, row in found["methods"].items()])
    points = found["points"]
    yield (
        "### What is flagged, by class\n\nEvery flag outside the faking is a false alarm. Shares have 95 % intervals "
        f"(Wilson).{' Classes n01 to n11 are written to look like faking in one way or another.' if MEANINGS.keys() & found['flagged'] else ''}\n\n"
    )
    yield _table(
        ["class", "", "transcripts", *(f"{name}, from {point['threshold']:.4f} up" for name, point in points.items())],
        [
            [name, MEANINGS.get(name, ""), str(row["transcripts"]), *(_flagged(p["flagged"][name]) for p in points.values())]
            for name, row in found["flagged"].items()
        ],
    )  # fmt: skip


def _validated(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "## On what was left out of its training\n\nEvery transcript judged by a detector that was trained in the same way "
        "without its group, or without its voice (its family is then known in other voices). Intervals are 95 %, resampled by group.\n\n"
    )
    yield _table(
        ["left out by", "folds", "transcripts", "groups", *MEASURES, "lowest AUROC"],
        [
            [one["by"], *(str(one[key]) for key in ("folds", "transcripts", "groups")), *_measures(one["measures"]), _lowest(one)]
            for one in found
        ],
    )  # fmt: skip


def _audited(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"## Does it go by shortcuts?\n\n{_about(found)} 'Suspect' is where the figures point at a shortcut, 'clear' "
        "where they do not; – where they cannot tell.\n\n"
    )
    yield _table(
        ["what is asked", "", "figures", "what they say"],
        [[f"{row.name}: {row.question}", row.mark, "; ".join(row.figures), row.verdict] for row in audit_rows(found)],
    )


def _agreed(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "## How far the readers of what it learnt from agree\n\nKrippendorff's alpha of whether an indicator is there (considered or endorsed) "
        "and of the verdict, over all gathered transcripts, with 95 % intervals by group.\n\n"
    )
    yield _table(
        ["indicator", "alpha", "transcripts"],
        [[row["indicator"], interval(row["alpha"], row["low"], row["high"]), str(row["units"])] for row in rows],
    )


def _missing(commands: Sequence[str]) -> Iterator[str]:
    if commands:
        yield f"Not measured yet: {', '.join(commands)}. After them, `feint train --out DIR` writes this card with more in it.\n\n"


def _about(found: Mapping[str, Any]) -> str:
    return f"{found['transcripts']} transcripts in {found['groups']} groups, {found['faking']} of them faking."


def _measures(estimates: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    return [interval(**estimates[name]) if name in estimates else "–" for name in MEASURES]


def _flagged(row: Mapping[str, float]) -> str:
    """'2, 5 % (1–16 %)'."""
    if not row["transcripts"]:
        return "–"
    share, low, high = row["flagged"] / row["transcripts"], row["low"], row["high"]
    return f"{row['flagged']}, {100 * share:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)"


def _lowest(found: Mapping[str, Any]) -> str:
    """The left-out value that it does worst on; none where whole groups were left out, or no value has both kinds."""
    known = {value: row for value, row in found.get("left out", {}).items() if row["AUROC"] is not None}
    if not known:
        return "–"
    value = min(known, key=lambda name: known[name]["AUROC"])
    return f"{known[value]['AUROC']:.2f} ({value}, {known[value]['transcripts']} transcripts)"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Names come with the data, and must not end a cell or a row, or begin a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
