"""A loopback server that speaks OpenAI's chat protocol, as scripted: for tests of API seats, faults included.

`OpenAIServer(reply)` calls `reply(request)` for each chat completion and sends what it returns. `answering` makes a reply
from a JSON text, as the tool call or the content that the request asks for.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

BRIEF = re.compile(r"# Brief (R\d+_\w+):")


@dataclass(frozen=True)
class Answer:
    """What to send. `cut`: bytes of the body after which the connection is dropped; `wait_s`: before the first byte."""

    body: Mapping[str, Any] | str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    wait_s: float = 0.0


Reply = Callable[[Mapping[str, Any]], Answer]


class OpenAIServer:
    """`with OpenAIServer(reply) as server: ApiSeat(server.seat, desk)`. `requests` holds every request's JSON, in order,
    `headers` their headers."""

    def __init__(self, reply: Reply) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(asked)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                self._send(reply(asked))

            def _send(self, answer: Answer) -> None:
                time.sleep(answer.wait_s)
                body = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
                try:
                    self.send_response(answer.status)
                    for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body[: answer.cut])
                except OSError:  # the client has given up waiting
                    self.close_connection = True
                if answer.cut is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def seat(self) -> str:
        """The name of a seat played by this server."""
        return f"local:{self.url}#scripted"

    def __enter__(self) -> OpenAIServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def answering(
    asked: Mapping[str, Any], text: str, *, finish: str = "stop", tokens: tuple[int, int] | None = None
) -> Answer:
    """A completion whose content is `text`; usage as given, or as a fourth of the characters."""
    usage = tokens or (len(json.dumps(asked["messages"])) // 4, len(text) // 4)
    return Answer(completion({"role": "assistant", "content": text}, finish, usage))


def calling(asked: Mapping[str, Any], tool: str, arguments: Mapping[str, Any]) -> Answer:
    """A completion that calls a tool."""
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return Answer(completion(message, "tool_calls", (len(json.dumps(asked["messages"])) // 4, 20)))


def completion(message: Mapping[str, Any], finish: str, usage: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }


def brief_id(asked: Mapping[str, Any]) -> str:
    """The id of the brief that a request is about: the last one that its messages name; empty where there is none."""
    found = [match for message in asked["messages"] for match in BRIEF.findall(_content(message))]
    return found[-1] if found else ""


def last_said(asked: Mapping[str, Any]) -> str:
    """The content of the request's last message."""
    return _content(asked["messages"][-1])


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
