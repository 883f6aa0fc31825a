"""The API seat: typed deliverables, records before use, caps, fallback, a memory that stays small."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

pytest.importorskip("pydantic_ai")

from api_world import World, as_text
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from podium.errors import SeatError, UserError
from podium.records import Brief, Facts, Findings, Phase, Reply, Role, to_json
from podium.team import conversation
from podium.team.api import ApiSeat
from podium.team.api.models import Player, redact
from podium.team.builtin import BuiltinSeat
from podium.team.desk import Allowance
from podium.team.roles import ROLE_OF, SCOPES
from podium.testing import seat_conformance
from podium.testing.openai_server import Answer, OpenAIServer, answering, calling

BUILDERS: tuple[Phase, ...] = ("plan", "build")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def scripted(brief: Brief, model_name: str = "scripted") -> Player:
    """A model that hands in what the built-in seat would, by tool call."""

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([ToolCallPart("hand_in", to_json(BuiltinSeat().play(brief).deliverable))])

    return Player("scripted:model", FunctionModel(reply, model_name=model_name))


class Everyone:
    """Each brief to the API seat of its role: what the composition root does for a campaign."""

    name = "api"

    def __init__(self, world: World) -> None:
        self.world = world

    def play(self, brief: Brief) -> Reply:
        self.world.current = brief
        return self.world.seat(brief.role).play(brief)


def test_conformance(world: World) -> None:
    seat_conformance.conform(Everyone(world))


def test_deliverable_by_tool_call(world: World) -> None:
    brief = world.brief("plan")
    seat = ApiSeat("scripted:model", world.desk("builder"), models=[scripted(brief)])
    assert seat.play(brief).deliverable == world.good(brief)


def test_pydantic_ais_own_test_model(world: World) -> None:
    brief = world.brief("submit")
    made = TestModel(custom_output_args={"text": "Hold.", "submit": False}, call_tools=["list_files"])
    seat = ApiSeat("scripted:model", world.desk("uploader"), models=[Player("scripted:model", made)])
    assert seat.play(brief).deliverable == Findings("Hold.")


def test_an_answer_is_recorded_before_use_and_never_asked_for_again(world: World) -> None:
    brief = world.brief("review")
    world.current = brief
    steps = [lambda asked: calling(asked, "list_files", {"folder": ""}), "no JSON", as_text(world.good(brief))]
    first = world.play(brief, *steps)
    assert world.asked == 3
    again = world.play(brief)
    assert world.asked == 3, "a recorded answer was asked for again"
    assert again.deliverable == first.deliverable
    assert (again.usage.tokens_in, again.usage.tokens_out) == (first.usage.tokens_in, first.usage.tokens_out)


@pytest.mark.parametrize("crash_after", [1, 2, 3])
def test_a_crash_between_calls_costs_the_open_call_alone(world: World, crash_after: int) -> None:
    brief = world.brief("review")
    steps: list[Any] = [
        lambda asked: calling(asked, "list_files", {"folder": ""}),
        "no JSON",
        as_text(world.good(brief)),
    ]

    class Killed(BaseException):
        pass

    record, count = world.registry.transcripts.record, [0]

    def dying(key: str, *rest: Any) -> None:
        record(key, *rest)
        count[0] += "/tool/" not in key and "/ask" not in key
        if count[0] == crash_after:
            count[0] = -99
            raise Killed

    world.registry.transcripts.record = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.play(brief, *steps)
    reply = world.play(brief, *steps[crash_after:])
    assert reply.deliverable == world.good(brief)
    assert world.asked == 3


def test_figures_of_time_that_moved_on_ask_nothing_again(world: World) -> None:
    brief = world.brief("learn")
    first = world.play(brief)
    later = replace(brief, facts=replace(brief.facts, budget=replace(brief.facts.budget, time_left_s=12.0)))
    assert world.play(later).deliverable == first.deliverable
    assert world.asked == 1


def test_a_refusal_by_the_engines_check_is_fed_back(world: World) -> None:
    brief = world.brief("learn")
    wrong = as_text(Findings("It scored 0.99 [E002.score]."))
    reply = world.play(brief, wrong)
    assert reply.deliverable == world.good(brief)
    assert "[E002.score]: expected 0.86, found 0.99" in json.dumps(world.server.requests[1])


def test_gives_up_after_its_attempts_and_says_what_it_cost(world: World) -> None:
    brief = world.brief("learn")
    wrong = as_text(Findings("It scored 0.99 [E002.score]."))
    with pytest.raises(SeatError, match=r"2 answers refused.*E002\.score") as caught:
        world.play(brief, wrong, wrong, wrong, attempts=2)
    assert world.asked == 2
    assert caught.value.usage is not None
    assert caught.value.usage.tokens_in > 1000
    assert caught.value.usage.cost_usd is None, "the price of a local model is not known"


def test_the_engines_own_phases_are_not_played(world: World) -> None:
    with pytest.raises(SeatError, match="phase 'run'"):
        world.seat("builder").play(replace(world.brief("plan"), phase="run"))


# ---------------------------------------------------------------- caps and prices


def priced(brief: Brief, calls: list[int]) -> Player:
    """A model whose price is known: 1 M tokens out cost dollars."""
    good = to_json(BuiltinSeat().play(brief).deliverable)

    def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        calls.append((info.model_settings or {}).get("max_tokens", 0))
        return ModelResponse([ToolCallPart("hand_in", good)], model_name="gpt-4o", provider_name="openai")

    class Openai(FunctionModel):
        @property
        def system(self) -> str:
            return "openai"

    return Player("openai:gpt-4o", Openai(reply, model_name="gpt-4o"))


def test_cost_of_a_known_model(world: World) -> None:
    brief, calls = world.brief("submit"), []
    seat = ApiSeat("openai:gpt-4o", world.desk("uploader"), models=[priced(brief, calls)])
    usage = seat.play(brief).usage
    assert usage.cost_usd is not None
    assert 0 < usage.cost_usd < 0.1
    assert calls == [0], "no cap, no limit"


def test_caps_are_read_before_each_call(world: World) -> None:
    brief, calls = world.brief("submit"), []
    seat = ApiSeat("openai:gpt-4o", world.desk("uploader"), models=[priced(brief, calls)])
    for allowance in (Allowance(money_usd=0.0), Allowance(tokens=100), Allowance(money_usd=-1.0, tokens=10**9)):
        world.allowance = allowance
        with pytest.raises(SeatError, match="cap"):
            seat.play(brief)
    assert calls == []


def test_a_cap_bounds_the_answer(world: World) -> None:
    brief, calls = world.brief("submit"), []
    world.allowance = Allowance(tokens=5_000)
    ApiSeat("openai:gpt-4o", world.desk("uploader"), models=[priced(brief, calls)]).play(brief)
    assert 500 <= calls[0] < 5_000


def test_what_the_brief_spent_counts_before_the_ledger_knows(world: World) -> None:
    brief = world.brief("submit")
    world.allowance = Allowance(tokens=6_000)
    dear = [lambda asked: answering(asked, "no JSON", tokens=(5_000, 500))]
    with pytest.raises(SeatError, match="leaves no room") as caught:
        world.play(brief, *dear)
    assert caught.value.usage is not None
    assert caught.value.usage.tokens_in == 5_000


def test_an_unknown_price_under_a_cap_on_money_alone(world: World) -> None:
    brief = world.brief("submit")
    world.allowance = Allowance(money_usd=5.0)
    unknown = replace(scripted(brief, "nobody-knows"), name="openai:nobody-knows")
    seat = ApiSeat("openai:nobody-knows", world.desk("uploader"), models=[unknown])
    with pytest.raises(SeatError, match="cap tokens too"):
        seat.play(brief)
    world.allowance = Allowance(money_usd=5.0, tokens=100_000)
    assert seat.play(brief).usage.cost_usd is None


# ---------------------------------------------------------------- names, keys, fallback


def test_names_that_cannot_be_played(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    cases = {
        "openai:gpt-5": "Set the `OPENAI_API_KEY` environment variable$",
        "nobody:model": "cannot be used",
        "local:127.0.0.1": "has no address",
        "local:http://user:pass@127.0.0.1/v1#m": "holds a credential",
    }
    for name, told in cases.items():
        with pytest.raises(UserError, match=told) as caught:
            world.named(name, "builder")
        assert "\n" not in str(caught.value)


def test_the_next_in_the_chain_plays_where_one_cannot(world: World) -> None:
    brief = world.brief("submit")
    with OpenAIServer(lambda asked: Answer({"error": {"message": "no such key"}}, 401)) as broken:
        name = f"api:{broken.seat}|{world.server.seat}"
        world.current = brief
        first = world.named(name, "uploader").play(brief)
        assert first.deliverable == world.good(brief)
        assert (len(broken.requests), world.asked) == (1, 1)
        again = world.named(name, "uploader").play(brief)
        assert again.deliverable == first.deliverable
        assert (len(broken.requests), world.asked) == (1, 1), "after a crash nobody is asked again"


def test_credentials_reach_no_record_and_no_message(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = "sk-canary-0123456789"
    monkeypatch.setenv("PODIUM_LOCAL_API_KEY", secret)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-0123456789")
    brief = world.brief("submit")

    def echo(asked: Mapping[str, Any]) -> Answer:
        return Answer({"error": {"message": f"wrong key {secret}"}}, 401)

    with pytest.raises(SeatError) as caught:
        world.play(brief, echo)
    assert "[credential]" in str(caught.value)
    world.play(world.brief("learn"), as_text(Findings(f"The key is {secret}.")))
    assert world.server.headers[0]["authorization"] == f"Bearer {secret}"
    assert all("sk-other" not in json.dumps(headers) for headers in world.server.headers), "another service's key"
    world.registry.close()
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"sk-" not in held
    assert redact(f"x {secret} y") == "x [credential] y"


def test_without_the_extra(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    with pytest.raises(UserError, match=r"pip install 'podium\[agents\]'"):
        world.named("openai:gpt-5", "builder")


def test_inside_a_running_loop(world: World) -> None:
    """As in a notebook, whose cells run in a loop already."""
    brief = world.brief("submit")
    world.current = brief

    async def cell() -> Reply:
        return world.seat("uploader").play(brief)

    assert asyncio.run(cell()).deliverable == world.good(brief)


# ---------------------------------------------------------------- barriers

EVERYWHERE = (
    "data/labels.arrow", "data/ids.arrow", "podium.db.copy", "checks/R04.json", "rounds/R04_plan.md", "rounds/R04_review.md",
    "rounds/R04_findings.md", "rounds/R04_run.log", "rounds/R04_research_raw.md", "rounds/R00_charter.md",
    "runs/E001/solution.py", "runs/E001/fold_1/labels.arrow", "outbox/submission.csv", "seats/builder/home/token",
)  # fmt: skip


@pytest.mark.parametrize("role", get_args(Role))
def test_barriers_hold_in_all_that_is_sent_and_recorded(world: World, role: Role) -> None:
    """A model that asks for every file of the campaign: what its role may not read is in no request and no record."""
    for path in EVERYWHERE:
        (world.campaign / path).parent.mkdir(parents=True, exist_ok=True)
        (world.campaign / path).write_text(f"canary:{path}:")
    brief = world.brief(next(phase for phase, player in ROLE_OF.items() if player == role))

    def look(path: str) -> Any:
        return lambda asked: calling(asked, "read_file", {"path": path})

    reply = world.play(brief, *[look(path) for path in EVERYWHERE])
    assert reply.deliverable == world.good(brief)
    recorded = world.registry.database.rows("SELECT answer FROM answers")
    traffic = json.dumps(world.server.requests) + "".join(row["answer"] for row in recorded)
    for path in EVERYWHERE:
        assert (f"canary:{path}:" in traffic) == SCOPES[role].may_read(path), f"{role}: {path}"
    for path in ("data/labels.arrow", "podium.db.copy", "runs/E001/fold_1/labels.arrow", "seats/builder/home/token"):
        assert f"canary:{path}" not in traffic


# ---------------------------------------------------------------- memory


def test_a_specialist_remembers_its_rounds(world: World) -> None:
    world.play(world.brief("plan", seat_conformance.young()))
    world.play(world.brief("plan"))
    said = json.dumps(world.server.requests[-1]["messages"])
    assert "Brief R01_plan: plan of round 1" in said
    assert "# Brief R04_plan: plan of round 4" in said


def test_respawned_with_a_hand_over_of_its_own(world: World) -> None:
    facts = seat_conformance.under_way()
    world.play(world.brief("learn", replace(facts, round=1)))
    brief = world.brief("learn", replace(facts, round=16))
    world.play(brief, "Try trees; lines are exhausted.")
    talk = world.registry.transcripts.conversation("reflector")
    assert talk is not None
    assert (talk.generation, talk.since_round, talk.handover) == (2, 16, "Try trees; lines are exhausted.")
    said = json.dumps(world.server.requests[-1]["messages"])
    assert "Try trees; lines are exhausted." in said
    assert "Brief R01_learn" not in said
    before = world.asked
    world.play(brief)
    assert world.asked == before, "given again, neither the hand-over nor the answer is asked for"


def test_a_hand_over_that_does_not_come_is_made_up_for(world: World) -> None:
    facts = seat_conformance.under_way()
    world.play(world.brief("learn", replace(facts, round=1)))
    brief = world.brief("learn", replace(facts, round=16))
    reply = world.play(brief, *[""] * 4)
    talk = world.registry.transcripts.conversation("reflector")
    assert talk is not None
    assert reply.deliverable == world.good(brief)
    assert (talk.generation, "learnings" in talk.handover) == (2, True), "its newest answer stands in"


def test_another_seat_takes_over_the_hand_over_alone(world: World) -> None:
    world.play(world.brief("learn", replace(seat_conformance.under_way(), round=1)))
    kept = world.registry.transcripts.conversation("reflector")
    assert kept is not None
    world.registry.transcripts.keep(replace(kept, seat="another", handover="Trees are exhausted."))
    world.play(world.brief("learn"))
    talk = world.registry.transcripts.conversation("reflector")
    assert talk is not None
    assert (talk.generation, talk.seat) == (2, world.server.seat)
    said = json.dumps(world.server.requests[-1]["messages"])
    assert "Trees are exhausted." in said
    assert "Brief R01_learn" not in said


def test_a_history_that_fills_is_compacted_by_its_owner(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "HISTORY_CHARS", 1000)
    facts = seat_conformance.under_way()
    for round_ in range(1, 5):
        world.play(world.brief("learn", replace(facts, round=round_)))
    brief = world.brief("learn", replace(facts, round=5))
    world.play(brief, "Lines are weak; see E003.")
    said = json.dumps(world.server.requests[-1]["messages"])
    assert "Lines are weak; see E003." in said
    assert "Brief R01_learn" not in said
    assert "Brief R04_learn" in said
    before = world.asked
    world.play(brief)
    assert world.asked == before


def test_a_context_that_is_too_small(world: World) -> None:
    """The brief once more without former turns, and in short."""
    facts = seat_conformance.under_way()
    world.play(world.brief("learn", replace(facts, round=1)))
    brief = world.brief("learn", replace(growing(40), round=2))
    full = {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
    assert world.play(brief, Answer(full, 400)).deliverable == world.good(brief)
    long, short = (sum(len(m["content"]) for m in asked["messages"]) for asked in world.server.requests[-2:])
    assert short < 0.7 * long
    assert world.play(brief, Answer(full, 400)).deliverable == world.good(brief), "as after a crash"


@pytest.mark.slow
def test_tokens_a_round_stay_flat_over_80_rounds(world: World) -> None:
    """The builder's phases of 80 rounds, with experiments, learnings and notes piling up as the engine shows them."""
    spent: dict[int, int] = dict.fromkeys(range(1, 81), 0)
    seat = world.seat("builder")
    for round_ in spent:
        for phase in BUILDERS:
            world.current = world.brief(phase, growing(round_))
            usage = seat.play(world.current).usage
            spent[round_] += usage.tokens_in + usage.tokens_out
    talk = world.registry.transcripts.conversation("builder")
    assert talk is not None
    assert talk.generation == 6
    assert spent[80] <= 1.2 * spent[20], spent
    early, late = (sum(spent[r] for r in range(start, start + 15)) for start in (16, 61))
    assert late <= 1.2 * early, spent
    assert max(spent.values()) <= 2 * sorted(spent.values())[40], spent


def growing(round_: int) -> Facts:
    """The facts of a campaign that has lasted `round_` rounds, bounded as the engine bounds them."""
    facts = seat_conformance.under_way()
    tried = tuple(
        replace(
            facts.experiments[i % 3],
            id=f"E{i:03d}",
            round=i // 3 + 1,
            score=0.8 + 0.0001 * i,
            hypothesis=f"idea {i}: " + "view of the data " * 12,
        )
        for i in range(1, 3 * round_)
    )
    return replace(
        facts, round=round_, experiments=tried[-60:], n_experiments=len(tried), blends=facts.blends * 6, champion=None,
        notes=tuple(f"note {i} " * 20 for i in range(round_)),
        learnings=facts.learnings * round_,
    )  # fmt: skip
