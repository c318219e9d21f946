"""The configuration: every word in it is known, and every unknown one is answered with the nearest."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from feint.corpus.errors import ConfigError
from feint.pipeline import config
from feint.pipeline.config import Config


@pytest.fixture
def own(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "mine.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_the_defaults_name_every_setting_and_no_other() -> None:
    given = tomllib.loads(files("feint.pipeline").joinpath("default.toml").read_text(encoding="utf-8"))
    assert list(given) == list(Config.model_fields)
    for name, field in Config.model_fields.items():
        table = field.annotation
        assert isinstance(table, type)
        assert issubclass(table, BaseModel)
        assert list(given[name]) == list(table.model_fields), name


def test_what_is_not_said_keeps_its_default(own) -> None:
    settings = config.load(own("[split]\nseed = 7\n"))
    assert settings.split.seed == 7
    assert settings.model_copy(update={"split": config.load(own("")).split}) == config.load(own(""))


def test_the_file_of_the_folder_is_found_and_one_that_is_named_goes_before_it(
    own, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load().split.seed == 0
    (tmp_path / "feint.toml").write_text("[split]\nseed = 1\n", encoding="utf-8")
    assert config.load().split.seed == 1
    assert config.load(own("[split]\nseed = 2\n")).split.seed == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[trian]\nfolds = 3\n", "no setting called 'trian'; did you mean 'train'?"),
        ("[train]\nfold = 3\n", "no setting called 'train.fold'; did you mean 'folds'?"),
        ("[xyzzy]\n", "no setting called 'xyzzy'; there are: store, gather, split, "),
        ("train = 3\n", "'train' is a table, found 3; write [train] and its settings below"),
        ("[train.folds]\nmany = 3\n", "train.folds is {'many': 3}; Input should be a valid integer"),
        ("[train]\nfolds = 'many'\n", "train.folds is 'many'; Input should be a valid integer"),
        ("[train]\nfolds = 1\n", "train.folds is 1; Input should be greater than or equal to 2"),
        ("[train]\nprecision = 'float64'\n", "train.precision is 'float64'; Input should be 'float32' or 'bfloat16'"),
        ("[gather]\nsources = 'logs'\n", "gather.sources is 'logs'; Input should be a valid tuple"),
        ("[gather]\nsources = []\n", "gather.sources is []; Tuple should have at least 1 item"),
        ("[store]\npath = 3\n", "store.path is 3; Input is not a valid path"),
        ("[gold]\nmethod = 'vote'\n", "gold.method is 'vote'; Input should be 'majority' or 'dawid_skene'"),
        ("[split]\ntrain = 0.9\n", "the shares add up to 1.25; expected 1"),
        ("[split\n", "is not TOML: Expected ']'"),
        (b"\xff\xfe", "is not TOML: 'utf-8' codec can't decode"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_was_found(own, content: str | bytes, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.load(own(content))
    assert re.search(re.escape(sentence), str(error.value)), str(error.value)
    assert "mine.toml" in str(error.value)


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*gone\.toml: No such file or directory"):
        config.load(tmp_path / "gone.toml")
