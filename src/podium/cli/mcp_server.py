"""The MCP server: each tool is a command of `podium`, run as a process of its own, so that both say the same."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError

import podium
from podium.cli.mcp_files import read_as
from podium.errors import PodiumError
from podium.records import Role
from podium.team import prompts, schema
from podium.team.roles import DELIVERABLE_OF

WAIT_S = 50.0  # below the minute after which many clients give up on a call
LONGEST_WAIT_S = 600.0


class Tools:
    """One campaign, or whichever a call names. Docstrings are what a model reads of a tool."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder.resolve()

    def where(self, campaign: str) -> str:
        """Raises ToolError: no campaign is named, or another one than is served."""
        if self.folder is None:
            if not campaign:
                raise ToolError("which campaign? Give its folder as `campaign`")
            return campaign
        if campaign and Path(campaign).resolve() != self.folder:
            raise ToolError(f"this server serves {self.folder}, and no other campaign")
        return str(self.folder)

    async def next(self, wait_s: float = WAIT_S, with_brief: bool = True, campaign: str = "") -> str:
        """Go on with the campaign until a brief waits for you, and get it: its role, phase, figures, JSON Schema of the
        deliverable, and files. `phase` null: nothing waits yet (call again after `retry_after_s`), or `finished` says how
        the campaign ended. `with_brief` false leaves the figures out; the brief's own tool has them."""
        wait_s = min(max(0.0, wait_s), LONGEST_WAIT_S)
        arguments = ["--wait", f"{wait_s:g}s", *([] if with_brief else ["--paths"])]
        return await _podium(["next", self.where(campaign), *arguments])

    async def deliver(
        self,
        brief_id: str,
        deliverable: dict[str, Any] | None = None,
        handover: str = "",
        decline: str = "",
        campaign: str = "",
    ) -> str:
        """Hand in the deliverable of a brief as a JSON object that fits its schema. An error says what is wrong: mend it
        and deliver again. `handover`: what this session's successor must know, where the brief asks for it. `decline`: why
        you cannot; the built-in seat then plays the brief."""
        arguments = ["deliver", self.where(campaign), brief_id]
        if decline:
            return await _podium([*arguments, "--decline", decline])
        if deliverable is None:
            raise ToolError("deliver what? Give `deliverable`, or say why not in `decline`")
        data = json.dumps(deliverable).encode()
        if not handover:
            return await _podium([*arguments, "-"], data)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "handover.md"
            path.write_text(handover, encoding="utf-8")
            return await _podium([*arguments, "-", "--handover", str(path)], data)

    async def brief(self, role: Role, brief_id: str, campaign: str = "") -> str:
        """The text of a brief that was handed out to this role: its task, figures and what to hand back."""
        return _read(self.where(campaign), role, f"host/{role}/{brief_id}.md")

    async def read(self, role: Role, path: str, campaign: str = "") -> str:
        """A file of the campaign that this role may read, by its path relative to the campaign's folder. What lies outside
        the role's scope is refused."""
        return _read(self.where(campaign), role, path)

    async def status(self, campaign: str = "") -> str:
        """Where the campaign stands: round, phase, budget, experiments, blend, submissions."""
        return await _podium(["status", self.where(campaign)])

    async def experiments(self, role: Role, id: str = "", campaign: str = "") -> str:
        """Every experiment with score and verdict, as this role may see it; or one, by its id, in full."""
        action = ["show", id] if id else ["list"]
        return await _podium(["experiment", self.where(campaign), *action, "--role", role])

    async def experiment_run(
        self, name: str, solution: str, hypothesis: str, parents: list[str] | None = None, campaign: str = ""
    ) -> str:
        """Hand the engine a solution (the text of a Python file with fit and predict) beside the rounds; the next build
        takes it as an experiment, checked and scored like any other."""
        stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:60] or "solution"
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"{stem}.py"
            path.write_text(solution, encoding="utf-8")
            arguments = ["run", str(path), "--hypothesis", hypothesis, "--parents", ",".join(parents or [])]
            return await _podium(["experiment", self.where(campaign), *arguments])

    async def note(self, role: str, text: str, campaign: str = "") -> str:
        """Tell a role something; it reads it with its next brief. `any` tells all."""
        return await _podium(["note", self.where(campaign), role, "--", text])

    async def stop(self, campaign: str = "") -> str:
        """Stop the campaign, resumable: what runs is cancelled; the next call of `next` says so, the one after goes on."""
        return await _podium(["stop", self.where(campaign)])

    async def pause(self, campaign: str = "") -> str:
        """Start nothing new until `resume`."""
        return await _podium(["pause", self.where(campaign)])

    async def resume(self, campaign: str = "") -> str:
        """End a pause."""
        return await _podium(["resume", self.where(campaign)])

    async def report(self, campaign: str = "") -> str:
        """Write report.html, one self-contained page, and say where it is."""
        return await _podium(["report", self.where(campaign)])


TOOLS = ("next", "deliver", "brief", "read", "status", "experiments", "experiment_run", "note", "stop", "pause", "resume",
         "report")  # fmt: skip


def make_server(folder: Path | None) -> MCPServer[Any]:
    """Tools; a prompt for each role and one for who drives; schemas, and where one campaign is served its files too."""
    server: MCPServer[Any] = MCPServer(
        "podium", version=podium.__version__, instructions=prompts.render("host"), log_level="WARNING"
    )
    tools = Tools(folder)
    for name in TOOLS:
        server.add_tool(getattr(tools, name), structured_output=False)  # else each answer would be sent twice
    _add_resources(server, tools)
    for role in get_args(Role):
        _add_prompt(server, role, f"The {role}: what it does, may read and may write.", prompts.system(role))
    _add_prompt(server, "drive", "How to drive a campaign with these tools.", prompts.render("host"))
    return server


def _add_resources(server: MCPServer[Any], tools: Tools) -> None:
    kinds = {kind.__name__: kind for kind in DELIVERABLE_OF.values()}

    def deliverable_schema(name: str) -> str:
        """The JSON Schema of a deliverable: Plan, Build, Review, …"""
        if name not in kinds:
            raise ResourceError(f"no deliverable {name!r}; there are {', '.join(sorted(kinds))}")
        return json.dumps(schema.of(kinds[name]), indent=1)

    def campaign_file(role: str, path: str) -> str:
        """A file of the campaign that a role may read."""
        try:
            return read_as(tools.folder or Path(), role, path)
        except PodiumError as problem:
            raise ResourceError(str(problem)) from problem

    server.resource("podium://schema/{name}", mime_type="application/schema+json")(deliverable_schema)
    if tools.folder is not None:
        server.resource("podium://files/{role}/{+path}", mime_type="text/plain")(campaign_file)


def _add_prompt(server: MCPServer[Any], name: str, description: str, text: str) -> None:
    def prompt() -> str:
        return text

    server.prompt(name, description=description)(prompt)


def _read(campaign: str, role: str, path: str) -> str:
    try:
        return read_as(Path(campaign), role, path)
    except PodiumError as problem:
        raise ToolError(str(problem)) from problem


async def _podium(arguments: list[str], data: bytes = b"") -> str:
    """The command's JSON document, one line. Raises ToolError with its own words where it exits otherwise than 0."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    argv = [sys.executable, "-m", "podium", *arguments[:at], "--json", *arguments[at:]]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        out, err = await process.communicate(data)
    except asyncio.CancelledError:
        process.kill()  # the caller has gone; whatever was under way is resumable
        await process.wait()
        raise
    if process.returncode != 0:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        raise ToolError(f"{lines[-1] if lines else 'podium said nothing'} (exit {process.returncode})")
    return out.decode("utf-8").strip()
