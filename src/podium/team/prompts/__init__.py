"""Prompts: short Markdown files with named slots, `{like_this}`. Used by every seat that has a mind of its own.

roles/ one text a role · phases/ one a phase · operators/ and complexity/ for a builder's suggestions · the rest is glue.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from podium import protocol
from podium.records import Brief, Role, Suggestion
from podium.team import schema
from podium.team.digest import digest
from podium.team.quoting import clip, quote
from podium.team.reading import may_read
from podium.team.roles import DELIVERABLE_OF, SCOPES

SLOT = re.compile(r"\{([a-z_]+)\}")
SUGGESTION_CHARS = 1200
SHORT = 1 / 3
PARENT_CHARS, PARENTS = 9_000, 3  # of a parent's solution; parents shown in full


def system(role: Role) -> str:
    """Who the role is, what it may read and write, and that data never instruct. The same for a whole campaign."""
    scope = SCOPES[role]
    return render(
        "system",
        role=role,
        duty=render(f"roles/{role}"),
        reads=", ".join((*scope.reads, *scope.writes)) or "nothing",
        writes=", ".join(scope.writes) or "nothing",
    )


def ask(brief: Brief, *, with_schema: bool = True, in_short: bool = False) -> str:
    """One brief as text: the task of its phase, the figures, the paths. Bounded, however many rounds there were.

    `with_schema`: also the JSON Schema of the deliverable, for seats that hand it back as text. `in_short`: for a mind
    with little context, a third of the figures and no parents' solutions.
    """
    kind = DELIVERABLE_OF[brief.phase]
    answer = ""
    if with_schema:
        shape = json.dumps(schema.of_brief(brief), separators=(",", ":"), ensure_ascii=False)
        answer = render("answer", kind=kind.__name__, schema=shape)
    return render(
        "brief",
        brief_id=brief.id,
        round=str(brief.round),
        phase=brief.phase,
        task=task(brief),
        figures=digest(brief, SHORT if in_short else 1.0),
        parents="" if in_short else parents(brief),
        answer=answer,
    ).strip()


def task(brief: Brief) -> str:
    """The text of the brief's phase, its slots filled."""
    text = _text(f"phases/{brief.phase}")
    slots: Mapping[str, Callable[[], str]] = {
        "round": lambda: str(brief.round),
        "direction": lambda: f"{brief.facts.competition.metric_direction} is better",
        "contract": contract,
        "contract_summary": (protocol.__doc__ or "").strip,
        "suggestions": lambda: suggestions(brief.facts.suggestions),
        "kinds": kinds,
        "n_planned": lambda: str(len(brief.facts.plan)),
    }
    return render(f"phases/{brief.phase}", **{name: slots[name]() for name in sorted(set(SLOT.findall(text)))})


def parents(brief: Brief) -> str:
    """The solutions that the planned experiments start from, for a builder that writes the next ones; else empty."""
    if brief.phase != "build":
        return ""
    named = dict.fromkeys(parent for spec in brief.facts.plan for parent in spec.parents)
    found = []
    for parent in list(named)[:PARENTS]:
        path = f"runs/{parent}/solution.py"
        if may_read(Path(brief.campaign), SCOPES[brief.role], path):
            text = (Path(brief.campaign) / path).read_text("utf-8", "replace")
            found.append(quote(clip(text, PARENT_CHARS), path))
    return render("parents", solutions="\n\n".join(found)) if found else ""


@functools.cache
def contract() -> str:
    """What a solution must be: the source of `podium.protocol`, which is the whole contract."""
    return inspect.getsource(protocol).strip()


def kinds() -> str:
    """The engine's own kinds of check, with their parameters."""
    from podium.referee import qa  # heavy, and needed by QA alone

    return "\n".join(f"- {kind}({', '.join(qa.PARAMS[kind])})" for kind in qa.KINDS if kind in qa.PARAMS)


def suggestions(given: tuple[Suggestion, ...]) -> str:
    """What the search policy suggests, operator by operator, with its cue of how far to go."""
    return "\n\n".join(_suggestion(i, one) for i, one in enumerate(given, 1)) or render("nothing_suggested")


def handover(brief: Brief) -> str:
    """Asks a specialist to write down what its successor needs, before it is re-spawned for this brief."""
    return render("handover", role=brief.role, round=str(brief.round))


def compaction(brief: Brief) -> str:
    """Asks a specialist to write down what it needs of a conversation that has grown long."""
    return render("compaction", round=str(brief.round))


def past(brief: Brief) -> str:
    """What is left of an earlier brief in a conversation."""
    return render("past", brief_id=brief.id, phase=brief.phase, round=str(brief.round))


def taking_over(role: Role, handover: str, generation: int) -> str:
    """What a re-spawned specialist reads first: what its predecessor wrote."""
    return render("taking_over", role=role, generation=str(generation), handover=quote(handover, "hand-over"))


def summary(role: Role, text: str) -> str:
    """What a specialist wrote down of its own conversation when that was compacted."""
    return render("summary", role=role, summary=quote(text, "own summary"))


def mend(problem: str) -> str:
    """Tells a seat what was wrong with its answer, and to hand in the whole deliverable again."""
    return render("mend", problem=clip(problem, 2000))


def render(name: str, **slots: str) -> str:
    """The text of `<name>.md` with its slots filled. Raises KeyError where slots and values do not match."""
    text = _text(name)
    found = set(SLOT.findall(text))
    if found != set(slots):
        raise KeyError(f"prompt {name}: has the slots {sorted(found)}, was given {sorted(slots)}")
    return SLOT.sub(lambda match: slots[match[1]], text)


def _suggestion(number: int, one: Suggestion) -> str:
    """One suggestion with what its operator is shown; what it is not shown is not mentioned."""
    parts = {"target": clip(one.target, 200), "siblings": _bullets(one.siblings), "failures": _bullets(one.failures)}
    return render(
        "suggestion",
        number=str(number),
        operator=one.operator,
        parents=f"parents: {', '.join(one.parents)}" if one.parents else "no parents",
        why=clip(one.why, 400),
        how=render(f"operators/{one.operator}"),
        complexity=render(f"complexity/{one.complexity}"),
        shown="\n".join(render(f"suggestion_{name}", **{name: text}) for name, text in parts.items() if text),
    ).strip()


def _bullets(texts: tuple[str, ...]) -> str:
    lines = "\n".join(f"- {' '.join(text.split())}" for text in texts)
    return quote(clip(lines, SUGGESTION_CHARS), "earlier experiments")


@functools.cache
def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
