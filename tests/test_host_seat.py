"""The host seat: briefs are published, deliveries taken once, specialists re-spawned with a hand-over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from host_world import Hosted

from podium.campaign import checks
from podium.cli.host import handed_out
from podium.cli.main import main
from podium.errors import AwaitingHost, BadDeliverable, Refused, SeatError
from podium.records import Brief, Findings, Phase, Plan, ResearchBrief, Role, to_json
from podium.registry import Registry
from podium.registry.deliveries import Session
from podium.registry.transcripts import Conversation
from podium.team.choose import seat as choose_seat
from podium.team.desk import Desk
from podium.team.host import SPECIALISTS, HostSeat
from podium.team.roles import ROLE_OF, SCOPES
from podium.testing import seat_conformance


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    found = Registry.create(tmp_path)
    yield found
    found.close()


def seat_of(registry: Registry, role: Role = "builder", respawn_rounds: int = 15) -> HostSeat:
    campaign = registry.database.path.parent
    return HostSeat(Desk(role, campaign, registry.transcripts, checks.check, respawn_rounds))


def brief(phase: Phase, round_: int = 1) -> Brief:
    return seat_conformance.brief(phase, replace(seat_conformance.young(), round=round_))


def publish(registry: Registry, asked: Brief, **options: int) -> Session:
    """The session of a brief that now waits."""
    with pytest.raises(AwaitingHost) as waiting:
        seat_of(registry, asked.role, **options).play(asked)
    assert waiting.value.brief_id == asked.id
    published = registry.deliveries.published(asked.id)
    assert published is not None
    return published.session


def test_conforms_over_the_command_line(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def hand_in(brief_id: str, deliverable: Any) -> None:
        path = tmp_path / "answer.json"
        path.write_text(json.dumps(deliverable))
        assert main(["deliver", str(tmp_path), brief_id, str(path)]) == 0

    seat_conformance.conform(Hosted(registry, hand_in))


def test_is_chosen_by_name(registry: Registry, tmp_path: Path) -> None:
    assert isinstance(choose_seat("host", Desk("qa", tmp_path, registry.transcripts, checks.check)), HostSeat)


def test_publishes_what_the_role_is_shown_and_nothing_else(registry: Registry) -> None:
    asked = brief("plan")
    publish(registry, asked)
    published = registry.deliveries.published(asked.id)
    assert published is not None and to_json(published.brief) == to_json(asked)
    assert registry.deliveries.waiting() == asked.id


def test_a_brief_given_again_keeps_the_time_of_the_first(registry: Registry) -> None:
    publish(registry, brief("plan"))
    first = registry.deliveries.published("R01_plan")
    publish(registry, replace(brief("plan"), reads=("results.tsv",)))
    again = registry.deliveries.published("R01_plan")
    assert first is not None and again is not None
    assert again.at == first.at and again.brief.reads == ("results.tsv",)


def test_the_first_delivery_stays(registry: Registry) -> None:
    publish(registry, brief("learn"))
    registry.deliveries.hand_in("R01_learn", Findings("first"))
    with pytest.raises(Refused, match="handed in before"):
        registry.deliveries.hand_in("R01_learn", Findings("second"))
    with pytest.raises(Refused, match="handed in before"):
        registry.deliveries.decline("R01_learn", "too late")
    reply = seat_of(registry).play(brief("learn"))
    assert reply.deliverable == Findings("first")
    assert reply.usage.cost_usd is None and reply.usage.wall_s >= 0  # nobody told us what it cost: unknown, not nothing
    assert registry.deliveries.waiting() is None


def test_a_declined_brief_is_a_seat_error(registry: Registry) -> None:
    publish(registry, brief("plan"))
    registry.deliveries.decline("R01_plan", "the model refuses")
    with pytest.raises(SeatError, match="declined: the model refuses"):
        seat_of(registry).play(brief("plan"))


def test_a_delivery_of_an_older_podium_names_its_field(registry: Registry) -> None:
    publish(registry, brief("plan"))
    registry.deliveries.hand_in("R01_plan", Findings("of another kind"))
    with pytest.raises(BadDeliverable, match="Plan"):
        seat_of(registry).play(brief("plan"))


def test_the_engines_phases_are_nobodys(registry: Registry) -> None:
    with pytest.raises(SeatError):
        seat_of(registry).play(replace(brief("plan"), phase="run"))


def test_specialists_keep_their_session_and_the_others_begin_anew(registry: Registry) -> None:
    for round_ in (1, 2, 3):
        assert publish(registry, brief("research", round_)) == Session("researcher-1", persistent=True)
        assert publish(registry, brief("learn", round_)) == Session(f"reflector-R{round_:02d}_learn")
        assert publish(registry, brief("checks", round_)) == Session(f"qa-R{round_:02d}_checks")
    assert set(SPECIALISTS) == {"researcher", "builder", "reviewer"}


def test_a_specialist_is_respawned_with_the_hand_over_it_wrote(registry: Registry) -> None:
    def asked(round_: int) -> Session:
        return publish(registry, brief("research", round_), respawn_rounds=3)

    def hand_in(round_: int, handover: str = "") -> None:
        registry.deliveries.hand_in(f"R{round_:02d}_research", ResearchBrief((), "", ""), handover)

    for round_ in (1, 2, 3):
        assert asked(round_) == Session("researcher-1", True)
        hand_in(round_)
    assert asked(4) == Session("researcher-1", True, respawn=True)
    hand_in(4)  # it forgot the hand-over, so it is asked again
    assert asked(5) == Session("researcher-1", True, respawn=True)
    assert asked(5) == Session("researcher-1", True, respawn=True)  # a crash, and the brief is given again
    hand_in(5, "trees first; beware of the dates")
    for _ in range(2):
        assert asked(6) == Session("researcher-2", True, handover="trees first; beware of the dates")
    hand_in(6)
    assert asked(7) == Session("researcher-2", True)  # it has read it


def test_another_seats_conversation_is_not_continued(registry: Registry) -> None:
    registry.transcripts.keep(Conversation("builder", "openai:gpt-5", generation=4, last_brief="R01_build"))
    assert publish(registry, brief("plan", 2)) == Session("builder-1", True)


def test_every_phase_can_be_published_and_read_back(registry: Registry) -> None:
    for facts in (seat_conformance.young(), seat_conformance.under_way()):
        for phase, role in ROLE_OF.items():
            asked = seat_conformance.brief(phase, facts)
            publish(registry, asked)
            found = registry.deliveries.published(asked.id)
            shown = replace(asked, facts=SCOPES[role].shown(asked.facts))
            assert found is not None and found.brief.role == role and to_json(found.brief) == to_json(shown)


def test_a_closed_brief_waits_for_nobody(registry: Registry) -> None:
    publish(registry, brief("plan"))
    assert not registry.deliveries.is_closed("R01_plan")
    registry.journal.step(1, "plan", Plan, lambda: Plan((), "played by another"))
    assert registry.deliveries.is_closed("R01_plan") and registry.deliveries.waiting() is None


def test_what_a_respawned_specialist_is_handed_out(registry: Registry, tmp_path: Path) -> None:
    def handed(round_: int) -> tuple[dict[str, Any], str]:
        publish(registry, brief("research", round_), respawn_rounds=1)
        published = registry.deliveries.published(f"R{round_:02d}_research")
        assert published is not None
        values = handed_out(tmp_path, published, with_brief=False)
        return values, Path(values["files"]["brief"]).read_text()

    values, text = handed(1)
    assert "handover" not in values["files"] and "last brief" not in text
    registry.deliveries.hand_in("R01_research", ResearchBrief((), "", ""))
    values, text = handed(2)
    assert values["session"]["respawn"] and "Your last brief" in text and values["files"]["handover"] in text
    assert f"--handover {values['files']['handover']}" in values["deliver"]
    registry.deliveries.hand_in("R02_research", ResearchBrief((), "", ""), "beware of the dates")
    values, text = handed(3)
    assert values["session"]["name"] == "researcher-2" and "beware of the dates" in text
