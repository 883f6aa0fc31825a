"""A scripted language model that plays every role by itself: plans code experiments, writes them, checks and reviews them.

It knows a brief by its id alone, so its answers are a pure function of round and phase: what a killed campaign and an
unkilled one must both make of them is the same.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from podium.records import (
    Build,
    Charter,
    Check,
    Checks,
    Deliverable,
    ExperimentSpec,
    Findings,
    Plan,
    QaCheck,
    Requirement,
    ResearchBrief,
    Review,
    Stack,
    dumps,
)
from podium.testing.openai_server import Answer, answering, brief_id

LEAVES = (7, 15, 31, 63, 20, 45)
QA_SOURCE = "import numpy as np\n\n\ndef check(frame, predictions):\n    assert np.isfinite(predictions).all()\n"


def deliverable(id_: str) -> Deliverable:
    """What the model hands back for a brief. Raises KeyError for a phase that no role plays."""
    round_, phase = int(id_[1:3]), id_[4:]
    leaves = LEAVES[round_ % len(LEAVES)]
    spec = ExperimentSpec(
        f"LightGBM with {leaves} leaves",
        f"round {round_}: trees of {leaves} leaves see interactions that others do not",
        "draft",
        "code_lightgbm",
        expected_gain=0.001,
        cost_s=2.0,
    )
    checks = (
        QaCheck("predictions differ", "use the features", "varies", "Q1"),
        QaCheck("predictions are finite", "predict numbers", "source", "Q1", source=QA_SOURCE),
    )
    review = Check("tunnel_vision", True, float(round_), "one family so far, by script")
    made: dict[str, Deliverable] = {
        "charter": Charter(
            "# Charter\n", (Requirement("Q1", "Predictions use the features."),), {"id_column": "nobody"}
        ),
        "stack": Stack(("numpy", "polars", "lightgbm"), "# Stack\n"),
        "research": ResearchBrief((), f"Round {round_}: number of leaves.", "raw notes"),
        "plan": Plan((spec,), f"# Round {round_}\n"),
        "revise": Plan((spec,), f"# Round {round_}, revised\n"),
        "review": Review("APPROVED", "it differs", (review,), "# Review\n"),
        "checks": Checks(checks, "# QA\n"),
        "build": Build((solution(leaves),)),
        "submit": Findings("submit", (), True),
        "learn": Findings(f"# Round {round_}\n"),
        "retro": Findings("# Retro\n"),
    }
    return made[phase]


def solution(leaves: int) -> str:
    text = (resources.files("podium.testing") / "scripted_solution.txt").read_text("utf-8")
    return text.replace("{leaves}", str(leaves))


@dataclass
class ScriptedModel:
    """The server's side: answers each request after `wait_s`, and counts them by brief."""

    wait_s: float = 0.0
    asked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, request: Mapping[str, Any]) -> Answer:
        id_ = brief_id(request)
        with self._lock:
            self.asked[id_] = self.asked.get(id_, 0) + 1
        time.sleep(self.wait_s)
        return answering(request, json.dumps(json.loads(dumps(deliverable(id_)))))

    @property
    def requests(self) -> int:
        return sum(self.asked.values())
