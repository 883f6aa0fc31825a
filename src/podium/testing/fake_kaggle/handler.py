"""One request of the fake: authorization, the fault that it meets, the answer."""

from __future__ import annotations

import base64
import json
import socket
import struct
import zlib
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from podium.testing.fake_kaggle.faults import Fault
from podium.testing.fake_kaggle.state import Denied

if TYPE_CHECKING:
    from podium.testing.fake_kaggle.server import FakeKaggle

HANG_S = 60.0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any

    @property
    def fake(self) -> FakeKaggle:
        return self.server.fake  # type: ignore[no-any-return]

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header goes by the fake's clock."""
        return format_datetime(self.fake.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    # ------------------------------------------------------------ requests

    def do_POST(self) -> None:
        parts = self.path.strip("/").split("/")
        body = self._body()
        if parts[:1] == ["api"]:
            parts = parts[1:]
        if len(parts) != 3 or parts[0] != "v1":
            return self._say(404, {"code": 404, "message": "no such path"})
        call = parts[2]
        return self._under_fault(call, lambda: self._call(call, body))

    def do_PUT(self) -> None:
        parts = self.path.strip("/").split("/")
        body = self._body()

        def take() -> None:
            upload = self.fake.state.uploads.get(parts[-1]) if parts[0] == "upload" else None
            if upload is None:
                return self._say(404, {})
            if len(body) != upload.length:
                return self._say(400, {"code": 400, "message": "the length is not what was announced"})
            upload.data = body
            return self._say(200, {})

        self._under_fault("Upload", take)

    def do_GET(self) -> None:
        parts = [unquote(part) for part in self.path.split("?")[0].strip("/").split("/")]
        if parts[:1] != ["storage"]:
            return self._say(404, {"code": 404, "message": "no such path"})
        data = self._stored(parts[1:])
        if data is None:
            return self._say(404, {"code": 404, "message": "no such file"})
        return self._under_fault("Storage", lambda: self._send_file(data), file=data)

    # ------------------------------------------------------------ answers

    def _call(self, call: str, body: bytes) -> None:
        try:
            request = json.loads(body or b"{}")
            if call != "IntrospectToken":
                self._authorize()
            if call in ("DownloadDataFiles", "DownloadDataFile"):
                return self._redirect(self.fake.state.contest(request.get("competitionName"), entered=True).slug,
                                      request.get("fileName"))  # fmt: skip
            answer = self.fake.calls.get(call)
            if answer is None:
                raise Denied(404, f"unknown call {call}")
            return self._say(200, answer(self.fake, request))
        except Denied as no:
            self.fake.state.refused.append((call, no.message))
            return self._say(no.code, {"code": no.code, "message": no.message})

    def _authorize(self) -> None:
        given = self.headers.get("Authorization", "")
        basic = base64.b64encode(f"{self.fake.username}:{self.fake.key}".encode()).decode()
        if given not in (f"Bearer {self.fake.token}", f"Basic {basic}"):
            raise Denied(401, "Unauthenticated")

    def _redirect(self, slug: str, name: str | None) -> None:
        if name is not None and name not in self.fake.state.contests[slug].files:
            raise Denied(404, "File not found")
        self.send_response(302)
        where = f"file/{slug}/{name}" if name else f"all/{slug}/archive.zip"
        self.send_header("Location", f"{self.fake.url}/storage/{where}?signature=secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stored(self, parts: list[str]) -> bytes | None:
        if parts[:1] == ["all"] and parts[1] in self.fake.state.contests:
            return self.fake.archive(parts[1])
        if parts[:1] == ["file"] and parts[1] in self.fake.state.contests:
            return self.fake.state.contests[parts[1]].files.get("/".join(parts[2:]))
        kernel = self.fake.state.kernels.get("/".join(parts[1:3])) if parts[:1] == ["kernel"] else None
        return kernel.versions[int(parts[3]) - 1].files.get("/".join(parts[4:])) if kernel else None

    def _send_file(self, data: bytes, *, part: float = 1.0) -> None:
        """`part` < 1: the connection ends before the announced length is reached."""
        tag, first = f'"{zlib.crc32(data):x}"', 0
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and self.headers.get("If-Range") in (None, tag):
            first = int(asked[6:].split("-")[0])
        if first >= len(data) and first:
            return self._say(416, {})
        self.fake.served_from.append(first)
        rest = data[first:]
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", tag)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(rest[: int(len(rest) * part)])
        if part < 1:
            self.wfile.flush()
            self.close_connection = True
        return None

    def _say(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    # ------------------------------------------------------------ faults

    def _under_fault(self, call: str, answer: Any, file: bytes | None = None) -> None:
        self.fake.requests.append(call)
        self.fake.do_late()
        fault = self.fake.faults.take(call)
        if fault.kind == "ok":
            return answer()  # type: ignore[no-any-return]
        if fault.kind == "truncated":
            return self._send_file(file, part=0.5) if file is not None else self._reset()
        if fault.kind == "late":
            self._reset()
            return self.fake.later(lambda: self._unheard(answer))
        if fault.kind.endswith("_after"):
            self._unheard(answer)
        return self._fail(fault)

    def _unheard(self, answer: Any) -> None:
        """Do what was asked, and say nothing."""
        kept, self.wfile = self.wfile, _Nowhere()  # type: ignore[assignment]
        try:
            answer()
        finally:
            self.wfile = kept

    def _fail(self, fault: Fault) -> None:
        kind = fault.kind.removesuffix("_after")
        if kind == "reset":
            return self._reset()
        if kind == "timeout":
            self.fake.over.wait(HANG_S)
            return self._reset()
        if kind == "garbage":
            data = b"<html>the gateway is unwell</html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return None
        wait = fault.retry_after_s
        headers = {"Retry-After": str(wait)} if wait is not None and kind in ("429", "503") else {}
        return self._say(int(kind), {"code": int(kind), "message": "something went wrong"}, headers)

    def _reset(self) -> None:
        """An RST, not a FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._chunks()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found


class _Nowhere:
    """Where the answer of an accepted request goes when the client is not to hear of it."""

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""
