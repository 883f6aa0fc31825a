"""Roles: who plays what, and what each may touch."""

from __future__ import annotations

from typing import get_args

import pytest

from podium.records import Phase, Role
from podium.team.roles import DELIVERABLE_OF, ROLE_OF, SCOPES


def test_every_phase_is_a_seats_or_the_engines() -> None:
    engines = {"eda", "run", "verify", "decide"}
    assert set(ROLE_OF) == set(DELIVERABLE_OF) == set(get_args(Phase)) - engines
    assert set(SCOPES) == set(get_args(Role))


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize(
    "path", ["podium.db", "vault/labels.npy", "data/truth.npy", "../other/state.json", "/etc/passwd"]
)
def test_no_role_reads_the_truth_or_leaves_the_campaign(role: Role, path: str) -> None:
    assert not SCOPES[role].may_read(path)
    assert not SCOPES[role].may_write(path)


def test_climbing_out_of_an_allowed_folder_is_refused() -> None:
    assert SCOPES["builder"].may_write("runs/E001/solution.py")
    assert not SCOPES["builder"].may_write("runs/../podium.db/solution.py")


def test_qa_and_builder_are_blind_to_each_other() -> None:
    assert SCOPES["qa"].may_write("checks/E003.py")
    assert not SCOPES["builder"].may_read("checks/E003.py")
    assert not SCOPES["qa"].may_read("runs/E003/solution.py")
    assert not SCOPES["qa"].may_read("rounds/R03_experiment.py")


def test_only_one_role_writes_a_file() -> None:
    for path in (
        "rounds/R03_plan.md",
        "rounds/R03_review.md",
        "rounds/R03_findings.md",
        "rounds/R03_research_brief.md",
    ):
        assert sum(scope.may_write(path) for scope in SCOPES.values()) == 1, path


def test_raw_research_is_never_fed_back() -> None:
    readers = {role for role, scope in SCOPES.items() if scope.may_read("rounds/R02_research_raw.md")}
    assert readers == {"researcher"}
