"""A real seat that plays back deliverables: for tests, chaos runs, and replaying what another seat once did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from podium.errors import BadDeliverable, SeatError
from podium.records import Brief, Deliverable, Reply, Usage, from_json, to_json
from podium.team.roles import DELIVERABLE_OF
from podium.team.seat import Seat


class ScriptedSeat:
    """Plays the deliverable of a brief's id (`R03_plan`), or else of its phase (`plan`), from a mapping or a folder.

    A folder holds `<id>.json` or `<phase>.json`, each with a deliverable as `podium.records.to_json` writes it, read
    when it is played. What the script lacks is played by `otherwise`; without one it is a SeatError. The seat keeps no
    count, so a brief given again after a crash gets the same reply.
    """

    def __init__(
        self,
        script: Mapping[str, Deliverable] | Path,
        *,
        name: str = "scripted",
        otherwise: Seat | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.name, self.script, self.otherwise, self.usage = name, script, otherwise, usage or Usage()

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError where the script has nothing for the brief, BadDeliverable where it has the wrong type."""
        wanted = DELIVERABLE_OF.get(brief.phase)
        if wanted is None:
            raise SeatError(f"phase {brief.phase!r}: expected one of {', '.join(DELIVERABLE_OF)}")
        for key in (brief.id, brief.phase):
            found = self._find(key, wanted)
            if found is not None:
                if not isinstance(found, wanted):
                    raise BadDeliverable(f"script {key}: expected a {wanted.__name__}, found a {type(found).__name__}")
                return Reply(found, self.usage)
        if self.otherwise is not None:
            return self.otherwise.play(brief)
        raise SeatError(f"brief {brief.id}: the script has neither {brief.id!r} nor {brief.phase!r}")

    def _find(self, key: str, wanted: type[Deliverable]) -> Deliverable | None:
        if not isinstance(self.script, Path):
            return self.script.get(key)
        path = self.script / f"{key}.json"
        try:
            return from_json(wanted, json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except ValueError as problem:
            raise BadDeliverable(f"{path.name}: {problem}") from problem


def write_script(folder: Path, key: str, deliverable: Deliverable) -> Path:
    """Add a deliverable to a folder that `ScriptedSeat` plays; `key` is a brief's id or a phase."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.json"
    path.write_text(json.dumps(to_json(deliverable), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
