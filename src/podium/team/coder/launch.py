"""Starting an agent for one call: shut in with its workspace and its own login, or, with the user's leave, not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError
from podium.execution import agents, confine, program
from podium.execution.confine import Cell, Ended
from podium.execution.program import Program
from podium.team.coder.adapter import Adapter, Request
from podium.team.outside import OUTPUT_BYTES, refusal
from podium.team.workspace import GIVEN, Workspace


@dataclass(frozen=True)
class Launcher:
    """`confined`: inside bubblewrap. Otherwise it runs as the user, with the user's own home folder."""

    adapter: Adapter
    program: Program
    confined: bool

    def call(self, request: Request, space: Workspace, wall_s: float) -> Ended:
        space.lay(self.adapter.files(request))
        words, given = self.adapter.arguments(request), self.adapter.given(request)
        env = agents.environment(self.adapter.agent, os.environ)
        if not self.confined:
            argv = confine.unconfined(self.program, words)
            home = str(Path.home())
            outside = confine.environment(Cell(self.program, (), space.work, space.home, env=env), home=home)
            return confine.run(argv, outside, space.work, given, wall_s, OUTPUT_BYTES)
        space.keep(self.adapter.settings(request, Path.home()))
        cell = Cell(
            self.program,
            tuple(words),
            space.work,
            space.home,
            read_only=((str(space.given), f"{confine.WORK}/{GIVEN}"),),
            writable=self._logins(space),
            env=env,
        )
        return confine.run(confine.command(cell), confine.environment(cell), space.work, given, wall_s, OUTPUT_BYTES)

    def _logins(self, space: Workspace) -> tuple[tuple[str, str], ...]:
        """Writable, for an agent renews its login, and a renewed one that is lost logs the user out."""
        files = agents.logins(self.adapter.agent, Path.home())
        names = [file.relative_to(Path.home()).as_posix() for file in files]
        for place in map(space.place, names):
            if place.is_symlink():
                place.unlink()
        return tuple((str(file), f"{confine.HOME}/{name}") for file, name in zip(files, names, strict=True))


def launcher(adapter: Adapter, unconfined: bool) -> Launcher:
    """Raises UserError: not installed, not logged in, or it cannot be confined here and the user has not given leave."""
    agent = adapter.agent
    path = program.find(agent.program)
    if path is None:
        raise UserError(
            f"{agent.kind} is not installed", expected=f"`{agent.program}` on the PATH", remedy=agent.install
        )
    problem = confine.why_not()
    if problem is not None and not unconfined:
        raise refusal(agent.kind, problem)
    if problem is None and not agents.has_login(agent):  # inside there is no other login than these
        raise UserError(f"{agent.kind} is not logged in", remedy=f"{agent.login}; `podium doctor agents` looks again")
    return Launcher(adapter, program.parts(path), problem is None)
