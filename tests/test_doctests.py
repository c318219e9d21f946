"""Every worked example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import feint.annotation
import feint.corpus
import feint.models
import feint.pipeline


def _modules() -> list[str]:
    rooms = (feint.corpus, feint.annotation, feint.models, feint.pipeline)
    return [m.name for room in rooms for m in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]


@pytest.mark.parametrize("name", _modules())
def test_examples_of(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0
