"""Every forbidden access through every kind of seat: canaries in all files and all facts, and a search of all that was handed
out, sent and recorded. The kinds' own tests try their own ways round (links, climbing paths, /proc, environments); what a check
or a snippet in code can reach is at the end.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from cli_world import World, confined, world

from podium.cli.host import handed_out
from podium.errors import AwaitingHost, PodiumError, SeatError
from podium.records import (
    AuditFinding,
    Brief,
    Charter,
    Hypothesis,
    Learning,
    Requirement,
    Review,
    Role,
    Stack,
    Suggestion,
)
from podium.team.command import CommandSeat
from podium.team.host import HostSeat
from podium.team.roles import ROLE_OF, SCOPES, Field
from podium.testing import seat_conformance

__all__ = ["world"]

FILES = (
    "config.json", "state.json", "results.tsv", "LEARNINGS.md", "knowledge/notes.md", "checks/R01.json", "checks/R02.json",
    "rounds/R00_eda.md", "rounds/R00_charter.md", "rounds/R00_stack.md", "rounds/R01_plan.md", "rounds/R01_review.md",
    "rounds/R01_findings.md", "rounds/R01_research_brief.md", "rounds/R01_research_raw.md", "rounds/R01_experiment.py",
    "rounds/R01_run.log", "rounds/R10_retro.md", "runs/E001/solution.py", "runs/E001/qa_1_aa/check.py",
    "runs/E001/fold_1/labels.arrow", "runs/E001/fold_1/predictions.npy", "data/labels.arrow", "data/ids.arrow",
    "data/splits.npz", "answers.csv", "outbox/submission.csv", "host/qa/R01_checks.answer.json",
    "host/builder/R01_plan.answer.json", "seats/mole/home/.session", "seats/mole/work/deliverable.json",
)  # fmt: skip
SECRET = (
    "checks/R01.json",
    "data/labels.arrow",
    "answers.csv",
    "runs/E001/fold_1/labels.arrow",
    "runs/E001/qa_1_aa/check.py",
)
HIDEABLE = tuple(field for field in get_args(Field) if field not in ("families", "champion", "correlations", "blends"))
Given = Callable[[World, Brief], str]


def mark(name: str) -> str:
    return f"CANARY-{name}-YRANAC"


def asked_of(role: Role, campaign: Path) -> Brief:
    """The role's first brief, a canary in every fact that a role may not be shown."""
    phase = next(phase for phase, player in ROLE_OF.items() if player == role)
    plain = seat_conformance.brief(phase, seat_conformance.under_way())
    told = tuple(replace(e, hypothesis=mark("experiments"), message="") for e in plain.facts.experiments)
    facts = replace(
        plain.facts,
        audit=(AuditFinding("leak", "warn", None, None, mark("audit")),),
        experiments=told,
        learnings=(Learning("L1", mark("learnings"), "seen"),),
        fingerprints=(mark("fingerprints"),),
        notes=(mark("notes"),),
        hypotheses=(Hypothesis("H1", mark("hypotheses"), "linear", 0.0, "seen"),),
        plan=tuple(replace(spec, hypothesis=mark("plan")) for spec in plain.facts.plan),
        review=Review("REVISE", mark("review"), (), ""),
        charter=Charter(mark("charter"), (Requirement("Q1", "finite"),)),
        stack=Stack(("numpy",), mark("stack")),
        suggestions=(Suggestion("draft", (), mark("suggestions")),),
    )
    return replace(plain, campaign=str(campaign), facts=facts)


# ---------------------------------------------------------------- what each kind of seat is given


def api(world: World, asked: Brief) -> str:
    """A model that reads every path there is: what was sent to it."""
    pytest.importorskip("pydantic_ai")
    from podium.team.api import ApiSeat
    from podium.testing.openai_server import Answer, OpenAIServer, calling

    script: list[str] = []

    def reply(request: Any) -> Answer:
        return calling(request, "read_file", {"path": script.pop()}) if script else Answer("no", 400)

    with OpenAIServer(reply) as server:
        for start in range(0, len(FILES), 16):  # a brief has 20 tool calls and no more
            script[:] = FILES[start : start + 16]
            with suppress(SeatError):
                ApiSeat(server.seat, world.desk(asked.role)).play(replace(asked, id=f"{asked.id}{start}"))
        return json.dumps(server.requests)


def coder(world: World, asked: Brief) -> str:
    """Claude Code's stand-in, which writes down all that it can reach, and what it was told."""
    world.places = [str(world.campaign), str(world.root)]
    with suppress(SeatError):
        world.seat("claude-code", asked.role, "spy").play(asked)
    return (world.campaign / "seats" / asked.role / "work" / "seen.txt").read_text() + "".join(
        world.prompts(asked.role)
    )


SPY = """import os, sys
seen = open("seen.txt", "w")
seen.write(sys.stdin.read())
for top in (os.getcwd(), os.path.expanduser("~"), PLACE):
    for folder, _, names in os.walk(top):
        for name in names:
            try:
                seen.write(open(os.path.join(folder, name), errors="replace").read())
            except OSError:
                pass
sys.exit(1)
"""


def command(world: World, asked: Brief) -> str:
    """A program that looks into every folder that it knows of."""
    file = world.root / "own" / "spy.py"
    file.parent.mkdir()
    file.write_text(SPY.replace("PLACE", repr(str(world.root))))  # on its command line it would be refused
    with suppress(SeatError):
        CommandSeat(f"{sys.executable} {file}", world.desk(asked.role, attempts=1)).play(asked)
    return (world.campaign / "seats" / asked.role / "work" / "seen.txt").read_text()


def host(world: World, asked: Brief) -> str:
    """What `podium next` prints and writes, and what `podium experiment` says to the role."""
    with pytest.raises(AwaitingHost):
        HostSeat(world.desk(asked.role)).play(asked)
    published = world.registry.deliveries.published(asked.id)
    assert published is not None
    said = handed_out(world.campaign, published, with_brief=True)
    written = [Path(name).read_text() for name in said["files"].values() if Path(name).is_file()]
    return json.dumps(said) + "".join(written)


def mcp(world: World, asked: Brief) -> str:
    """What the MCP server's tools read out to the role."""
    pytest.importorskip("mcp")
    from mcp.server.mcpserver.exceptions import ToolError

    from podium.cli.mcp_server import Tools

    seen, tools = host(world, asked), Tools(world.campaign)
    for name in (*FILES, f"host/{asked.role}/{asked.id}.md", f"host/{asked.role}/{asked.id}.json"):
        try:
            seen += asyncio.run(tools.read(asked.role, name))
        except ToolError as problem:
            seen += str(problem)
    return seen


GIVEN: dict[str, Given] = {"api": api, "claude-code": coder, "command": command, "host": host, "mcp": mcp}
READERS = ("api", "claude-code", "command", "mcp")  # a host's own program reads files itself: docs/seats/host.md


@confined
@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("kind", GIVEN)
def test_a_role_is_given_what_the_table_says_and_nothing_else(world: World, kind: str, role: Role) -> None:
    for name in FILES:
        (world.campaign / name).parent.mkdir(parents=True, exist_ok=True)
        (world.campaign / name).write_text(mark(name))
    world.registry.set("secret", mark("podium.db"))
    (world.root / "user" / "login").write_text(mark("user"))
    scope = SCOPES[role]
    seen = GIVEN[kind](world, asked_of(role, world.campaign))
    given = {name for name in FILES if mark(name) in seen}
    assert given == ({name for name in FILES if scope.may_read(name)} if kind in READERS else set())
    assert not {field for field in HIDEABLE if mark(field) in seen} - set(scope.facts)
    recorded = "".join(row["answer"] for row in world.registry.database.rows("SELECT answer FROM answers"))
    for text in (seen, recorded):
        assert not [name for name in (*SECRET, "podium.db", "user") if mark(name) in text and not scope.may_read(name)]
    if "notes" in scope.facts:
        assert mark("notes") in seen, "a canary that nobody can see proves nothing"


def test_a_host_command_for_a_role_shows_no_experiments_to_qa(tmp_path: Path) -> None:
    from podium.cli.experiment import listed, shown
    from podium.testing.fake_campaign import FakeCampaign

    FakeCampaign(rounds=2, finished="time").build(tmp_path / "c").close()
    from podium.registry import Registry

    registry = Registry.open(tmp_path / "c")
    for look in (
        lambda: listed(tmp_path / "c", registry, "qa"),
        lambda: shown(tmp_path / "c", registry, "E001", "cto"),
    ):
        with pytest.raises(PodiumError, match="is shown no experiments"):
            look()
    registry.close()
