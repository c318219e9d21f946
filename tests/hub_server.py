"""A Hugging Face hub in memory, for the real clients: repositories, commits, tags, large files, access.

``python hub_server.py [FOLDER]`` prints its address and serves FOLDER, if given, as the public data set org/name with a
tag v1. Tokens: ``hf_owner`` may write to org, ``hf_reader`` is somebody else's, any other is none. Under ``/_test`` a test
sees what was asked for, and makes the next uploads break off.
"""

import base64
import hashlib
import json
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import RLock
from urllib.parse import parse_qs, unquote

USERS = {"hf_owner": ("owner", ["org"]), "hf_reader": ("reader", [])}
LARGE = (".parquet", ".safetensors", ".png", ".bin")
"""Files that go to large-file storage, as the hub's .gitattributes say."""


@dataclass
class File:
    """A file of a commit."""

    content: bytes
    large: bool

    @property
    def blob(self) -> str:
        """Git's name of it."""
        head = f"blob {len(self.content)}\0".encode()
        return hashlib.sha1(head + self.content, usedforsecurity=False).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.blob

    def entry(self, path: str) -> dict[str, object]:
        """As in a listing."""
        found: dict[str, object] = {"type": "file", "path": path, "size": len(self.content), "oid": self.blob}
        large = {"oid": self.sha256, "size": len(self.content), "pointerSize": 130}
        return found | ({"lfs": large} if self.large else {})


@dataclass
class Repository:
    """Commits by sha, each with all its files; the newest is main."""

    private: bool = True
    gated: object = False
    commits: dict[str, dict[str, File]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, File], message: str) -> str:
        told = json.dumps([[path, one.etag] for path, one in sorted(files.items())] + [message, len(self.commits)])
        sha = hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = files
        self.messages[sha] = message
        return sha

    @property
    def head(self) -> str:
        return next(reversed(self.commits))

    def resolved(self, revision: str) -> str | None:
        """The commit of a branch, tag or commit."""
        if revision in ("main", "refs/heads/main"):
            return self.head
        return self.tags.get(revision) or (revision if revision in self.commits else None)


class Hub:
    """Everything there is."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.breaks = 0
        """Breaks off the upload of the n-th large file from now on; 0 for none."""
        self.intrudes = False
        """Whether somebody else commits while the next upload is on its way."""
        self.lock = RLock()


class Refused(Exception):
    """An answer other than what was asked for."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    """Routes on the raw path, in which a revision such as refs/pr/1 is one part."""

    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD  # noqa: N815

    def _answer(self) -> None:
        raw, _, query = self.path.partition("?")
        parts = [unquote(part) for part in raw.strip("/").split("/")]
        body = self._body()
        with self.hub.lock:
            if parts[0] != "_test":
                self.hub.asked.append(f"{self.command} {raw}")
            try:
                self._route(parts, parse_qs(query), body)
            except Refused as refused:
                headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.message}
                self._send(
                    refused.status,
                    json.dumps({"error": refused.message}).encode(),
                    {k: v for k, v in headers.items() if v},
                )

    def _route(self, parts: list[str], query: dict[str, list[str]], body: bytes) -> None:
        match self.command, parts:
            case "GET", ["_test"]:
                self._json(self.hub.asked)
            case "POST", ["_test"]:
                self.hub.asked.clear()
                told = json.loads(body)
                self.hub.breaks, self.hub.intrudes = told.get("breaks", 0), bool(told.get("intrudes"))
                self._json({})
            case "GET", ["api", "whoami-v2"]:
                user, organisations = self._user(needed=True)
                self._json({"type": "user", "name": user, "orgs": [{"name": name} for name in organisations]})
            case "POST", ["api", "validate-yaml"]:
                self._json({"errors": [], "warnings": []})
            case "POST", ["api", "repos", "create"]:
                self._create(json.loads(body))
            case "PUT", ["_large", oid]:
                self._large(oid, body)
            case _, ["api", ("datasets" | "models") as kind, owner, name, *rest]:
                self._api(kind, f"{owner}/{name}", rest, query, body)
            case "POST", [*kind, owner, name, "info", "lfs", "objects", "batch"] if name.endswith(".git"):
                self._repository(kind[0] if kind else "models", f"{owner}/{name.removesuffix('.git')}", write=True)
                self._json({"transfer": "basic", "objects": [self._wanted(one) for one in json.loads(body)["objects"]]})
            case _, ["datasets", owner, name, "resolve", revision, *path]:
                self._file("datasets", f"{owner}/{name}", revision, "/".join(path))
            case _, [owner, name, "resolve", revision, *path]:
                self._file("models", f"{owner}/{name}", revision, "/".join(path))
            case _:
                raise Refused(404, message=f"nothing at {self.path}")

    def _api(self, kind: str, name: str, rest: list[str], query: dict[str, list[str]], body: bytes) -> None:
        write = rest[:1] in (["commit"], ["tag"], ["preupload"], ["settings"])
        repository = self._repository(kind, name, write=write)
        match self.command, rest:
            case "GET", [] | ["revision", _]:
                sha = self._commit(repository, rest[1] if rest else "main")
                siblings = [{"rfilename": path} for path in repository.commits[sha]]
                told = {"id": name, "sha": sha, "private": repository.private, "gated": repository.gated, "tags": []}
                self._json(told | {"siblings": siblings})
            case "GET", ["tree", revision, *under]:
                deep = query.get("recursive", ["false"])[0].lower() == "true"
                self._json(_tree(repository.commits[self._commit(repository, revision)], "/".join(under), deep=deep))
            case "POST", ["paths-info", revision]:
                asked = parse_qs(body.decode()).get("paths") or json.loads(body or b"{}").get("paths", [])
                files = repository.commits[self._commit(repository, revision)]
                self._json([files[path].entry(path) for path in asked if path in files])
            case "GET", ["refs"]:
                tags = [{"name": t, "ref": f"refs/tags/{t}", "targetCommit": c} for t, c in repository.tags.items()]
                main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.head}
                self._json({"branches": [main], "converts": [], "tags": tags, "pullRequests": []})
            case "GET", ["commits", _]:
                self._json([
                    {"id": sha, "title": repository.messages[sha], "message": "", "authors": [], "date": "2026-01-01T00:00:00.000Z"}
                    for sha in reversed(repository.commits)
                ])  # fmt: skip
            case "POST", ["preupload", revision]:
                files = repository.commits[self._commit(repository, revision)]
                self._json({"files": [_mode(one["path"], files) for one in json.loads(body)["files"]]})
                if self.hub.intrudes:
                    repository.commit(files | {"NOTES.md": File(b"mine", large=False)}, "somebody else's")
            case "POST", ["commit", _]:
                self._json(self._committed(repository, kind, name, body))
            case "POST", ["tag", revision]:
                tag = json.loads(body)["tag"]
                if tag in repository.tags:
                    raise Refused(409, message=f"Tag reference exists already: {tag}")
                repository.tags[tag] = self._commit(repository, revision)
                self._json({})
            case "PUT", ["settings"]:
                asked = json.loads(body)
                repository.gated = asked.get("gated", repository.gated)
                if "visibility" in asked or "private" in asked:
                    repository.private = _private(asked)
                self._json({})
            case _:
                raise Refused(404, message=f"nothing at {self.path}")

    def _user(self, *, needed: bool = False) -> tuple[str, list[str]]:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in USERS:
            return USERS[token]
        if needed or token:
            raise Refused(401, message="Invalid username or password.")
        return "", []

    def _repository(self, kind: str, name: str, *, write: bool = False) -> Repository:
        user, organisations = self._user()
        repository = self.hub.repositories.get((kind, name))
        owned = name.partition("/")[0] in {user, *organisations}
        if repository is None or (repository.private and not owned):
            raise Refused(404 if user else 401, "RepoNotFound", "Repository not found")
        if write and not owned:
            raise Refused(403, message=f"Forbidden: you don't have the rights to write to {name}")
        return repository

    def _commit(self, repository: Repository, revision: str) -> str:
        if (sha := repository.resolved(revision)) is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha

    def _create(self, asked: dict[str, object]) -> None:
        user, organisations = self._user(needed=True)
        owner = asked.get("organization") or user
        name, kind = f"{owner}/{asked['name']}", f"{asked.get('type') or 'model'}s"
        if owner not in {user, *organisations}:
            raise Refused(
                403, message=f"You don't have the rights to create a {kind[:-1]} under the namespace {owner!r}"
            )
        if (kind, name) in self.hub.repositories:
            raise Refused(409, message=f"You already created this {kind[:-1]} repo")
        self.hub.repositories[kind, name] = Repository(private=_private(asked))
        self.hub.repositories[kind, name].commit(
            {".gitattributes": File(b"*.parquet filter=lfs\n", large=False)}, "initial commit"
        )
        self._json({"url": f"{self._address}/{'datasets/' if kind == 'datasets' else ''}{name}", "name": name})

    def _wanted(self, one: dict[str, object]) -> dict[str, object]:
        """Where to put a large file; nowhere if it is there already."""
        if str(one["oid"]) in self.hub.large:
            return one
        return one | {"actions": {"upload": {"href": f"{self._address}/_large/{one['oid']}"}}}

    def _large(self, oid: str, body: bytes) -> None:
        if self.hub.breaks:
            self.hub.breaks -= 1
            if not self.hub.breaks:
                raise Refused(400, message="the line broke")
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refused(400, message="not what it says it is")
        self.hub.large[oid] = body
        self._json({})

    def _committed(self, repository: Repository, kind: str, name: str, body: bytes) -> dict[str, object]:
        lines = [json.loads(line) for line in body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit") not in (None, repository.head):
            raise Refused(412, message="A commit has happened since. Please refresh and try again.")
        files = dict(repository.commits[repository.head])
        for line in lines:
            value = line["value"]
            match line["key"]:
                case "file":
                    files[value["path"]] = File(base64.b64decode(value["content"]), large=False)
                case "lfsFile":
                    files[value["path"]] = File(self.hub.large[value["oid"]], large=True)
                case "deletedFile":
                    del files[value["path"]]
        sha = repository.commit(files, header["summary"])
        place = f"{self._address}/{'datasets/' if kind == 'datasets' else ''}{name}/commit/{sha}"
        return {"success": True, "commitOid": sha, "commitUrl": place, "hookOutput": ""}

    def _file(self, kind: str, name: str, revision: str, path: str) -> None:
        repository = self._repository(kind, name)
        user, organisations = self._user()
        if repository.gated and name.partition("/")[0] not in {user, *organisations}:
            raise Refused(403 if user else 401, "GatedRepo", f"Access to {name} is restricted")
        sha = self._commit(repository, revision)
        if path not in repository.commits[sha]:
            raise Refused(404, "EntryNotFound", f"{path} does not exist")
        file = repository.commits[sha][path]
        content, total, status = file.content, len(file.content), 200
        headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        if (asked := self.headers.get("Range", "")).startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else total - int(last)
            end = min(int(last or total - 1), total - 1) if first else total - 1
            content, status = content[start : end + 1], 206
            headers["Content-Range"] = f"bytes {start}-{end}/{total}"
        self._send(status, content, headers)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    @property
    def _address(self) -> str:
        return f"http://{self.headers['Host']}"

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, _format: str, *args: object) -> None:
        print(self.command, self.path, *args[1:], file=sys.stderr)


def _private(asked: dict[str, object]) -> bool:
    return asked["visibility"] == "private" if "visibility" in asked else bool(asked.get("private"))


def _mode(path: str, files: dict[str, File]) -> dict[str, object]:
    mode = "lfs" if path.endswith(LARGE) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": files[path].etag if path in files else None}


def _tree(files: dict[str, File], under: str, *, deep: bool) -> list[dict[str, object]]:
    every = {path: one for path, one in files.items() if not under or path.startswith(f"{under}/")}
    if under and not every:
        raise Refused(404, "EntryNotFound", f"{under} does not exist")
    if deep:
        return [one.entry(path) for path, one in every.items()]
    depth = len(Path(under).parts) + 1
    folders = {"/".join(Path(path).parts[:depth]) for path in every if len(Path(path).parts) > depth}
    shown = [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in sorted(folders)]
    return [*shown, *(one.entry(path) for path, one in every.items() if len(Path(path).parts) == depth)]


def main(arguments: list[str]) -> None:
    Handler.hub = Hub()
    if arguments:
        folder = Path(arguments[0])
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        served = Repository(private=False)
        told = {path.relative_to(folder).as_posix(): File(path.read_bytes(), path.suffix in LARGE) for path in files}
        served.tags["v1"] = served.commit(told, "first")
        Handler.hub.repositories["datasets", "org/name"] = served
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
