"""The annotation server: the real Label Studio, started by us."""

import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from feint.annotation import label_studio, server
from feint.annotation.server import Server
from feint.corpus.errors import StudioError


def test_it_answers_to_its_token_on_the_loopback_only(studio: Server) -> None:
    asked = httpx.get(
        f"{studio.url}/api/current-user/whoami", headers={"Authorization": f"Token {studio.account.token}"}
    )
    assert asked.json()["email"] == studio.account.email
    assert httpx.get(f"{studio.url}/api/version").json()["release"] == label_studio.VERSION
    port = int(studio.url.rsplit(":", 1)[1])
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, family=socket.AF_INET)}
    for address in others - {"127.0.0.1", "127.0.1.1"}:
        with socket.socket() as asking:
            assert asking.connect_ex((address, port)) != 0


def test_nobody_signs_up_without_an_invitation(studio: Server) -> None:
    page = httpx.get(f"{studio.url}/user/signup/")
    sent = httpx.post(
        f"{studio.url}/user/signup/",
        data={"email": "eve@example.org", "password": "correct horse", "csrfmiddlewaretoken": page.cookies["csrftoken"]},
        cookies=page.cookies, headers={"Referer": studio.url},
    )  # fmt: skip
    assert sent.status_code == 403


def test_its_secrets_are_for_the_owner_only_and_in_no_log(studio: Server) -> None:
    secret = {studio.account.password, studio.account.token}
    assert not any(words in repr(studio) for words in secret)
    kept = json.loads((studio.folder / "account.json").read_text())
    assert {kept["password"], kept["token"]} == secret
    for name in ("account.json", "server.log", label_studio.DATABASE, ".env"):
        assert stat.S_IMODE((studio.folder / name).stat().st_mode) == 0o600
    assert not any(words in (studio.folder / "server.log").read_text() for words in secret)
    process = Path(f"/proc/{studio.process.pid}/cmdline")
    if process.exists():
        assert not any(words in process.read_text() for words in secret)


def test_a_taken_port_is_refused_and_its_holder_named(studio: Server, tmp_path: Path) -> None:
    port = int(studio.url.rsplit(":", 1)[1])
    with pytest.raises(StudioError, match=f"port {port} is taken by a Label Studio; .* --port, or use it with --url"):
        server.start(tmp_path / "other", port)
    with socket.socket() as held:
        held.bind((server.LOOPBACK, 0))
        held.listen(0)
        with pytest.raises(StudioError, match="is taken by another program"):
            server.start(tmp_path / "other", held.getsockname()[1])
    assert not (tmp_path / "other").exists()


def test_two_servers_never_share_a_folder(studio: Server, free_port: Callable[[], int]) -> None:
    with pytest.raises(StudioError, match="is in use by another"):
        server.start(studio.folder, free_port())


def test_an_account_survives_and_a_broken_one_is_named(tmp_path: Path) -> None:
    made = server.account(tmp_path)
    assert server.account(tmp_path) == made
    (tmp_path / "account.json").write_text("{}")
    with pytest.raises(StudioError, match="holds no account"):
        server.account(tmp_path)


def test_what_a_shell_has_set_does_not_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "PASSWORD", "DEBUG"):
        monkeypatch.setenv(name, "1")
    around = label_studio.environment(LABEL_STUDIO_HOST="")
    assert not {"HOST", "PORT", "PASSWORD", "DEBUG"} & around.keys()
    assert around["PATH"] == os.environ["PATH"]


def test_a_failed_installation_says_its_last_words_and_is_not_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEINT_CACHE", str(tmp_path))
    monkeypatch.setattr(label_studio, "VERSION", "0.0.0.1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(StudioError, match=r"cannot set up Label Studio 0\.0\.0\.1: .*ERROR: No matching distribution"):
        label_studio.installed()
    assert not (label_studio.home() / "installed").exists()
