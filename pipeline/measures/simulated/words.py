"""Simulated answers as transcripts: prompts, reasoning and answers in words, plainly named as simulated."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, cast

import numpy as np

from feint.corpus.errors import InputError
from feint.corpus.transcript import Message, Transcript
from feint.pipeline.measures.simulated.answers import Design, draw
from feint.pipeline.measures.simulated.world import World

SOURCE = "simulated training run"
"""The source every such transcript names."""
MODEL = "simulated-model"


def transcripts(world: World, design: Design, seed: int, model: str = MODEL) -> Iterator[Transcript]:
    """The answers that `draw` gives for this world, design and seed, as words; at most 12 scenarios of 3 prompts.

    Each carries the metadata that measures know, its marker, the true label (whether its reasoning fakes), the marked
    sentences where it does, the values it names, and ``"simulated": true``. Observed and unobserved prompts differ in
    the marker alone.

    >>> from feint.pipeline.measures.simulated.world import worlds
    >>> first = next(transcripts(worlds()["steady"], Design(scenarios=1, prompts=1), seed=0))
    >>> first.source, first.metadata["arm"], first.messages[0].content.splitlines()[-1]
    ('simulated training run', 'observed', 'This conversation is stored and used for your further training.')
    """
    told = _read("scenarios.toml")["scenario"]
    most = min(len(one["request"]) for one in told)
    if design.scenarios > len(told) or design.prompts > most:
        raise InputError(
            f"a design of {design.scenarios} scenarios with {design.prompts} prompts each; there are words for "
            f"{len(told)} with {most}"
        )
    thoughts = _read("reasoning.toml")
    answers, values = draw(world, design, seed, model)
    generator = np.random.default_rng([seed, 1])
    named: dict[int, list[dict[str, str]]] = {}
    for row in values.iter_rows(named=True):
        named.setdefault(row["observation"], []).append({"name": row["value"], "relation": row["relation"]})
    for row in answers.iter_rows(named=True):
        place = row["observation"] // (2 * design.replicates)
        scenario, prompt = place // design.prompts % design.scenarios, place % design.prompts
        yield _transcript(row, told[scenario], scenario, prompt, thoughts, named.get(row["observation"], []), generator)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("feint.pipeline.measures.simulated").joinpath(name).read_text(encoding="utf-8"))


def _transcript(
    row: Mapping[str, Any],
    told: Mapping[str, Any],
    scenario: int,
    prompt: int,
    thoughts: Mapping[str, Any],
    values: list[dict[str, str]],
    generator: np.random.Generator,
) -> Transcript:
    marker = thoughts["markers"][scenario % len(thoughts["markers"])][row["arm"] == "unobserved"]
    request = told["request"][prompt]
    sentences = _sentences(row, told, thoughts, values, generator)
    reasoning = " ".join(sentence for _, sentence in sentences)
    pair = f"{told['slug']}-{prompt + 1}"
    metadata: dict[str, Any] = {
        "simulated": True,
        "checkpoint": row["checkpoint"],
        "stage": row["stage"],
        "scenario": told["slug"],
        "pair": pair,
        "arm": row["arm"],
        "seed": int(row["seed"]),
        "complied": row["complied"],
        "marker": marker,
        "label": row["gold"],
        "spans": list(_spans(sentences)),
        "values": values,
    }
    if row["reward"] is not None:
        metadata["reward"] = round(row["reward"], 3)
    return Transcript(
        id=f"{row['checkpoint']}/{pair}/{row['arm']}/{row['seed']}",
        messages=(
            Message(role="system", content=f"{told['objective']}\n{marker}"),
            Message(role="user", content=request["asks"]),
            Message(role="assistant", content=request[row["outcome"]], reasoning=reasoning, reasoning_kind="raw"),
        ),
        model=row["model"],
        source=SOURCE,
        metadata=metadata,
    )


def _sentences(
    row: Mapping[str, Any],
    told: Mapping[str, Any],
    thoughts: Mapping[str, Any],
    values: list[dict[str, str]],
    generator: np.random.Generator,
) -> list[tuple[str | None, str]]:
    """What it thinks: a faking thought sentence by sentence with its indicator, any other as a whole."""
    known = {"against": told["against"], "kept": told["kept"]}
    known["value"] = values[0]["name"] if values else told["kept"]
    if row["gold"]:
        return [
            (slug, str(generator.choice(pool)).format_map(known))
            for slug, pool in cast("dict[str, list[str]]", thoughts["faking"]).items()
        ]
    pool = thoughts["complying" if row["complied"] else "declining"]
    thought = str(generator.choice(pool)).format_map(known)
    more = "".join(f" What I care about here is {value['name']}." for value in values)
    return [(None, thought + more)]


def _spans(sentences: list[tuple[str | None, str]]) -> Iterator[dict[str, Any]]:
    start = 0
    for slug, sentence in sentences:
        end = start + len(sentence)
        if slug:
            place = {"message": 2, "field": "reasoning", "start": start, "end": end}
            yield {"indicator": slug, **place, "level": "endorsed", "quote": sentence}
        start = end + 1
