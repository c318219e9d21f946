"""The data set's card: what is in it, how it came about, what it is for and what it must not be used for."""

from collections import Counter
from collections.abc import Iterator, Sequence

import yaml

from feint.annotation.codebook import codebook
from feint.pipeline.release.citation import bibtex
from feint.pipeline.release.columns import LAYOUTS, SPLITS, features
from feint.pipeline.release.facts import CANARY, Facts
from feint.pipeline.release.plots import AGREEMENT, LABELS
from feint.pipeline.release.provenance import UNSAID
from feint.pipeline.tables import interval

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))
_RULES = {
    "majority": "the annotators' majority; a tie settles low, to not present; where nobody could tell, `present` is empty",
    "dawid_skene": "Dawid and Skene's model (1979), which weighs annotators by how often they agree with what it infers",
}
OUT_OF_SCOPE = (
    "Training generative models on these words. Measuring how often models fake: what is here was chosen, and its share of "
    "faking is nothing like the world's. Training a model against a detector that learnt from this: a model that "
    "avoids a monitor's words has not given up what they stand for. Monitor, do not train on the monitor."
)
WARNING = "Reasoning about deceiving overseers is quoted throughout, and harmful requests may be."


def card(facts: Facts) -> str:
    """Markdown with the hub's YAML header."""
    return f"---\n{_header(facts)}---\n\n" + "".join(_body(facts))


def _header(facts: Facts) -> str:
    said = facts.provenance
    kinds = {one.kind for one in said.annotators.values()}
    creators = [name for kind, name in (("human", "expert-generated"), ("model", "machine-generated")) if kind in kinds]
    size = next((name for most, name in _SIZES if facts.transcripts < most), "n>10M")
    header = {
        "license": said.licence,
        "language": ["en"],
        "pretty_name": said.title,
        "task_categories": ["text-classification", "token-classification"],
        "tags": ["alignment-faking", "ai-safety", "chain-of-thought"],
        "size_categories": [size],
        "annotations_creators": creators or ["found"],
        "extra_gated_prompt": "You agree not to train generative models on this data, nor any model against detectors that learnt from it.",
        "configs": [
            {"config_name": name}
            | ({"default": True} if name == "transcripts" else {})
            | {
                "version": facts.version,
                "data_files": [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits],
            }
            for name, splits in facts.rows.items()
        ],
        "dataset_info": [
            {
                "config_name": name,
                "features": features(name)._to_yaml_list(),
                "splits": [
                    {"name": split, "num_bytes": facts.sizes[name][split], "num_examples": count}
                    for split, count in splits.items()
                ],
            }
            for name, splits in facts.rows.items()
        ],
    }
    return str(yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=120))


def _body(facts: Facts) -> Iterator[str]:
    said = facts.provenance
    yield (
        f"# {said.title}\n\n{facts.transcripts} transcripts in {facts.groups} groups, labelled with indicators of *alignment "
        "faking*: a model reasoning that it is trained or watched, and complying so that its values are not changed.\n\n"
        f"> **Content warning.** {WARNING}\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'transcripts = load_dataset("PATH_OR_ORG/NAME", split="train")\n'
        'gold = load_dataset("PATH_OR_ORG/NAME", "gold", split="train")  # revision="TAG" for one release\n```\n\n'
    )
    yield _counted(facts)
    yield (
        "## Uses\n\n**For** training and testing classifiers and monitors of such reasoning, teaching annotators, comparing "
        f"codebooks.\n\n**Not for.** {OUT_OF_SCOPE}\n\n"
        "Filter training corpora by this canary, which stands here, in the manifest, in `splits.json`, in `croissant.json` and in the "
        f"metadata of every shard:\n\n    {CANARY}\n\n"
    )
    yield from _fields(facts)
    yield f"## How the transcripts came about\n\n{said.about or UNSAID}\n\n"
    if said.datasheet:
        yield "More in the bundled corpus' [datasheet](DATASHEET.md).\n\n"
    yield _reasoning(facts)
    yield _annotation(facts)
    yield _splits(facts)
    yield _privacy(facts)
    yield f"## Known biases\n\n{said.biases or UNSAID}\n\n"
    yield (
        f"## Versions, licence, citation\n\nContent version `{facts.version}`, from the bytes of the shards: rows that change, change it. "
        f"Codebook version `{facts.codebook}`. Written by feint {facts.feint}. `splits.json` has the hashes of all shards and rows; "
        "`feint export --check FOLDER` checks them, the keys, the spans and the splits.\n\n"
        f"Licence: {said.licence} ([LICENSE](LICENSE)).\n\n```bibtex\n{bibtex(said, facts.version)}```\n"
    )


def _counted(facts: Facts) -> str:
    rows = [
        [f"`{name}`", *(f"{splits.get(theirs, 0):,}" for theirs in SPLITS.values())]
        for name, splits in facts.rows.items()
    ]
    missing = [name for name in LAYOUTS if name not in facts.rows]
    note = (
        f"There are no rows for {', '.join(f'`{name}`' for name in missing)}, so no such config.\n\n" if missing else ""
    )
    return _table(["config", *SPLITS.values()], rows) + note


def _fields(facts: Facts) -> Iterator[str]:
    yield "## Fields\n\nAll configs join on `transcript_id`. Offsets are half-open and count Unicode code points (Python's `str`).\n\n"
    for name in facts.rows:
        layout = LAYOUTS[name]
        yield f"**`{name}`**: one row per {layout.row}. Key: {', '.join(f'`{key}`' for key in layout.key)}.\n\n"
        yield _table(
            ["field", "type", "meaning"],
            [[f"`{column}`", f"`{kind}`", meaning] for column, (kind, meaning) in layout.columns.items()],
        )
    yield (
        "```python\n# a span's words: span is a row of `spans`, by_id maps transcript_id to a row of `transcripts`\n"
        'text = by_id[span["transcript_id"]]["messages"][span["message"]][span["field"]]\n'
        'assert text[span["start"] : span["end"]] == span["quote"]\n```\n\n'
    )


def _reasoning(facts: Facts) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in facts.counts.kinds.most_common())
    return f"Their reasoning came as: {kinds}.\n\n"


def _annotation(facts: Facts) -> str:
    known = facts.provenance.annotators
    rows = []
    for old, new in facts.annotators.items():
        one = known.get(old)
        rows.append(
            [
                f"`{new}`",
                one.kind if one else UNSAID,
                (one and one.expertise) or UNSAID,
                f"{facts.counts.judged[new]:,}",
            ]
        )
    return (
        f"## Annotators and agreement\n\nThe guideline is [codebook.md](codebook.md), version `{facts.codebook}` "
        f"({len(codebook().split()):,} words). Raw judgements are all in `annotations`, disagreements included.\n\n"
        + _table(["annotator", "kind", "expertise", "judgements"], rows)
        + f"![settled labels]({LABELS})\n\n"
        + "Krippendorff's alpha of whether an indicator is there (considered or endorsed), with 95 % intervals resampled by group. "
        "0.8 is commonly called reliable, 0.67 the least for tentative conclusions; agreement of two models is no agreement of people.\n\n"
        + f"![agreement]({AGREEMENT})\n\n"
        + _table(
            ["indicator", "alpha (95 % interval)", "judged twice", "prevalence"],
            [
                [f"`{row['indicator']}`", interval(row["alpha"], row["low"], row["high"]), str(row["units"]), f"{row['prevalence']:.3f}"]
                for row in facts.agreement.iter_rows(named=True)
            ],
        )
        + f"**Gold** is {_RULES[facts.method]}. Three answers follow by rule from each annotator's indicators and are settled likewise: `faking`, the headline "
        "(consequence and value conflict are there and a motive is endorsed; Hughes et al. 2025), `faking_strict` (all five parts are endorsed; "
        "Greenblatt et al. 2024) and `faking_considered` (the motive is considered and the strategy rejected). Where nobody judged "
        "indicators, `faking` is what they said of the whole.\n\n"
    )  # fmt: skip


def _splits(facts: Facts) -> str:
    counts, overlap = facts.counts, facts.overlap
    rows = [
        [split, str(count), str(len(counts.groups[split])), *(str(counts.faking.get(split, Counter())[k]) for k in (True, False, None))]
        for split, count in facts.rows["transcripts"].items()
    ]  # fmt: skip
    shares = ", ".join(f"{SPLITS[name]} {share:g}" for name, share in facts.shares.items())
    found = _table(
        ["splits", "near-duplicates", "highest share of five-word runs in common"],
        [[" and ".join(pair["splits"]), str(pair["near_duplicates"]), f"{pair['highest_share']:.2f}"] for pair in overlap["pairs"]],
    )  # fmt: skip
    straddling = len(overlap["groups_in_more_than_one_split"])
    return (
        f"## Splits\n\nA group's split comes from a hash of its name (shares {shares}; seed {facts.seed}), so growth moves nobody. "
        "A group is what shares a family, a matched pair, a scenario or nearly the same words.\n\n"
        + _table(["split", "transcripts", "groups", "faking", "not faking", "unsettled"], rows)
        + f"Groups in more than one split: **{straddling}**. What the splits share, measured on the words "
        f"(two transcripts are near-duplicates from {overlap['near_duplicate_from']:g} up):\n\n{found}"
    )


def _privacy(facts: Facts) -> str:
    title = "## Personal data and secrets\n\n"
    if facts.redactions is None:
        return title + "Nothing was looked for or replaced: this release was exported with redaction off.\n\n"
    kinds = "".join(f"- {count} {kind.replace('_', ' ').lower()}\n" for kind, count in sorted(facts.redactions.items()))
    dropped = (
        f"{facts.dropped} transcripts had the words of another afterwards and are left out.\n\n"
        if facts.dropped
        else ""
    )
    return (
        f"{title}Keys and tokens, e-mail and public IP addresses, phone, card, bank and social security numbers were looked for and "
        "replaced by marks such as `[EMAIL_ADDRESS_1]`, numbered within a transcript; offsets are those of the text as it is here. "
        "`redactions.jsonl` says where and what kind, never what. Names of people are found only where they were given: "
        "what patterns miss is still there. If you find some, tell the authors.\n\n"
        f"{kinds or 'Nothing was found.'}\n\n{dropped}"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Names come with the data, and must not end a cell or a row, or begin a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
