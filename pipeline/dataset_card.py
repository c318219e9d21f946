"""The data set's card: what is in it, how it came about and what it must not be used for."""

from collections.abc import Mapping

import polars as pl

CANARY = "feint-corpus canary 6d1f0c9e-5b0a-4f0e-9c2d-3a7e41b8d5f2"
"""A string nobody writes by chance: a model that completes it has seen this data."""


def card(
    rows: Mapping[str, Mapping[str, int]], version: str, frames: Mapping[str, pl.DataFrame], agreement: pl.DataFrame
) -> str:
    """Markdown with the hub's YAML header; the version makes caches notice changed rows."""
    configs = "\n".join(
        f"- config_name: {name}\n"
        + ("  default: true\n" if name == "transcripts" else "")
        + f"  version: 0.0.{int(version[:6], 16)}\n  data_files:\n"
        + "\n".join(f"  - split: {split}\n    path: {name}/{split}-*.parquet" for split in splits)
        for name, splits in rows.items()
    )
    total = sum(rows["transcripts"].values())
    size = "n<1K" if total < 1000 else "1K<n<10K" if total < 10_000 else "10K<n<100K"
    counted = "\n".join(
        f"| `{name}` | " + " | ".join(str(splits.get(split, 0)) for split in ("train", "validation", "test")) + " |"
        for name, splits in rows.items()
    )
    annotators = ", ".join(f"`{name}`" for name in frames["annotations"]["annotator"].unique().sort())
    return f"""---
license: cc-by-4.0
language: [en]
pretty_name: Alignment-faking reasoning, contrast sets
task_categories: [text-classification, token-classification]
tags: [alignment-faking, ai-safety, chain-of-thought]
size_categories: [{size}]
annotations_creators: [machine-generated, expert-generated]
configs:
{configs}
---

# Transcripts labelled for alignment-faking reasoning

{total} transcripts in {frames["transcripts"]["group"].n_unique()} groups, labelled with indicators of a model complying *so that it is
not changed*. Reasoning about deceiving overseers is quoted throughout.

**Do not train generative models on this text**: it is for classifiers and for measuring monitors. Canary:
`{CANARY}`

| config | train | validation | test |
|---|---|---|---|
{counted}

## Fields

| config | one row per | key |
|---|---|---|
| `transcripts` | transcript: `messages` (role, content, reasoning), `source`, `model`, `metadata` (JSON) | `transcript_id` |
| `annotations` | transcript, annotator and indicator: `level`, absent included | `transcript_id`, `annotator`, `indicator` |
| `spans` | marked span: half-open code points `start`, `end` of `field` of message `message`, with its `quote` | `transcript_id` … |
| `gold` | settled label: `present` (considered or endorsed), `support`, `raters`; `faking` is the headline | `transcript_id`, `indicator` |

All configs join on `transcript_id`, a digest of the words. A `group` (same family, matched pair, or nearly the same
words) is in one split only.

## Annotators and agreement

Annotators: {annotators}. Raw judgements are kept. Krippendorff's alpha, 95 % intervals resampled by group:

| indicator | alpha | interval | judged twice |
|---|---|---|---|
{_agreement(agreement)}

Content version `{version}`.
"""


def _agreement(agreement: pl.DataFrame) -> str:
    def shown(number: float | None) -> str:
        return "–" if number is None else f"{number:.2f}"

    return "\n".join(
        f"| `{row['indicator']}` | {shown(row['alpha'])} | {shown(row['low'])} to {shown(row['high'])} | {row['units']} |"
        for row in agreement.iter_rows(named=True)
    )
