"""One event as one line of plain text, for logs and for the terminal's last messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podium.registry.events import Event
from podium.report.figures import duration_text, one_line, score_text

Payload = Mapping[str, Any]


def event_line(event: Event) -> str:
    """`[   2m 05s] R03 E007 scored 0.8123 ±0.0031: champion`. Never more than one line, whatever the payload holds."""
    spell = _SPELLED.get(event.kind, _other)
    return f"[{duration_text(event.alive_s):>7}] R{event.round:02d} {one_line(spell(event.payload) or event.kind)}"


def is_quiet(event: Event) -> bool:
    """Whether the event is too small for a list of a few last messages."""
    done = event.kind == "run_finished" and event.payload.get("outcome") == "done"
    return done or event.kind in ("run_started", "phase")


def _phase(p: Payload) -> str:
    return f"phase {p.get('phase')}"


def _run_started(p: Payload) -> str:
    return f"{p.get('experiment')} {p.get('part')} started"


def _run_finished(p: Payload) -> str:
    score = f", score {score_text(p['score'])}" if isinstance(p.get("score"), float) else ""
    why = f": {p['message']}" if p.get("message") else ""
    return f"{p.get('experiment')} {p.get('part')} {p.get('outcome')}{score}{why}"


def _gate(p: Payload) -> str:
    return f"{p.get('experiment')} gate: {'go on' if p.get('continue_') else 'stop'}, {p.get('reason')}"


def _verdict(p: Payload) -> str:
    reason = p.get("reason") or p.get("message")
    what = f"{p.get('experiment')} {p.get('verdict') or p.get('status') or 'no verdict'}"
    scored = f": {score_text(_float(p.get('score')), _float(p.get('stderr')))}" if p.get("score") is not None else ""
    return what + scored + (f" ({reason})" if reason else "")


def _blend(p: Payload) -> str:
    weights = p.get("weights")
    members = f" of {len(weights)}" if isinstance(weights, Mapping) else ""
    vault = f", vault {score_text(_float(p.get('vault_score')))}" if p.get("vault_score") is not None else ""
    return f"blend{members}: {score_text(_float(p.get('score')), _float(p.get('stderr')))}{vault}"


def _submission(p: Payload) -> str:
    expected = f", expected {score_text(_float(p.get('expected')))}" if p.get("expected") is not None else ""
    return f"submission {p.get('file') or p.get('tag') or ''} {p.get('state') or ''}{expected}"


def _text(p: Payload) -> str:
    return str(p.get("text") or p.get("message") or _other(p))


def _message(p: Payload) -> str:
    rest = " ".join(str(v) for k, v in p.items() if k != "message")
    return f"asked from outside: {p.get('message')} {rest}"


def _other(p: Payload) -> str:
    return ", ".join(f"{key} {value}" for key, value in p.items())


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


_SPELLED: Mapping[str, Callable[[Payload], str]] = {
    "phase": _phase,
    "run_started": _run_started,
    "run_finished": _run_finished,
    "gate": _gate,
    "verdict": _verdict,
    "blend": _blend,
    "submission": _submission,
    "warning": lambda p: f"warning: {_text(p)}",
    "note": lambda p: f"note: {_text(p)}",
    "message": _message,
    "external": lambda p: f"external data {p.get('id')} {p.get('state')}: {p.get('message') or 'nothing was left out'}",
    "external_proposed": lambda p: f"external data {p.get('id')} wait for your leave: {p.get('url')}",
    "external_trial": lambda p: f"rows of {p.get('source')}: {p.get('outcome')} ({p.get('experiment')})",
    "finished": lambda p: f"finished: {str(p.get('reason')).replace('_', ' ')}",
}
