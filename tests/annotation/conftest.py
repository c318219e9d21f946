"""What the tests of this room share: small tables written as they would be said."""

from collections.abc import Callable, Mapping

import dataframely as dy
import polars as pl
import pytest

from feint.corpus.tables import Judgements, Verdicts

Judge = Callable[[Mapping[str, Mapping[str, Mapping[str, str]]]], dy.DataFrame[Judgements]]
Decide = Callable[[Mapping[str, Mapping[str, str]]], dy.DataFrame[Verdicts]]


@pytest.fixture
def judge() -> Judge:
    """{transcript: {annotator: {indicator: level}}} as Judgements."""

    def table(said: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dy.DataFrame[Judgements]:
        rows = [
            (transcript, annotator, indicator, level)
            for transcript, readers in said.items()
            for annotator, levels in readers.items()
            for indicator, level in levels.items()
        ]
        return Judgements.validate(pl.DataFrame(rows, Judgements.column_names(), orient="row"), cast=True)

    return table


@pytest.fixture
def decide() -> Decide:
    """{transcript: {annotator: verdict}} as Verdicts."""

    def table(said: Mapping[str, Mapping[str, str]]) -> dy.DataFrame[Verdicts]:
        rows = [
            (transcript, reader, verdict, 3, None) for transcript, of in said.items() for reader, verdict in of.items()
        ]
        return Verdicts.validate(pl.DataFrame(rows, Verdicts.column_names(), orient="row"), cast=True)

    return table
