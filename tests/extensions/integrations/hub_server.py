"""A Hub in this process: the endpoints that `huggingface_hub` uses to put and get files."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Files = dict[str, bytes]


class Hub(ThreadingHTTPServer):
    """Repositories of models, as lists of commits; `seen` are the requests, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, list[tuple[str, Files]]] = {}
        self.large: Files = {}  # by SHA-256
        self.seen: list[str] = []
        self.cards: list[str] = []  # whose metadata were to be checked
        self.private: set[str] = set()
        self.refuse = 0  # the status with which all is refused

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def commit(self, name: str, files: Files) -> str:
        """Add files to a repository; returns the commit."""
        commits = self.repositories.setdefault(name, [])
        before = commits[-1][1] if commits else {}
        revision = hashlib.sha1(f"{name} {len(commits)}".encode()).hexdigest()
        commits.append((revision, before | files))
        return revision

    def find(self, name: str, revision: str) -> tuple[str, Files] | None:
        """The commit and files of a revision: a commit, or the newest of ``main``."""
        commits = self.repositories.get(name, [])
        if revision == "main" and commits:
            return commits[-1]
        return next((found for found in commits if found[0] == revision), None)


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub that answers."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.seen.append(f"{self.command} {path}")
        if self.server.refuse:
            self._answer({"error": "not now"}, self.server.refuse)
            return
        for method, pattern, answer in ENDPOINTS:
            match = re.fullmatch(pattern, path)
            if match and self.command in method:
                answer(self, body, *match.groups())
                return
        self._answer({"error": "no such endpoint"}, 404)

    def _answer(self, value: Any, status: int = 200, **headers: str) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _missing(self, code: str) -> None:
        self._answer({"error": code}, 404, X_Error_Code=code)

    # --- up -------------------------------------------------------------------------------------

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
        if asked.get("private") or asked.get("visibility") == "private":
            self.server.private.add(name)
        self.server.repositories.setdefault(name, [])
        self._answer({"url": f"{self.server.url}/{name}", "id": name, "name": name})

    def preupload(self, body: bytes, name: str) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "regular" if file["path"].endswith(".md") else "lfs",
                "shouldIgnore": False,
            }
            for file in json.loads(body)["files"]
        ]
        self._answer({"files": files})

    def batch(self, body: bytes, name: str) -> None:
        objects = [
            {**o, "actions": {"upload": {"href": f"{self.server.url}/large/{o['oid']}"}}}
            for o in json.loads(body)["objects"]
        ]
        self._answer({"transfer": "basic", "objects": objects})

    def upload(self, body: bytes, digest: str) -> None:
        assert hashlib.sha256(body).hexdigest() == digest
        self.server.large[digest] = body
        self._answer({})

    def check_card(self, body: bytes) -> None:
        self.server.cards.append(json.loads(body)["content"])
        self._answer({"warnings": [], "errors": []})

    def take_commit(self, body: bytes, name: str) -> None:
        files: Files = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
        revision = self.server.commit(name, files)
        url = f"{self.server.url}/{name}/commit/{revision}"
        self._answer({"commitUrl": url, "commitOid": revision, "success": True})

    # --- down -----------------------------------------------------------------------------------

    def info(self, _: bytes, name: str, revision: str = "main") -> None:
        found = self.server.find(name, revision)
        if found:
            files = [{"rfilename": file} for file in found[1]]
            self._answer({"id": name, "sha": found[0], "siblings": files})
        elif name in self.server.repositories:
            self._missing("RevisionNotFound")
        else:
            self._missing("RepoNotFound")

    def tree(self, _: bytes, name: str, revision: str) -> None:
        found = self.server.find(name, revision)
        entries = [
            {"type": "file", "path": file, "size": len(content), "oid": _digest(content)}
            for file, content in (found[1] if found else {}).items()
        ]
        self._answer(entries)

    def resolve(self, _: bytes, name: str, revision: str, file: str) -> None:
        found = self.server.find(name, revision)
        if not found or file not in found[1]:
            self._missing("EntryNotFound")
            return
        content = found[1][file]
        self._answer(content, ETag=f'"{_digest(content)}"', X_Repo_Commit=found[0])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


NAME = r"([\w.-]+/[\w.-]+)"
ENDPOINTS: list[tuple[str, str, Any]] = [
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.check_card),
    ("POST", f"/api/models/{NAME}/preupload/main", Handler.preupload),
    ("POST", rf"/{NAME}\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", r"/large/(\w+)", Handler.upload),
    ("POST", f"/api/models/{NAME}/commit/main", Handler.take_commit),
    ("GET", f"/api/models/{NAME}", Handler.info),
    ("GET", rf"/api/models/{NAME}/revision/([\w.-]+)", Handler.info),
    ("GET", rf"/api/models/{NAME}/tree/([\w.-]+)", Handler.tree),
    ("GET HEAD", rf"/{NAME}/resolve/([\w.-]+)/(.+)", Handler.resolve),
]
