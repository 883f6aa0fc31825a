"""How far a real model of 135 million parameters gets in each phase: `python bench/smollm.py [--attempts 1]`.

SmolLM2 on loopback. For each phase of a young campaign: a deliverable that passes the engine's check, or the SeatError
with what it cost, which is all that the seat protocol allows. Plumbing, not wit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from podium.campaign import checks
from podium.errors import SeatError
from podium.registry import Registry
from podium.team.api import ApiSeat
from podium.team.desk import Desk
from podium.team.roles import DELIVERABLE_OF, ROLE_OF
from podium.testing import seat_conformance, smollm


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--attempts", type=int, default=1)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--answer-tokens", type=int, default=400)
    options = asked.parse_args()
    passed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        smollm.served(threads=options.threads, answer_tokens=options.answer_tokens) as name,
    ):
        registry = Registry.create(Path(folder))
        registry.database.take_over()
        for phase in DELIVERABLE_OF:
            desk = Desk(ROLE_OF[phase], Path(folder), registry.transcripts, checks.check, attempts=options.attempts)
            brief, began = seat_conformance.brief(phase, seat_conformance.young()), time.monotonic()
            try:
                seat_conformance.check_phase(ApiSeat(name, desk), brief, deterministic=True)
                passed, told = passed + 1, "passed"
            except SeatError as problem:
                assert problem.usage is not None and problem.usage.tokens_in > 0, "a failure says what it cost"
                told = str(problem)
            print(f"{phase:10} {time.monotonic() - began:6.1f} s  {told[:150]}", flush=True)
        registry.close()
    print(f"{passed} of {len(DELIVERABLE_OF)} phases passed; the others ended in a SeatError that says what it cost")


if __name__ == "__main__":
    main()
