"""`podium mcp`: the SDK's own client, in process, over stdio and over HTTP; who may ask, and what each role is handed out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, get_args

import pytest

pytest.importorskip("mcp")

import anyio
import httpx2
from host_world import Hosted, answer_of
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from podium.cli import making, mcp_server
from podium.cli.main import main
from podium.cli.mcp import address, is_loopback, token
from podium.cli.mcp_files import read_as
from podium.cli.mcp_server import TOOLS, make_server
from podium.errors import Refused, UserError
from podium.records import Role
from podium.registry import Registry
from podium.team.host import SPECIALISTS
from podium.team.roles import SCOPES
from podium.testing import seat_conformance

SECRET = "a-token-for-tests"
MOST_TURNS = 60
Answer = dict[str, Any]


@pytest.fixture(scope="session")
def hosted(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose specialists are a host's, before round 0: copy it before use."""
    folder, team = tmp_path_factory.mktemp("hosted") / "campaign", dict.fromkeys(SPECIALISTS, "host")
    return making.open_or_create(str(contest / "public"), campaign=folder, experiments=2, threads=2, team=team)


@pytest.fixture
def campaign(hosted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(hosted, tmp_path / "campaign"))


@pytest.fixture
def lived(tmp_path: Path) -> Path:
    """A campaign with something in it, and nothing at work on it."""
    from podium.testing.fake_campaign import FakeCampaign

    FakeCampaign(rounds=2, finished="time").build(tmp_path / "harbour").close()
    return tmp_path / "harbour"


@pytest.fixture
def served(campaign: Path) -> Iterator[str]:
    """The URL of `podium mcp --http`, in a process of its own."""
    argv = [sys.executable, "-m", "podium", "mcp", str(campaign), "--http", "127.0.0.1:0"]
    server = subprocess.Popen(
        argv,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PODIUM_MCP_TOKEN": SECRET},
    )
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        assert "serving MCP at http://127.0.0.1:" in line, line
        yield line.split()[-1]
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
        server.stderr.close()


def talk(server: Any, conversation: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Client(server) as client:
            await conversation(client)

    anyio.run(run)


def talk_http(url: str, secret: str, conversation: Callable[[Client], Awaitable[None]]) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            headers = {"Authorization": f"Bearer {secret}"}
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=120))
            client = await stack.enter_async_context(Client(streamable_http_client(url, http_client=http)))
            await conversation(client)

    anyio.run(run)


async def ask(client: Client, tool: str, **arguments: Any) -> Answer:
    """The tool's JSON document. Raises AssertionError with its words where it says no."""
    result = await client.call_tool(tool, arguments)
    text = getattr(result.content[0], "text", "")
    assert not result.is_error, text
    found: Answer = json.loads(text)
    return found


async def denied(client: Client, tool: str, **arguments: Any) -> str:
    """The words of a tool that says no."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    return str(getattr(result.content[0], "text", ""))


async def drive(client: Client, until: str = "") -> Answer:
    """The campaign through `next` and `deliver`, to its end, or to a brief; what `next` then says."""
    for _ in range(MOST_TURNS):
        state = await ask(client, "next", with_brief=False, wait_s=30)
        if state["phase"] is None:
            if state["finished"] is not None:
                return state
            continue
        if state["brief_id"] == until:
            return state
        text = await client.call_tool("brief", {"role": state["role"], "brief_id": state["brief_id"]})
        assert state["brief_id"] in getattr(text.content[0], "text", "")
        assert (await ask(client, "deliver", brief_id=state["brief_id"], deliverable=answer_of(state)))["accepted"]
    raise AssertionError("the campaign does not end")


# ---------------------------------------------------------------- a whole campaign


@pytest.mark.slow
def test_a_campaign_begun_over_stdio_and_ended_over_http(campaign: Path, served: str) -> None:
    async def begin(client: Client) -> None:
        assert (await drive(client, until="R01_plan"))["session"]["name"] == "builder-1"

    async def end(client: Client) -> None:
        state = await drive(client)
        assert state["finished"] == "experiments" and Path(state["submission"]).is_file()

    argv = ["-m", "podium", "mcp", str(campaign)]
    talk(StdioServerParameters(command=sys.executable, args=argv, env=dict(os.environ)), begin)
    talk_http(served, SECRET, end)


def test_a_host_seat_conforms_over_mcp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def here(arguments: list[str], data: bytes = b"") -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main([*arguments, "--json"]) == 0
        return out.getvalue()

    monkeypatch.setattr(mcp_server, "_podium", here)  # a process for each of two dozen calls would take its time
    registry, server = Registry.create(tmp_path), make_server(tmp_path)

    def hand_in(brief_id: str, deliverable: Any) -> None:
        async def tell(client: Client) -> None:
            assert (await ask(client, "deliver", brief_id=brief_id, deliverable=deliverable))["accepted"]

        talk(server, tell)

    try:
        seat_conformance.conform(Hosted(registry, hand_in))
    finally:
        registry.close()


# ---------------------------------------------------------------- who may ask


def test_http_wants_the_token_and_a_name_of_ours(served: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}

    def status(**more: str) -> int:
        return httpx2.post(served, json=call, headers={**headers, **more}).status_code

    assert status() == 401
    assert status(Authorization="Bearer wrong") == 401
    assert status(Authorization=SECRET) == 401
    bearer = f"Bearer {SECRET}"
    assert status(Authorization=bearer, Host="evil.example") == 421
    assert status(Authorization=bearer, Origin="http://evil.example") == 403
    assert status(Authorization=bearer) not in (401, 403, 421)
    assert httpx2.get(served.replace("/mcp", "/")).status_code == 401  # nothing is told without it


def test_the_token_is_made_and_told_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PODIUM_MCP_TOKEN", raising=False)
    made = token()
    assert len(made) >= 32 and capsys.readouterr().err.count(made) == 1
    assert token() != made
    monkeypatch.setenv("PODIUM_MCP_TOKEN", SECRET)
    capsys.readouterr()
    assert token() == SECRET and capsys.readouterr().err == ""  # what the user chose is not shown


def test_addresses() -> None:
    assert address("127.0.0.1:8765") == ("127.0.0.1", 8765)
    assert address("[::1]:80") == ("::1", 80)
    for wrong in ("8765", ":8765", "host:", "host:port", "host:99999"):
        with pytest.raises(UserError, match="HOST:PORT"):
            address(wrong)
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("box.example")


def test_mistakes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcp", str(tmp_path)]) == 2
    assert main(["mcp", "--http", "127.0.0.1:0"]) == 2
    assert "which campaign" in capsys.readouterr().err


# ---------------------------------------------------------------- what is handed out


def test_tools_prompts_and_resources(lived: Path) -> None:
    async def look(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(TOOLS) and all(tool.description for tool in tools)
        named = {prompt.name for prompt in (await client.list_prompts()).prompts}
        assert named == {*get_args(Role), "drive"}
        prompt = await client.get_prompt("qa")
        assert "never see a solution" in getattr(prompt.messages[0].content, "text", "")
        plan = await client.read_resource("podium://schema/Plan")
        assert "experiments" in json.loads(getattr(plan.contents[0], "text", ""))["properties"]
        table = await client.read_resource("podium://files/researcher/results.tsv")
        assert getattr(table.contents[0], "text", "") == "id\tscore\n"

    (lived / "results.tsv").write_text("id\tscore\n")
    talk(make_server(lived), look)


def test_reads_stay_within_a_roles_scope(lived: Path) -> None:
    (lived / "results.tsv").write_text("the results")
    (lived / "rounds").mkdir(exist_ok=True)
    (lived / "rounds" / "R01_plan.md").write_text("the plan")
    (lived / "checks").mkdir()
    (lived / "checks" / "R01_canary.py").write_text("the canary")
    (lived / "host" / "qa").mkdir(parents=True)
    (lived / "host" / "qa" / "R01_checks.md").write_text("the brief")
    (lived / "host" / "qa" / "R01_checks.answer.json").write_text("the canary")
    (lived / "rounds" / "R02_plan.md").symlink_to(lived / "checks" / "R01_canary.py")
    (lived / "rounds" / "R03_plan.md").symlink_to("/etc/hostname")
    assert read_as(lived, "reviewer", "results.tsv") == "the results"
    assert read_as(lived, "qa", "rounds/R01_plan.md") == "the plan"
    assert read_as(lived, "qa", "host/qa/R01_checks.md") == "the brief"
    forbidden = [
        ("qa", "results.tsv"), ("qa", "runs/E001/solution.py"), ("builder", "checks/R01_canary.py"),
        ("builder", "host/qa/R01_checks.answer.json"), ("builder", "host/qa/R01_checks.md"), ("researcher", "podium.db"),
        ("qa", "host/qa/R01_checks.answer.json"), ("builder", "rounds/../checks/R01_canary.py"), ("builder", "/etc/hostname"),
        ("builder", "rounds/R02_plan.md"), ("builder", "rounds/R03_plan.md"), ("builder", "data/features.arrow"),
        ("qa", "host/qa/../builder/R01_plan.md"), ("manager", "runs/E001/solution.py"),
    ]  # fmt: skip
    for role, path in forbidden:
        with pytest.raises(Refused):
            read_as(lived, role, path)

    async def look(client: Client) -> None:
        for role, path in forbidden:
            assert "canary" not in (said := await denied(client, "read", role=role, path=path)).replace(path, ""), said
            with pytest.raises(MCPError):
                await client.read_resource(f"podium://files/{role}/{path}")
        assert "shown no experiments" in await denied(client, "experiments", role="qa")

    talk(make_server(lived), look)


FILES = ("config.json", "state.json", "results.tsv", "LEARNINGS.md", "podium.db", "data/features.arrow", "submission.csv",
         "rounds/R00_charter.md", "rounds/R00_stack.md", "rounds/R01_plan.md", "rounds/R01_review.md", "rounds/R01_run.log",
         "rounds/R01_findings.md", "rounds/R01_research_raw.md", "rounds/R01_experiment.py", "checks/R01_size.py",
         "runs/E001/solution.py", "runs/E001/fold_1/labels.arrow", "knowledge/notes.md")  # fmt: skip


@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_reads_what_the_table_says_and_nothing_else(tmp_path: Path, role: Role) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("canary")
    read = set()
    for name in FILES:
        try:
            assert read_as(tmp_path, role, name) == "canary"
            read.add(name)
        except Refused as problem:
            assert "canary" not in str(problem)
    assert read == {name for name in FILES if SCOPES[role].may_read(name)}
    assert not read & {"podium.db", "data/features.arrow", "runs/E001/fold_1/labels.arrow"}


def test_tools_are_the_commands(lived: Path) -> None:
    async def use(client: Client) -> None:
        assert (await ask(client, "status"))["champion"]
        rows = (await ask(client, "experiments", role="builder"))["experiments"]
        assert rows and (await ask(client, "experiments", role="builder", id=rows[0]["id"]))["hypothesis"]
        assert (await ask(client, "note", role="any", text="--json is no option here"))["asked"] == "note"
        assert Path((await ask(client, "report"))["report"]).is_file()
        assert "no brief 'R09_plan'" in await denied(client, "deliver", brief_id="R09_plan", deliverable={})
        assert "deliver what?" in await denied(client, "deliver", brief_id="R09_plan")
        said = await denied(client, "experiment_run", name="../x", solution="def fit(", hypothesis="h")
        assert "finished" in said and "exit 3" in said
        assert "no other campaign" in await denied(client, "status", campaign="/somewhere/else")

    talk(make_server(lived), use)
    registry = Registry.open(lived)
    assert registry.inbox.notes()[-1] == "any: --json is no option here"
    registry.close()


def test_without_a_folder_each_call_names_its_campaign(lived: Path) -> None:
    async def use(client: Client) -> None:
        assert "which campaign?" in await denied(client, "status")
        assert (await ask(client, "status", campaign=str(lived)))["champion"]
        assert "not a campaign" in await denied(client, "status", campaign=str(lived / "rounds"))

    talk(make_server(None), use)


@pytest.mark.slow
def test_a_refusal_a_decline_and_a_hand_over(campaign: Path) -> None:
    async def use(client: Client) -> None:
        state = await ask(client, "next")
        assert state["brief"]["deliverable"]["type"] == "ResearchBrief"
        said = await denied(client, "deliver", brief_id="R01_research", deliverable={"brief": "nothing new"})
        assert "missing field 'hypotheses'" in said and "exit 3" in said
        await ask(client, "deliver", brief_id="R01_research", deliverable=answer_of(state), handover="beware of dates")
        assert "handed in before" in await denied(client, "deliver", brief_id="R01_research", deliverable={})
        assert (await ask(client, "next"))["brief_id"] == "R01_plan"
        assert (await ask(client, "deliver", brief_id="R01_plan", decline="cannot"))["declined"]

    talk(make_server(campaign), use)
    registry = Registry.open(campaign)
    delivery = registry.deliveries.of("R01_research")
    registry.close()
    assert delivery is not None and delivery.handover == "beware of dates"
