"""A data-set hub for reading only, in memory: serves one repository to the real clients."""

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "1" * 40


class Hub(BaseHTTPRequestHandler):
    """Answers what `datasets.load_dataset` asks, for the files of one folder under one name and one revision."""

    folder: Path
    name = "org/name"
    revisions = ("main", "v1", COMMIT)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        about, tree, resolve = (
            f"/api/datasets/{self.name}",
            f"/api/datasets/{self.name}/tree/",
            f"/datasets/{self.name}/resolve/",
        )
        if path.startswith(tree):
            under = path.removeprefix(tree).partition("/")[2]
            self._json(self._children(under, deep="recursive=true" in self.path.lower()))
        elif path.startswith(resolve):
            self._file(*path.removeprefix(resolve).split("/", 1))
        elif path == about or path.startswith(f"{about}/revision/"):
            if path != about and path.rpartition("/")[2] not in self.revisions:
                return self._missing("RevisionNotFound")
            siblings = [{"rfilename": entry["path"]} for entry in self._entries()]
            self._json({"id": self.name, "sha": COMMIT, "private": False, "tags": [], "siblings": siblings})
        else:
            self._missing("RepoNotFound")
        return None

    def _children(self, under: str, *, deep: bool) -> list[dict[str, object]]:
        every = [e for e in self._entries() if not under or str(e["path"]).startswith(f"{under}/")]
        if deep:
            return every
        depth = len(Path(under).parts) + 1
        folders = {
            "/".join(Path(str(e["path"])).parts[:depth]) for e in every if len(Path(str(e["path"])).parts) > depth
        }
        files = [e for e in every if len(Path(str(e["path"])).parts) == depth]
        return [{"type": "directory", "path": path, "size": 0, "oid": COMMIT} for path in sorted(folders)] + files

    def _entries(self) -> list[dict[str, object]]:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [
            {"type": "file", "path": str(f.relative_to(self.folder)), "size": f.stat().st_size, "oid": _etag(f)}
            for f in files
        ]

    def _file(self, revision: str, name: str) -> None:
        path = self.folder / name
        if revision not in self.revisions or not path.is_file():
            return self._missing("EntryNotFound")
        content, total = path.read_bytes(), path.stat().st_size
        status, extra = 200, {}
        if (asked := self.headers.get("Range", "")).startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = (
                (int(first), min(int(last or total - 1), total - 1)) if first else (total - int(last), total - 1)
            )
            content, status, extra = content[start : end + 1], 206, {"Content-Range": f"bytes {start}-{end}/{total}"}
        self._send(
            status, content, {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes", **extra}
        )
        return None

    def _missing(self, code: str) -> None:
        self._send(404, b"{}", {"X-Error-Code": code})

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


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    Hub.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
