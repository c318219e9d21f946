"""Publishing: a checked folder becomes one commit with a tag, over real HTTP, and comes back row by row."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feint.pipeline.export import export
from feint.pipeline.release import manifest

PUBLISH = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
from feint.corpus.errors import InputError
from feint.pipeline.publish import publish
told = []
for folder, options in json.loads(sys.argv[1]):
    os.environ.pop("HF_TOKEN", None)
    if token := options.pop("token", "hf_owner"):
        os.environ["HF_TOKEN"] = token
    try:
        told.append(asdict(publish(Path(folder), **options)))
    except InputError as error:
        told.append(str(error))
print(json.dumps(told))
"""

LOAD = """
import json, sys
from datasets import load_dataset
from feint.pipeline.release.shards import RowsDigest
def digests(streaming):
    found = {}
    for config, splits in json.loads(sys.argv[3]).items():
        for split in splits:
            seen = RowsDigest()
            for row in load_dataset(sys.argv[1], config, split=split, revision=sys.argv[2], streaming=streaming):
                seen.add(row)
            found.setdefault(config, {})[split] = seen.hex()
    return found
print(json.dumps([digests(False), digests(True)]))
"""


@pytest.fixture(scope="module")
def release(project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish") / "release"
    export(*project, folder)
    return folder


@pytest.fixture
def publish(hub, tmp_path: Path):
    """Publishes folders, one after the other; what each came to, or the sentence that says why not."""

    def run(*plans: tuple[Path, dict[str, Any]]) -> Any:
        given = json.dumps([(str(folder), options) for folder, options in plans])
        return hub.python(PUBLISH, given, home=tmp_path)

    return run


def writes(asked: list[str]) -> list[str]:
    """Requests that change something."""
    reads = ("/preupload/", "/objects/batch", "/validate-yaml")
    return [
        one for one in asked if one.startswith(("POST", "PUT", "DELETE")) and not any(name in one for name in reads)
    ]


def test_what_is_published_under_a_tag_is_what_was_exported(hub, publish, release: Path, tmp_path: Path) -> None:
    said = manifest.read(release)
    hub.told()
    plan = {"repository": "org/round-trip", "tag": "v1.0.0"}
    dry, first, again = publish((release, plan | {"dry_run": True}), (release, plan), (release, plan))
    assert sorted(dry["uploaded"]) == sorted([*said.files, manifest.NAME])
    assert (first["made"], first["visibility"], first["tagged"]) == (True, "private", True)
    assert (again["uploaded"], again["deleted"], again["tagged"]) == ([], [], False)
    assert again["commit"] == first["commit"]
    done = writes(hub.asked())
    assert [one for one in done if "/_large/" not in one] == [
        "POST /api/repos/create",
        "POST /api/datasets/org/round-trip/commit/main",
        f"POST /api/datasets/org/round-trip/tag/{first['commit']}",
    ]
    loaded, streamed = hub.python(
        LOAD, "org/round-trip", "v1.0.0", json.dumps({name: list(of) for name, of in said.rows.items()}), home=tmp_path
    )
    assert loaded == streamed == said.row_digests


def test_the_hubs_own_command_brings_back_a_folder_whose_check_finds_nothing(
    hub, publish, release: Path, feint, tmp_path: Path
) -> None:
    publish((release, {"repository": "org/downloaded"}))
    tag = manifest.read(release).tag
    hf = Path(sys.executable).with_name("hf")
    down = [hf, "download", "org/downloaded", "--repo-type", "dataset", "--revision", tag, "--local-dir", "down"]
    done = subprocess.run(
        down, cwd=tmp_path, env=hub.environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    checked = feint("export", "--check", "down")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert checked.stderr == "down: nothing is wrong with it\n"
    with (tmp_path / "down" / "codebook.md").open("a") as file:
        file.write("More.")
    (refused,) = publish((tmp_path / "down", {"repository": "org/tampered"}))
    assert "is not fit to publish: codebook.md is not the file that was written" in refused


def test_a_changed_release_is_one_commit_more_and_takes_old_files_away(
    hub, publish, project, release: Path, tmp_path: Path
) -> None:
    settings, store = project
    changed = settings.model_copy(update={"export": settings.export.model_copy(update={"redact": False})})
    export(changed, store, tmp_path / "changed")
    first, clash, second = publish(
        (release, {"repository": "org/growing", "tag": "v1"}),
        (tmp_path / "changed", {"repository": "org/growing", "tag": "v1"}),
        (tmp_path / "changed", {"repository": "org/growing", "tag": "v2", "message": "Without redaction"}),
    )
    assert clash == "org/growing has a tag v1 with other files; tags are never overwritten, name another with --tag"
    assert second["deleted"] == ["redactions.jsonl"]
    assert {"README.md", "feint.json"} < set(second["uploaded"])
    assert not any(path.startswith(("gold/", "spans/")) for path in second["uploaded"])
    assert second["commit"] != first["commit"]


def test_an_upload_that_breaks_off_goes_on_where_it_stopped(hub, publish, project, tmp_path: Path) -> None:
    settings, store = project
    named = settings.export.model_copy(update={"names": ("rota",), "title": "Broken off"})
    export(settings.model_copy(update={"export": named}), store, tmp_path / "release")
    hub.told(breaks=2)
    (broken,) = publish((tmp_path / "release", {"repository": "org/broken"}))
    assert "the line broke" in broken
    assert not any("/commit/" in one for one in hub.asked())
    went_through, *_ = [one for one in hub.asked() if "/_large/" in one]
    hub.told()
    (done,) = publish((tmp_path / "release", {"repository": "org/broken"}))
    resent = [one for one in hub.asked() if "/_large/" in one]
    assert done["tagged"]
    assert resent
    assert went_through not in resent


def test_whoever_committed_meanwhile_is_not_overwritten(hub, publish, release: Path) -> None:
    hub.told(intrudes=1)
    (stale,) = publish((release, {"repository": "org/stale"}))
    hub.told()
    assert stale.startswith("somebody committed to org/stale meanwhile (A commit has happened since.")


REFUSED = [
    ({"token": None}, "no Hugging Face token here; log in with 'hf auth login' or set HF_TOKEN"),
    ({"token": "hf_wrong"}, "the hub does not take this token (Invalid username or password)"),
    (
        {"token": "hf_reader", "dry_run": True},
        "the hub has no org/a that reader may see, and reader is not of org to make it",
    ),
    (
        {"token": None, "repository": "org/a b", "dry_run": True},
        "'org/a b' is no repository; expected ORG/NAME",
    ),
    ({"repository": "a"}, "'a' is no repository; expected ORG/NAME"),
    ({"tag": "my tag"}, "'my tag' is no tag; expected letters"),
]


def test_what_stands_against_it_is_a_sentence(publish, release: Path) -> None:
    refused = publish(*((release, {"repository": "org/a"} | options) for options, _ in REFUSED))
    for said, (_, sentence) in zip(refused, REFUSED, strict=True):
        assert sentence in said


def test_without_a_network_there_is_a_sentence_and_exit_code_1(hub, feint, release: Path, tmp_path: Path) -> None:
    environment = hub.environment(tmp_path) | {"HF_ENDPOINT": "http://127.0.0.1:9"}
    done = feint("publish", release, "org/a", env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "feint: the hub cannot be reached for org/a: [Errno 111] Connection refused; look after the network and try again\n"
    )


def test_a_dry_run_needs_no_token_and_says_what_it_could_not_see(
    hub, publish, feint, release: Path, tmp_path: Path
) -> None:
    public = {"repository": "org/seen", "public": True}
    publish((release, public), (release, {"repository": "org/hidden"}))
    hub.told()
    seen, hidden = publish(
        (release, public | {"token": None, "dry_run": True}),
        (release, {"repository": "org/hidden", "token": None, "dry_run": True}),
    )
    assert writes(hub.asked()) == []
    assert (seen["uploaded"], seen["deleted"], seen["tagged"], seen["seen"]) == ([], [], False, True)
    assert (hidden["seen"], hidden["commit"]) == (False, None)
    assert sorted(hidden["uploaded"]) == sorted([*manifest.read(release).files, manifest.NAME])
    environment = hub.environment(tmp_path)
    environment.pop("HF_TOKEN", None)
    done = feint("publish", release, "org/hidden", "--dry-run", env=environment)
    assert done.returncode == 0
    assert "nothing was changed; the hub shows no public org/hidden, and whether there is a private one" in done.stderr


def test_the_public_is_let_in_only_when_asked_and_gated_ones_ask_first(
    hub, publish, release: Path, tmp_path: Path
) -> None:
    made, refused, foreign = publish(
        (release, {"repository": "org/open", "public": True, "gated": "manual"}),
        (release, {"repository": "org/open", "tag": "v2"}),
        (release, {"repository": "org/open", "tag": "v2", "public": True, "token": "hf_reader"}),
    )
    assert foreign.startswith("this token may not write to org/open (Forbidden: you don't have the rights")
    assert made["visibility"] == "public"
    assert refused == "org/open is public already; say --public to publish there, or name another repository"
    read = """
import json
from huggingface_hub import HfApi
from datasets import load_dataset
from feint.models.hub import told
from feint.corpus.errors import InputError
info = HfApi().dataset_info("org/open")
try:
    with told("org/open", InputError):
        HfApi().hf_hub_download("org/open", "README.md", repo_type="dataset")
    said = "let in"
except InputError as error:
    said = str(error)
print(json.dumps([info.private, info.gated, said]))
"""
    assert hub.python(read, home=tmp_path, token="hf_reader") == [
        False,
        "manual",
        "org/open is gated and this token has no access; ask for it at https://huggingface.co/org/open",
    ]
