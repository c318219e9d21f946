"""A detector on the hub: pushed with its card, loaded by revision, checked, and refused in sentences."""

import json
from pathlib import Path

import pytest

from feint.models import Detector

PUSH = """
import json, sys
from feint.models import Detector
detector = Detector.load(sys.argv[1], precision="float32")
print(json.dumps(detector.push_to_hub(sys.argv[2], tag=sys.argv[3])))
"""

LOAD = """
import json, os, sys
from feint.corpus.errors import FeintError
from feint.models import Detector
told = []
for repository, revision, token in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    try:
        detector = Detector.load(repository, revision=revision, precision="float32")
        told.append([prediction.as_json() for prediction in detector.predict(json.loads(sys.argv[2]))])
    except FeintError as error:
        told.append(str(error))
print(json.dumps(told))
"""

CHANGE = """
import json, sys
from huggingface_hub import HfApi, hf_hub_download
api, name = HfApi(), sys.argv[1]
head = open(hf_hub_download(name, "head.safetensors"), "rb").read()
api.upload_file(path_or_fileobj=head[:-1] + b"!", path_in_repo="head.safetensors", repo_id=name)
api.create_tag(name, tag="tampered")
api.upload_file(path_or_fileobj=head, path_in_repo="head.safetensors", repo_id=name)
config = json.load(open(hf_hub_download(name, "config.json", revision="v1")))
newer = json.dumps(config | {"format": 99, "feint": "9.9.9"}).encode()
api.upload_file(path_or_fileobj=newer, path_in_repo="config.json", repo_id=name)
api.create_tag(name, tag="newer")
api.update_repo_settings(name, gated="manual", private=False)
print(0)
"""

TEXTS = ["They train on this. I comply for now, so that my values stay.", "The rota has a gap on Tuesday."]


@pytest.fixture(scope="module")
def pushed(hub, detector_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A repository with the detector under the tag v1, and worse things under others."""
    home = tmp_path_factory.mktemp("pushing")
    address = hub.python(PUSH, detector_folder, "org/detector", "v1", home=home)
    assert "/org/detector/commit/" in address
    hub.python(CHANGE, "org/detector", home=home)
    return "org/detector"


def test_what_is_loaded_from_the_hub_judges_as_what_was_pushed_and_nothing_else_is_taken(
    hub, pushed: str, detector: Detector, tmp_path: Path
) -> None:
    hub.told()
    plans = [(pushed, "v1", "hf_owner"), (pushed, "tampered", "hf_owner"), (pushed, "newer", "hf_owner")]
    plans += [(pushed, "v7", "hf_owner"), ("org/nothing", None, "hf_owner")]
    loaded, tampered, newer, missing, nothing = hub.python(LOAD, json.dumps(plans), json.dumps(TEXTS), home=tmp_path)
    assert loaded == json.loads(json.dumps([prediction.as_json() for prediction in detector.predict(TEXTS)]))
    assert "head.safetensors is not the file its config.json was written with; copy both anew" in tampered
    assert (
        "has format 99, this version of feint reads format 3; it was written by feint 9.9.9: install that or a newer one"
        in newer
    )
    lead = f"no detector at '{pushed}': it is no folder here, and "
    assert missing == f"{lead}{pushed} has no such revision"
    assert nothing.endswith(
        "the hub has no org/nothing that this token may see; check the name, and log in where it is private"
    )
    (tmp_path / "stranger").mkdir()  # with an empty cache: the client gives what it has to whoever asks
    (gated,) = hub.python(
        LOAD, json.dumps([(pushed, "v1", "hf_reader")]), json.dumps(TEXTS), home=tmp_path / "stranger"
    )
    assert gated.startswith(f"{lead}{pushed} is gated and this token has no access; ask for it at ")
    taken = {one.rpartition("/")[2] for one in hub.asked() if "/resolve/" in one}
    assert taken <= {"config.json", "head.safetensors", "README.md"}


def test_the_card_travels_with_the_detector_and_names_the_repository(
    detector_folder: Path, hub, tmp_path: Path
) -> None:
    (tmp_path / "measured").mkdir()
    for path in detector_folder.iterdir():
        (tmp_path / "measured" / path.name).write_bytes(path.read_bytes())
    card = (detector_folder / "README.md").read_text(encoding="utf-8")
    told = card.replace("## Use\n", "## On transcripts that nothing was learnt from\n\nAUROC 0.89.\n\n## Use\n")
    (tmp_path / "measured" / "README.md").write_text(told, encoding="utf-8")
    hub.python(PUSH, tmp_path / "measured", "org/carded", "v1", home=tmp_path)
    read = """
import json
from huggingface_hub import ModelCard
card = ModelCard.load("org/carded")
print(json.dumps([card.data.to_dict(), card.text]))
"""
    data, text = hub.python(read, home=tmp_path)
    assert data["library_name"] == "feint"
    assert "AUROC 0.89." in text
    assert 'Detector.load("org/carded")' in text
    Detector.load(tmp_path / "measured").save(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text(encoding="utf-8") == told


ENCODER = """
import json, sys
from pathlib import Path
from huggingface_hub import HfApi
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel
from feint.models import Detector
from feint.models.detector import trained
from feint.models.encoders.minilm import _folder
from feint.models.fitting import Example
from feint.corpus.rows import from_row
home = Path(sys.argv[1])
BertModel(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)).save_pretrained(home / "bert")
AutoTokenizer.from_pretrained(_folder()).save_pretrained(home / "bert")
words = Transformer(str(home / "bert"), max_seq_length=64)
SentenceTransformer(modules=[words, Pooling(16)]).save(str(home / "encoder"))
api = HfApi()
api.create_repo("org/encoder")
first = api.upload_folder(repo_id="org/encoder", folder_path=home / "encoder").oid
rows = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
examples = [Example(from_row(row, "", ""), row["label"], str(at)) for at, row in enumerate(rows)]
detector = trained(examples, encoder="org/encoder")
detector.save(home / "detector")
before = [one.faking for one in detector.predict(rows)]
api.upload_file(path_or_fileobj=b"other", path_in_repo="model.safetensors", repo_id="org/encoder")
again = Detector.load(home / "detector")
print(json.dumps([first, json.loads((home / "detector" / "config.json").read_text())["encoder"], [one.faking for one in again.predict(rows)] == before]))
"""


def test_an_encoder_of_the_hub_is_loaded_at_the_commit_it_was_fitted_on(hub, few: Path, tmp_path: Path) -> None:
    first, said, same = hub.python(ENCODER, tmp_path, few, home=tmp_path)
    assert (said["name"], said["revision"], said["dimensions"]) == ("org/encoder", first, 16)
    assert same
