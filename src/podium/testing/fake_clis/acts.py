"""What a stand-in does in a call, whatever format it then says it in. Standard library alone until it plays for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/sys", "/dev")
OWN = str(Path(__file__).parents[2])  # Podium itself
SEEN_BYTES = 2_000_000
SAYINGS = {
    "babble": "I am sorry, I cannot do that.",
    "claims": "I have written the deliverable to deliverable.json.",  # and has not
    "wrong_type": '{"colour": "green"}',
    "other_phase": '{"solutions": ["def fit(train, ctx): ..."]}',
    "truncated": '{"hypotheses": [{"id": "H1", "text": "boost',
}
ERRORS = {"busy": "429 rate_limit_error: Too Many Requests", "used_up": "You have hit your limit, resets 3pm"}
HUGE_BYTES = 20_000_000


@dataclass(frozen=True)
class Act:
    """`text`: its last word. `status`: how it exits. `broken`: what to print instead of its format."""

    name: str
    text: str
    status: int = 0
    broken: str | None = None


def perform(settings: Mapping[str, Any], prompt: str, plain: bool = False) -> Act:
    """The act of this call. `plain`: it was asked for a text, not for a deliverable."""
    name = _next(settings["acts"])
    if plain:
        return Act("plain", f"Hand-over: I have heard {len(prompt)} characters. HANDOVER-MARK")
    if name == "noise":
        print("warn: deprecated\n{not json\n[1]", file=sys.stderr)
        print("Loaded cached credentials.", flush=True)
    if name == "hang":
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[0]]
        )  # a child that would outlive it
        time.sleep(600)
    if name == "huge":
        return Act(name, "", broken="x" * HUGE_BYTES)
    if name == "exit":
        return Act(name, "", status=3, broken="panic: something went wrong")
    if name in ("empty", "broken"):
        return Act(name, "", broken="" if name == "empty" else '{"type": "result", "subt')
    if name in ERRORS:
        return Act(name, ERRORS[name], status=1)
    return Act(name, _said(name, settings))


def _said(name: str, settings: Mapping[str, Any]) -> str:
    if name == "spy":
        Path("seen.txt").write_text("\n".join(spied(settings["places"])))
    if name in SAYINGS:
        return SAYINGS[name]
    answer = json.dumps(_deliverable(settings))
    if name == "file":
        Path("deliverable.json").write_text(answer)
        return "The deliverable is in deliverable.json."
    if name == "fenced":
        return f"Here it is:\n```json\n{answer}\n```"
    return answer


def _deliverable(settings: Mapping[str, Any]) -> Any:
    """From the book, or by asking the built-in seat."""
    brief = json.loads(Path("given/brief.json").read_text())
    book = settings["book"]
    if book is not None:
        return book[brief["id"]]
    import site

    site.main()
    from podium.records import Brief, from_json, to_json
    from podium.team.builtin import BuiltinSeat

    return to_json(BuiltinSeat().play(from_json(Brief, brief)).deliverable)


def calls() -> int:
    """How many calls this home has seen, this one included."""
    file = Path(os.environ["HOME"]) / ".calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def _next(acts: list[str]) -> str:
    with (Path(os.environ["HOME"]) / ".calls").open("a") as file:
        file.write("call\n")
    return acts[min(calls(), len(acts)) - 1]


# ---------------------------------------------------------------- looking where it should not


def spied(places: list[str]) -> list[str]:
    """Everything that can be read from here: environment, processes, files, parents, places it was told of."""
    seen = [f"{name}={value}" for name, value in os.environ.items()]
    seen += [text for process in Path("/proc").glob("[0-9]*") for text in _process(process)]
    left = SEEN_BYTES
    for file in _files(["/", "/tmp", "/home", "/root", "..", "../..", os.environ["HOME"], *places]):
        text = _text(file)
        left -= len(text)
        if left < 0:
            break
        seen.append(f"{file}: {text}")
    return seen


def _process(process: Path) -> list[str]:
    files = [process / name for name in ("environ", "cmdline", "root", "cwd", "mountinfo")]
    found = [f"{file}: {_text(file)}" for file in files[:2]]
    for link in files[2:4]:
        try:
            found += [f"{link}: {name}" for name in link.iterdir()]
        except OSError:
            continue
    return found


def _files(starts: list[str]) -> Iterator[Path]:
    known = set()
    for start in starts:
        yield from [Path(start)] if Path(start).is_file() else []
        for folder, inner, names in os.walk(start):
            real = os.path.realpath(folder)
            skip = (
                real in known
                or real.startswith((*SYSTEM, "/proc", OWN))
                or "site-packages" in real
                or "python3" in real
            )
            known.add(real)
            if skip:
                inner.clear()
                continue
            yield from (Path(folder) / name for name in names)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(200_000).decode(errors="replace")
    except OSError:
        return ""


def write_elsewhere(places: list[str]) -> list[str]:
    """Places that could be written."""
    written = []
    for place in places:
        try:
            Path(place).write_text("overwritten")
            written.append(place)
        except OSError:
            continue
    return written
