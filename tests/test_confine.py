"""A whole program shut in: what it sees, writes and reaches, how it ends, and what it takes to start it."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cli_world import confined

from podium.execution import agents, confine, inside, landlock, program
from podium.execution.confine import Cell, Ended

linux = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's")
pytestmark = linux
PYTHON = Path(sys.executable)


def cell(folder: Path, *words: str, **more: Any) -> Cell:
    for name in ("work", "home"):
        (folder / name).mkdir(exist_ok=True)
    return Cell(program.parts(PYTHON), words, folder / "work", folder / "home", **more)


def play(one: Cell, given: str = "", wall_s: float = 20, limit: int = 1_000_000) -> Ended:
    return confine.run(confine.command(one), confine.environment(one), one.work, given, wall_s, limit)


def code(folder: Path, source: str, **more: Any) -> Any:
    """What a Python program prints as JSON from inside."""
    ended = play(cell(folder, "-c", f"import json, os, sys\n{source}", **more))
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


@confined
def test_sees_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "hidden")
    (tmp_path / "answers.csv").write_text("hidden")
    source = f"""
def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""
seen = {{"environment": dict(os.environ), "first": read("/proc/1/environ"), "words": read("/proc/1/cmdline")}}
seen |= {{name: os.listdir(name) for name in ("/", "..", "/etc", "/proc")}}
print(json.dumps({{**seen, "user": os.getuid(), "outside": os.path.exists({str(tmp_path)!r})}}))"""
    seen = code(tmp_path, source, env={"OWN_KEY": "own"})
    assert seen["environment"]["OWN_KEY"] == "own" and seen["environment"]["HOME"] == confine.HOME
    assert "hidden" not in json.dumps(seen) and "KAGGLE_KEY" not in seen["first"]
    assert "own" not in seen["words"]  # keys never travel in argv
    assert len([name for name in seen["/proc"] if name.isdigit()]) <= 2 and seen["user"] == confine.USER
    assert not seen["outside"] and sorted(seen[".."]) == ["home", "work"]
    assert not {"shadow", "machine-id", "fstab"} & set(seen["/etc"])


@confined
def test_writes_its_own_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "work" / "given").mkdir(parents=True)
    (tmp_path / "work" / "given" / "brief.json").write_text("as given")
    (tmp_path / "shown").write_text("as shown")
    (tmp_path / "login").write_text("old")
    source = """
def write(path):
    try:
        open(path, "w").write("mine")
    except OSError:
        return False
    return True
own = ["new", "given/brief.json", "given/new", "/podium/home/new", "/shown", "/login", "/tmp/new"]
others = ["/etc/hosts", "/etc/passwd", "/usr/new", "/new", "/podium/new"]
print(json.dumps([path for path in own + others if write(path)]))"""
    given = (str(tmp_path / "work" / "given"), f"{confine.WORK}/given")
    written = code(
        tmp_path,
        source,
        read_only=(given, (str(tmp_path / "shown"), "/shown")),
        writable=((str(tmp_path / "login"), "/login"),),
    )
    assert written == ["new", "/podium/home/new", "/login", "/tmp/new"]
    assert (tmp_path / "login").read_text() == "mine"
    assert (tmp_path / "work" / "given" / "brief.json").read_text() == "as given"
    owner = (tmp_path / "work" / "new").stat().st_uid
    assert owner == os.getuid()


@confined
def test_reaches_the_network_and_no_process_outside(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"""
import signal, socket
socket.create_connection(("127.0.0.1", {port}), 5).sendall(b"hello")
try:
    os.kill({os.getpid()}, 0)
    print(json.dumps("signalled"))
except OSError:
    print(json.dumps("no such process"))"""
        heard: list[bytes] = []

        def hear() -> None:
            with server.accept()[0] as caller:
                heard.append(caller.recv(5))

        listener = threading.Thread(target=hear, daemon=True)
        listener.start()
        assert code(tmp_path, source) == "no such process"
        listener.join(5)
    assert heard == [b"hello"]


@confined
def test_names_and_certificates_are_there(tmp_path: Path) -> None:
    source = """
import getpass, pathlib, ssl
print(json.dumps([getpass.getuser(), os.path.exists("/etc/resolv.conf"), str(pathlib.Path.home()),
                  os.path.expanduser("~podium")]))"""
    assert code(tmp_path, source) == ["podium", Path("/etc/resolv.conf").exists(), confine.HOME, confine.HOME]


@confined
def test_python_has_the_libraries_of_solutions(tmp_path: Path) -> None:
    source = """
import subprocess
print(json.dumps(subprocess.check_output(["python", "-c", "import polars; print(1)"], text=True)))"""
    assert code(tmp_path, source).strip() == "1"


@confined
def test_no_huge_file_and_no_core(tmp_path: Path) -> None:
    source = """
import resource
limits = [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]
with open("big", "wb", 0) as big:
    big.seek(limits[0])
    try:
        big.write(b"x")
    except OSError:
        limits.append("refused")
print(json.dumps(limits))"""
    assert code(tmp_path, source) == [inside.FILE_BYTES, 0, "refused"]


@confined
def test_abstract_sockets_outside_are_out_of_reach(tmp_path: Path) -> None:
    """A desktop's X server and message bus listen on such names; they live in the network's namespace, which is shared."""
    if landlock.abi() < 6:
        pytest.skip("needs Landlock ABI 6 (Linux 6.12)")
    name = f"podium-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen()
        source = f"""
import socket
with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as caller:
    own.bind("\\0{name}-inside")
    own.listen()
    caller.connect("\\0{name}-inside")
    try:
        other.connect("\\0{name}")
        print(json.dumps("reached"))
    except PermissionError:
        print(json.dumps("refused"))"""
        assert code(tmp_path, source) == "refused"


@confined
@pytest.mark.parametrize("first", ["", "import os\nos.fork() or os.setsid()\n"])
def test_time_is_kept_and_nothing_stays(tmp_path: Path, first: str) -> None:
    ended = play(cell(tmp_path, "-c", f"{first}import time; time.sleep(60)", str(tmp_path)), wall_s=0.5)
    assert (ended.status, ended.why) == (None, "time") and 0.4 < ended.wall_s < 5
    assert gone(str(tmp_path))


@confined
def test_a_child_left_behind_dies_with_the_program(tmp_path: Path) -> None:
    source = f"""
import subprocess
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", {str(tmp_path)!r}],
                 start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
print(json.dumps("left"))"""
    assert code(tmp_path, source) == "left"
    assert gone(str(tmp_path))


@confined
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_is_bounded(tmp_path: Path, stream: str) -> None:
    ended = play(cell(tmp_path, "-c", f"import sys\nwhile True: sys.{stream}.write('x' * 65536)"), limit=100_000)
    assert (ended.status, ended.why) == (None, "output")
    assert len(ended.out) + len(ended.err) < 400_000


def test_both_sides_may_talk_at_length(tmp_path: Path) -> None:
    """More than a pipe holds, in both directions at once, and a program that does not listen."""
    text = "x" * 3_000_000
    argv = [sys.executable, "-c", "import sys; sys.stderr.write('e' * 500_000); sys.stdout.write(sys.stdin.read())"]
    ended = confine.run(argv, {}, tmp_path, text, 30, 5_000_000)
    assert ended.status == 0 and ended.out == text and len(ended.err) == 500_000
    deaf = confine.run([sys.executable, "-c", "print(1)"], {}, tmp_path, text, 30, 5_000_000)
    assert (deaf.status, deaf.out) == (0, "1\n")


def test_an_interrupt_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(confine._Talk, "until", interrupted)
    with pytest.raises(KeyboardInterrupt):
        confine.run([sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path)], {}, tmp_path, "", 30, 1000)
    assert gone(str(tmp_path))


def test_elsewhere_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert confine.why_not() == "it needs Linux (bubblewrap)"


def gone(mark: str) -> bool:
    """No process names the mark, after a moment for them to go."""
    for _ in range(60):
        lines = [_line(process) for process in Path("/proc").glob("[0-9]*")]
        if not any(mark in line for line in lines):
            return True
        time.sleep(0.05)
    return False


def _line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


# ---------------------------------------------------------------- what a program needs


def script(file: Path, first: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{first}\n")
    file.chmod(0o755)
    return file


def test_an_npm_package_comes_with_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `npm install -g` with nvm lays it out: a link in bin, a script in lib/node_modules, node beside the link."""
    root = tmp_path.resolve() / "versions" / "v22"
    main = script(root / "lib" / "node_modules" / "@scope" / "agent" / "cli.js", "#!/usr/bin/env -S node --no-warnings")
    node = script(root / "bin" / "node", "\x7fELF")
    (root / "bin" / "agent").symlink_to("../lib/node_modules/@scope/agent/cli.js")
    monkeypatch.setenv("PATH", f"{root / 'bin'}:/usr/bin:/bin")
    path = program.find("agent")
    assert path is not None
    found = program.parts(path)
    assert found.path == root / "bin" / "agent"
    assert found.links == (("../lib/node_modules/@scope/agent/cli.js", str(root / "bin" / "agent")),)
    assert set(found.paths) >= {root / "lib" / "node_modules"} and main.is_relative_to(root / "lib" / "node_modules")
    assert str(node.parent) in found.folders


@confined
def test_a_node_program_starts_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if program.find("node") is None:
        pytest.skip("no node here")
    root = tmp_path / "npm"
    main = script(root / "lib" / "node_modules" / "agent" / "cli.js", "#!/usr/bin/env node")
    main.write_text(main.read_text() + "console.log(require('./part').said, require('os').userInfo().username)\n")
    (main.parent / "part.js").write_text("exports.said = 'part'\n")
    (root / "bin").mkdir()
    (root / "bin" / "agent").symlink_to("../lib/node_modules/agent/cli.js")
    (root / "hidden").write_text("not shown")
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    one = Cell(program.parts(root / "bin" / "agent"), (), tmp_path / "work", tmp_path / "home")
    ended = play(one)
    assert (ended.status, ended.out) == (0, "part podium\n"), ended.err
    assert str(root / "hidden") not in confine.command(one) and str(root) not in confine.command(one)


def test_chains_and_loops_of_links(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    real = script(folder / "share" / "versions" / "2.1.0", "\x7fELF")
    (folder / "share" / "current").symlink_to("versions")
    (folder / "bin").mkdir()
    (folder / "bin" / "agent").symlink_to("../share/current/2.1.0")
    found = program.parts(folder / "bin" / "agent")
    assert real in found.paths and found.links == (("../share/current/2.1.0", str(folder / "bin" / "agent")),)
    (folder / "bin" / "loop").symlink_to("loop")
    program.parts(folder / "bin" / "loop")
    assert program.find("no-such-program-anywhere") is None


# ---------------------------------------------------------------- which agents are here


def test_agents_are_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from podium.testing import fake_clis

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for agent in agents.AGENTS.values():
        for key in agent.keys:
            monkeypatch.delenv(key, raising=False)
        assert agents.examine(agent) == {"path": None, "version": None, "logged_in": None, "problem": "not installed"}
        fake_clis.install(tmp_path / "bin", agent.kind)
        assert agents.examine(agent)["problem"] == "not logged in"
        file = tmp_path / agent.logins[0]
        file.parent.mkdir(parents=True)
        file.write_text('{"token": 1}')
        found = agents.examine(agent)
        assert found["logged_in"] is True and found["problem"] == "" and found["version"]
        file.write_text("{}")
        if not agent.status:
            assert agents.examine(agent)["logged_in"] is False
        monkeypatch.setenv(agent.keys[0], "key")
        assert agents.examine(agent)["logged_in"] is True
        assert agents.environment(agent, os.environ)[agent.keys[0]] == "key"
        fake_clis.install(tmp_path / "bin", agent.kind, version="0.0.1")
        assert "too old" in agents.examine(agent)["problem"]


def test_an_agent_gets_its_own_variables_alone() -> None:
    launcher = {
        "ANTHROPIC_API_KEY": "a",
        "CODEX_API_KEY": "c",
        "GEMINI_API_KEY": "",
        "HTTPS_PROXY": "p",
        "AWS_SECRET": "s",
    }
    assert agents.environment(agents.AGENTS["claude-code"], launcher) == {"ANTHROPIC_API_KEY": "a", "HTTPS_PROXY": "p"}
    assert agents.environment(agents.AGENTS["gemini-cli"], launcher) == {"HTTPS_PROXY": "p"}
