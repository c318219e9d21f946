"""An independent hub, olah, serves a release from a local git mirror, and what is downloaded is what was exported.

olah wants an older psutil than the tests do, so it lives in an environment of its own:
``python -m venv olah && olah/bin/pip install olah && FEINT_OLAH=olah/bin/olah-cli pytest tests/pipeline/test_olah.py``.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feint.pipeline.export import export
from feint.pipeline.release import manifest
from feint.pipeline.release.check import check

OLAH = os.environ.get("FEINT_OLAH", "")
pytestmark = pytest.mark.skipif(not OLAH, reason="FEINT_OLAH does not name an olah-cli; see the head of this file")

LOAD = """
import json, sys
from datasets import load_dataset
from feint.pipeline.release.shards import RowsDigest
found = {}
for config, splits in json.loads(sys.argv[1]).items():
    for split in splits:
        seen = RowsDigest()
        for row in load_dataset("org/mirrored", config, split=split, revision="v1"):
            seen.add(row)
        found.setdefault(config, {})[split] = seen.hex()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def release(project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("olah") / "release"
    export(*project, folder)
    return folder


@pytest.fixture(scope="module")
def mirror(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an olah that serves the release, as a git repository, under org/mirrored."""
    home = tmp_path_factory.mktemp("mirror")
    place = home / "mirrors" / "datasets" / "org" / "mirrored"
    shutil.copytree(release, place)
    who = ["-c", "user.name=feint", "-c", "user.email=feint@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "release"], ["tag", "v1"]):
        subprocess.run(["git", *words], cwd=place, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "olah.toml").write_text(
        f'[basic]\nhost = "127.0.0.1"\nport = {port}\nrepos-path = "{home / "repos"}"\n'
        f'mirrors-path = ["{home / "mirrors"}"]\n[accessibility]\noffline = true\n'
    )
    command = [OLAH, "-c", "olah.toml", "--host", "127.0.0.1", "--port", str(port), "--log-path", str(home / "logs")]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        for _ in range(240):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def test_what_another_hub_hands_out_is_what_was_exported(mirror: str, release: Path, tmp_path: Path) -> None:
    said = manifest.read(release)
    environment = os.environ | {
        "HF_ENDPOINT": mirror, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0",
    }  # fmt: skip
    parts = json.dumps({name: list(splits) for name, splits in said.rows.items()})
    done = subprocess.run(
        [sys.executable, "-c", LOAD, parts], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == said.row_digests
    hf = Path(sys.executable).with_name("hf")
    down = [hf, "download", "org/mirrored", "--repo-type", "dataset", "--revision", "v1", "--local-dir", "down"]
    subprocess.run(down, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert check(tmp_path / "down") == []
