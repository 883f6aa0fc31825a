"""program.md, AGENTS.md, the skill, the plugin manifests, docs/seats: every command line in them is one that podium has."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from podium.cli.main import UsageError, app
from podium.records import Role
from podium.team.roles import DELIVERABLE_OF

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "program.md", ROOT / "AGENTS.md", ROOT / "skills" / "podium" / "SKILL.md",
         *sorted((ROOT / "docs" / "seats").glob("*.md"))]  # fmt: skip
SHORT = re.compile(r"`([^`\n]+)`")
GROUP = typer.main.get_command(app)


def command_lines(text: str) -> Iterator[str]:
    """`podium …` in fenced blocks and between backticks; a line that is a synopsis (`DIR list|show`, `[--wait 50s]`) is none."""
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.S | re.M)
    outside = re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.S | re.M)
    for line in (*(line.strip() for block in fenced for line in block.splitlines()), *SHORT.findall(outside)):
        at = re.search(r"(?:^|\s)(podium [a-z].*)$", line)
        if at and not re.search(r"[\[\]…|]", at[1]):
            yield at[1].partition(" --method ")[0]  # the Inspector's own options follow ours


LINES = [(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in command_lines(page.read_text("utf-8"))]


def parse(line: str) -> None:
    """Raises click's UsageError where podium has no such command, option or argument. A bare name names the command."""
    _, name, *arguments = shlex.split(line, comments=True)
    command = getattr(GROUP, "commands", {}).get(name)
    assert command is not None, f"podium has no command {name!r}"
    if arguments:
        command.make_context(name, arguments)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_line_is_one_that_podium_has(page: str, line: str) -> None:
    parse(line)


def test_the_pages_do_name_the_commands() -> None:
    for page in PAGES:
        assert any(name == page.relative_to(ROOT).as_posix() for name, _ in LINES), page
    told = {shlex.split(line)[1] for _, line in LINES}
    assert {"run", "next", "deliver", "experiment", "status", "mcp", "stop", "note"} <= told


@pytest.mark.parametrize(
    "line", ["podium sail DIR", "podium next DIR --quickly", "podium note DIR any", "podium deliver DIR"]
)
def test_the_check_can_fail(line: str) -> None:
    with pytest.raises((AssertionError, UsageError)):
        parse(line)


@pytest.mark.parametrize("where", [".claude-plugin/plugin.json", ".codex-plugin/plugin.json"])
def test_manifests(where: str) -> None:
    found = json.loads((ROOT / where).read_text("utf-8"))
    assert re.fullmatch(r"[a-z][a-z0-9-]*", found["name"]) and found["description"] and found["license"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert version is not None and found["version"] == version[1]
    for key in ("skills", "mcpServers"):
        if key in found:  # Codex: from the plugin's root, and there
            assert found[key].startswith("./") and (ROOT / found[key]).exists()


def test_the_mcp_server_is_a_command_of_ours() -> None:
    (server,) = json.loads((ROOT / ".mcp.json").read_text("utf-8"))["mcpServers"].values()
    parse(shlex.join([server["command"], *server["args"]]))


def test_the_skill_says_when_to_use_it() -> None:
    text = (ROOT / "skills" / "podium" / "SKILL.md").read_text("utf-8")
    head = dict(line.split(": ", 1) for line in text.split("---\n")[1].splitlines())
    assert head["name"] == "podium" and "Use when" in head["description"]
    assert len(head["description"]) <= 1024 and len(text.splitlines()) < 500


def test_host_pages_name_roles_and_deliverables_that_exist() -> None:
    from typing import get_args

    mcp = (ROOT / "docs" / "seats" / "mcp.md").read_text("utf-8")
    for name in re.findall(r"podium://schema/(\w+)", mcp):
        assert name in {kind.__name__ for kind in DELIVERABLE_OF.values()}
    program = (ROOT / "program.md").read_text("utf-8")
    named = re.findall(r"(\w+)=host", program)
    assert set(named) == {"researcher", "builder", "reviewer"} <= set(get_args(Role))


def test_docs_name_the_tools_that_the_server_has() -> None:
    pytest.importorskip("mcp")
    from podium.cli.mcp_server import TOOLS

    text = (ROOT / "docs" / "seats" / "mcp.md").read_text("utf-8")
    rows = [row for row in text.split("## Tools")[1].splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)\(", row.split("|")[1])} == set(TOOLS)
