"""One frame of the terminal: header, experiments, blend, last messages. Colours are Okabe and Ito's, readable by the
colour-blind; every colour is doubled by a sign or a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from podium.records import worth
from podium.report.figures import duration_text, expected_text, metric_text, one_line, score_digits, score_text
from podium.report.seats import cost_text, fell_back_text
from podium.report.standing import state_text

BLUE, SKY, ORANGE, VERMILION, GREY = "#56b4e9", "#0072b2", "#e69f00", "#d55e00", "bright_black"
SIGNS = {"champion": ("★", "*"), "pooled": ("●", "+"), "invalid": ("✗", "x"), "killed": ("⊘", "k"),
         "failed": ("✗", "!"), "running": ("▶", ">"), "queued": ("·", "."), "done": ("○", "o")}  # fmt: skip
STYLES = {"champion": f"bold {ORANGE}", "pooled": BLUE, "invalid": VERMILION, "killed": GREY,
          "failed": VERMILION, "running": "bold", "queued": GREY, "done": ""}  # fmt: skip
LEAST_ROWS, MOST_ROWS, OTHER_LINES = 5, 24, 16
MOST_NOTICES = 3  # the report has them all


def frame(
    snapshot: dict[str, Any], messages: Sequence[str], width: int, height: int, *, unicode: bool = True
) -> RenderableType:
    """The whole picture, no wider than `width` and, from 24 lines up, no higher than `height`."""
    notices = snapshot["notices"][:MOST_NOTICES]
    rows = min(MOST_ROWS, max(LEAST_ROWS, height - OTHER_LINES - len(notices)))
    parts: list[RenderableType] = [_header(snapshot, width, unicode), _experiments(snapshot, rows, width, unicode)]
    parts.append(_standing(snapshot, width))
    parts += [
        Text(one_line(f"! {notice}", width), style=ORANGE, no_wrap=True, overflow="ellipsis") for notice in notices
    ]
    parts += [Text(one_line(message, width), style=GREY, no_wrap=True, overflow="ellipsis") for message in messages]
    return Group(*parts)


def _header(snapshot: dict[str, Any], width: int, unicode: bool) -> Panel:
    competition = snapshot["competition"]
    kind = one_line(competition["task_type"] or "", 40).replace("_", " ")
    about = f"  {kind}, {metric_text(competition['metric_title'], competition['metric_direction'])}"
    name = one_line(competition["competition"] or "campaign", max(12, width - 4 - len(about)))
    first = Text.assemble((name, "bold"), about)
    phase = f"round {snapshot['round']}, {snapshot['phase']}" if snapshot["phase"] else "not started"
    by = one_line(competition.get("surrogate") or "", 20).replace("_", " ")
    second = Text.assemble(
        (snapshot["state"], "bold" if snapshot["state"] == "running" else f"bold {ORANGE}"),
        f"  {phase}  sandbox: {snapshot['sandbox_level'] or 'not measured'}",
        f"  compared by {by}" if by else "",
    )
    title = "Podium" if unicode else None
    lines = Group(*(_cut(line) for line in (first, second)), _budget(snapshot, width - 4, unicode))
    return Panel(lines, title=title, title_align="left", box=box.ROUNDED if unicode else box.ASCII, border_style=SKY)


def _budget(snapshot: dict[str, Any], width: int, unicode: bool) -> Text:
    clock, counted = snapshot["clock"], snapshot["budget_experiments"]
    if counted is not None:
        share = counted["done"] / max(1, counted["total"])
        words = f"{counted['done']} of {counted['total']} experiments, {duration_text(clock['alive_s'])}"
    elif clock["total_s"]:
        share = clock["alive_s"] / clock["total_s"]
        words = f"{duration_text(clock['left_s'])} left of {duration_text(clock['total_s'])}"
    else:
        return Text(f"{duration_text(clock['alive_s'])} so far")
    room = max(8, width - len(words) - 2)
    full = round(room * min(1.0, max(0.0, share)))
    on, off = ("━", "─") if unicode else ("#", "-")
    return Text.assemble((on * full, BLUE), (off * (room - full), GREY), f"  {words}")


def _experiments(snapshot: dict[str, Any], rows: int, width: int, unicode: bool) -> RenderableType:
    shown = window(snapshot["experiments"], rows, snapshot["competition"]["metric_direction"] == "higher")
    if not shown:
        return Text("no experiments yet", style=GREY)
    wide = width >= 100
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), show_edge=False, header_style=GREY)
    table.add_column("", width=1)
    table.add_column("id", no_wrap=True)
    table.add_column("experiment", no_wrap=True, overflow="ellipsis", ratio=1)
    if wide:
        table.add_column("family", no_wrap=True, overflow="ellipsis", max_width=16)
        table.add_column("operator", no_wrap=True)
    table.add_column("OOF score", no_wrap=True, justify="right")
    table.add_column("verdict", no_wrap=True, min_width=8)
    table.add_column("weight", no_wrap=True, justify="right")
    table.add_column("CPU", no_wrap=True, justify="right")
    digits = _digits(shown)
    for experiment in shown:
        table.add_row(*_row(experiment, snapshot["n_folds"], wide, unicode, digits), style=STYLES[_look(experiment)])
    counts = _counts(snapshot["experiments"], len(shown))
    return Group(table, _cut(Text(counts, style=GREY)))


def window(experiments: Sequence[dict[str, Any]], rows: int, higher_is_better: bool) -> list[dict[str, Any]]:
    """At most `rows` experiments: under way, in the blend, newest, then best; oldest first."""
    running = [e for e in experiments if e["status"] == "running"]
    blended = sorted((e for e in experiments if e["blend_weight"] > 0), key=lambda e: -e["blend_weight"])
    champion = [e for e in experiments if e["verdict"] == "champion"]
    queued = [e for e in experiments if e["status"] == "queued"]
    newest = list(reversed(experiments[-rows:]))
    scored = [e for e in experiments if e["score"] is not None]
    best = sorted(scored, key=lambda e: -worth(e["merit"], e["score"], higher_is_better=higher_is_better))
    chosen: dict[str, dict[str, Any]] = {}
    for experiment in [*champion, *running, *blended[: rows // 2], *queued[: rows // 4], *newest, *best]:
        if len(chosen) >= rows:
            break
        chosen.setdefault(experiment["id"], experiment)
    return [e for e in experiments if e["id"] in chosen]


def _digits(shown: Sequence[dict[str, Any]]) -> int | None:
    """The same number of decimals for the whole column: the median of what each deserves."""
    deserved = sorted(score_digits(e["score"], e["stderr"]) for e in shown if e["score"] is not None)
    return deserved[len(deserved) // 2] if deserved else None


def _row(experiment: dict[str, Any], n_folds: int | None, wide: bool, unicode: bool, digits: int | None) -> list[Text]:
    look = _look(experiment)
    words = experiment["verdict"] or experiment["status"]
    if experiment["status"] == "running" and n_folds:
        words = f"fold {min(n_folds, (experiment['folds_done'] or 0) + 1)}/{n_folds}"
    weight = f"{experiment['blend_weight']:.2f}" if experiment["blend_weight"] > 0 else ""
    cells = [SIGNS[look][0 if unicode else 1], experiment["id"], one_line(experiment["name"], 80)]
    if wide:
        cells += [one_line(experiment["family"], 24), one_line(experiment["operator"], 12)]
    cells += [_score(experiment, digits, unicode), words, weight, duration_text(experiment["cost_s"] or None)]
    return [Text(str(cell)) for cell in cells]


def _score(experiment: dict[str, Any], digits: int | None, unicode: bool) -> str:
    score, stderr = experiment["score"], experiment["stderr"]
    if score is None or digits is None:
        return ""
    plus_minus = "±" if unicode else "+-"
    return f"{score:.{digits}f}" + ("" if stderr is None else f" {plus_minus}{stderr:.{digits}f}")


def _look(experiment: dict[str, Any]) -> str:
    return str(experiment["verdict"] or experiment["status"])


def _counts(experiments: Sequence[dict[str, Any]], shown: int) -> str:
    by_look: dict[str, int] = {}
    for experiment in experiments:
        by_look[_look(experiment)] = by_look.get(_look(experiment), 0) + 1
    words = ", ".join(f"{by_look[look]} {look}" for look in SIGNS if look in by_look)
    return f"{shown} of {len(experiments)} experiments shown: {words}"


def _standing(snapshot: dict[str, Any], width: int) -> RenderableType:
    blend, lines = snapshot["blend"], []
    if blend is not None:
        vault = "" if blend["vault_score"] is None else f", vault {score_text(blend['vault_score'])}"
        members = sum(weight > 0 for weight in blend["weights"].values())
        lines.append(
            Text.assemble(
                ("blend ", "bold"),
                (score_text(blend["score"], blend["stderr"]), f"bold {ORANGE}"),
                f"{vault}  ({members} of {len(snapshot['pool'])} in the pool, by nested folds)",
            )
        )
    if snapshot["expected_private"] is not None:
        lines.append(Text(expected_text(snapshot["expected_private"])))
    if snapshot["standing"] is not None:
        lines.append(Text.assemble(("submission ", "bold"), standing_text(snapshot)))
    lines += [Text.assemble(("seats ", "bold"), _seats(snapshot["seats"]))] if snapshot["seats"] else []
    return Group(*(_cut(line) for line in lines))


def _seats(seats: Sequence[dict[str, Any]]) -> str:
    """`12,300 + 800 tokens, USD unknown, 40 s; openai:gpt-5: builder (built-in played plan 1), researcher; host: qa`."""
    of_seat: dict[str, list[str]] = {}
    for seat in seats:
        fell = fell_back_text(seat)
        words = seat["role"] + (f" (built-in played {fell})" if fell else "")
        of_seat.setdefault(one_line(seat["seat"], 30), []).append(words)
    sums: dict[str, Any] = {
        kind: sum(seat[kind] or 0 for seat in seats) for kind in ("tokens_in", "tokens_out", "seat_s")
    }
    sums["usd"] = None if any(seat["usd"] is None for seat in seats) else sum(seat["usd"] for seat in seats)
    return "; ".join([cost_text(sums), *(f"{name}: {', '.join(roles)}" for name, roles in of_seat.items())])


def standing_text(snapshot: dict[str, Any]) -> str:
    """`submissions/podium-1f.csv confirmed, out of fold 0.81 ±0.01, public 0.80`, of what stands."""
    standing = snapshot["standing"]
    sent = next((one for one in snapshot["submissions"] if one["tag"] == standing["tag"]), None)
    state = "waits to be sent" if sent is None else state_text(sent, snapshot["platform"])
    words = f"{one_line(standing['file'])} {state}"
    if standing["score"] is not None:
        words += f", out of fold {score_text(standing['score'], standing['stderr'])}"
    if sent is not None and sent["public_score"] is not None:
        words += f", public {score_text(sent['public_score'])}"
    return f"{words}; {one_line(standing['because'])}" if standing["because"] else words


def _cut(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
