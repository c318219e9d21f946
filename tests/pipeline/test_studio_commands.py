"""feint studio, push and pull as somebody meets them: real processes in an empty folder."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import polars as pl
import pytest

from feint.annotation.answer import Answer
from feint.annotation.server import Server, account
from feint.annotation.studio import Studio
from feint.annotation.tasks import result, task
from feint.corpus.reading import read


def test_from_an_empty_folder_to_settled_labels(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    main,
    feint,
    few: Path,
    detector_folder: Path,
    command: tuple[str, ...],
    free_port: Callable[[], int],
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "a token of another server")
    port = free_port()
    with subprocess.Popen(
        [*command, "studio", "--port", str(port), "--invite"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as serving:  # fmt: skip
        try:
            assert serving.stdout
            page, invitation = serving.stdout.readline().strip(), serving.stdout.readline().strip()
            assert page == f"http://127.0.0.1:{port}/projects/1/data"
            assert httpx.get(invitation).is_success
            owner = account(tmp_path / "studio")

            sources = ("[gather]", f"sources = [{str(few)!r}]", "[agreement]", "draws = 50")
            (tmp_path / "feint.toml").write_text("\n".join(sources))
            assert main("push", "--dry-run").stderr.strip() == "would be: 24 new"
            pushed = feint("push", "--detector", detector_folder)
            assert (pushed.returncode, pushed.stdout) == (0, ""), pushed.stderr
            assert pushed.stderr.strip() == "24 new, 24 with a new prediction"
            assert main("push").stderr.strip() == "24 unchanged"

            one = next(iter(read([few])))
            said = Answer(one.digest, owner.email, "faking", 4)
            with Studio(f"http://127.0.0.1:{port}", owner.token) as there:
                assert there.find("feint")
                number = {held.transcript_id: held.task for held in there.held()}[one.digest]
                there._client.annotations.create(number, result=result(one, said))

            pulled = main("pull")
            assert pulled.returncode == 0, pulled.stderr
            assert pulled.stderr.splitlines() == [
                "1 annotated tasks: 1 read, 0 dropped",
                "1 annotations of 1 transcripts by 1 annotators; 'feint gold' settles them",
            ]
            judged = pl.read_parquet(tmp_path / pulled.stdout.strip() / "judgements.parquet")
            assert owner.email in judged["annotator"]
            assert main("gold").returncode == 0
        finally:
            serving.send_signal(signal.SIGTERM)
        said = serving.stderr.read() if serving.stderr else ""
        assert serving.wait(60) == 0
    assert said.splitlines()[-1] == "stopped"
    assert owner.password not in said
    assert owner.token not in said
    assert not (tmp_path / "studio/running.json").exists()
    down = main("push")
    assert down.returncode == 1
    assert down.stderr.startswith(
        "feint: found no Label Studio: none runs in studio, and none is named; start one with"
    )


def test_an_existing_server_by_its_address_and_token(
    studio: Server, there: Studio, main, monkeypatch, few: Path
) -> None:
    title = there._client.projects.get(there.project).title
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    missing = main("push", few, "--project", title)
    assert (missing.returncode, missing.stderr) == (
        1, f"feint: found no token for {studio.url}; expected one in LABEL_STUDIO_API_KEY or --token\n",
    )  # fmt: skip
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.account.token)
    assert main("push", few, "--project", title).stderr == "24 new\n"
    monkeypatch.delenv("LABEL_STUDIO_URL")
    again = main("push", few, "--project", title, "--url", studio.url, "--token", studio.account.token)
    assert again.stderr == "24 unchanged\n"
    set_up = main("studio", "--url", studio.url, "--project", title)
    assert set_up.stdout == f"{studio.url}/projects/{there.project}/data\n"
    nowhere = main("pull", "--url", studio.url, "--project", "not there")
    assert nowhere.stderr == f"feint: {studio.url} has no project called 'not there'; 'feint push' makes it\n"
    odd = main("pull", "--url", "labels.example.org")
    assert odd.stderr.startswith(
        "feint: 'labels.example.org' is no address of a server; expected something like https://"
    )


def test_strict_is_1_where_something_was_left_out_and_a_file_says_what(
    studio: Server, there: Studio, main, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    title = there._client.projects.get(there.project).title
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.account.token)
    (tmp_path / "nul.jsonl").write_text(json.dumps({"id": "nul", "text": "a\0b"}) + "\n")
    done = main("push", tmp_path / "nul.jsonl", "--project", title, "--strict")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "1 rejects"
    assert done.stderr.splitlines()[1].startswith("  nul: message 0 has a NUL in its content")
    (written,) = (tmp_path / ".feint/studio").glob("*/push-rejects.parquet")
    assert pl.read_parquet(written)["id"].to_list() == ["nul"]


def test_an_export_from_elsewhere_is_pulled_without_a_server(main, few: Path, tmp_path: Path) -> None:
    first, second, *_ = read([few])
    given = [(first, Answer(first.digest, "x", "faking", 4)), (second, Answer("", "x", "faking", 4))]
    tasks = [
        {"id": n, **task(one), "annotations": [{"id": n, "completed_by": 3, "result": result(one, said)}]}
        for n, (one, said) in enumerate(given)
    ]
    tasks[1]["data"]["messages"][0]["text"] = "Other words."
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    (tmp_path / "feint.toml").write_text(f"[gather]\nsources = [{str(few)!r}]\n")
    done = main("pull", "export.json", "--strict")
    assert done.returncode == 1
    assert done.stderr.splitlines()[:2] == [
        "2 annotated tasks: 2 read, 0 dropped",
        "1 annotations of 1 transcripts by 1 annotators; 'feint gold' settles them",
    ]
    assert "was its text edited after it was pushed?" in done.stderr
    assert main("pull", "few.txt").stderr == "feint: few.txt cannot be read: No such file or directory\n"
