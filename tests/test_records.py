from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.records import (
    ExperimentSpec,
    Limits,
    Plan,
    Recipe,
    Review,
    RunExit,
    dumps,
    from_json,
    to_json,
)

names = st.text(max_size=20)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), names)
recipes = st.builds(
    Recipe, names, names, st.dictionaries(names, values, max_size=4), st.dictionaries(names, values, max_size=4)
)
specs = st.builds(
    ExperimentSpec,
    name=names,
    hypothesis=names,
    operator=st.sampled_from(["draft", "improve", "debug", "crossover", "ablate", "replicate"]),
    family=names,
    parents=st.lists(names, max_size=3).map(tuple),
    expected_gain=st.floats(allow_nan=False, allow_infinity=False),
    recipe=st.none() | recipes,
    seed_offset=st.integers(0, 100),
)


@given(st.builds(Plan, st.lists(specs, max_size=3).map(tuple), names))
def test_records_survive_json(plan: Plan) -> None:
    assert from_json(Plan, json.loads(dumps(plan))) == plan


@given(st.builds(Plan, st.lists(specs, max_size=3).map(tuple), names))
def test_canonical_json_does_not_depend_on_key_order(plan: Plan) -> None:
    shuffled = json.loads(json.dumps(to_json(plan), sort_keys=False))
    assert dumps(from_json(Plan, dict(reversed(shuffled.items())))) == dumps(plan)


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (Limits, {"memory_mb": 5}, "Limits: missing field 'wall_s'"),
        (Limits, {"wall_s": 1, "memory_mb": 5, "ram": 1}, "Limits: unknown field 'ram'"),
        (Limits, {"wall_s": "long", "memory_mb": 5}, "Limits.wall_s: expected float; found 'long'"),
        (Limits, {"wall_s": 1.0, "memory_mb": True}, "Limits.memory_mb: expected int"),
        (Plan, {"experiments": {}, "text": ""}, "Plan.experiments: expected a list"),
        (Plan, {"experiments": [{"name": "a"}], "text": ""}, r"Plan.experiments\[0\]: missing field 'hypothesis'"),
        (
            Review,
            {"verdict": "MAYBE", "reason": "", "checks": [], "text": ""},
            "Review.verdict: expected one of APPROVED",
        ),
        (RunExit, [], "RunExit: expected an object; found list"),
    ],
)
def test_what_does_not_fit_is_named(kind: type, data: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(kind, data)
