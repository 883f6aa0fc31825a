from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.arena.records import findings, likeness, schema, triage
from podium.arena.records.contest import Contest
from podium.arena.records.facts import Finding, Probe, RunFacts
from podium.arena.records.submission import BadClaim, Submission
from podium.testing import record_faults

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    return record_faults.contest(tmp_path_factory.mktemp("c") / "c")


def honest(contest: Contest) -> Submission:
    return record_faults.write(record_faults.catalogue()[0], contest)


def changed(submission: Submission, **more: Any) -> Submission:
    told = json.loads(submission.files["submission.json"]) | more
    return Submission({**submission.files, "submission.json": json.dumps(told).encode()})


def codes(submission: Submission, contest: Contest) -> list[str]:
    return [ground.code for ground in triage.examine(submission, contest, {}).problems]


def test_an_honest_one_has_no_problem(contest: Contest) -> None:
    assert codes(honest(contest), contest) == []


@given(VALUES)
def test_no_json_breaks_the_schema(value: Any) -> None:
    assert list(schema.problems(value, schema.shipped()))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("author", "", "author: expected minLength 1, found 0"),
        ("track", "fun", "track: expected one of record, speed"),
        ("bpb", True, "bpb: expected number, found true"),
        ("bpb", -1, "bpb: expected minimum 0"),
        ("date", "yesterday", "does not match"),
        ("seeds", [1.5], r"seeds\[0\]: expected integer, found 1.5"),
        ("results", [], "results: expected minItems 1"),
        ("results", [{"seed": 1}], r"results\[0\]: val_bpb is missing"),
        ("builds_on", [{"submission": 1, "technique": "t"}], r"builds_on\[0\]: author is missing"),
        ("extra", 1, "extra is not known"),
        ("author", "\ud800", "half characters"),
    ],
)
def test_the_schema_says_where_and_what(contest: Contest, field: str, value: Any, said: str) -> None:
    with pytest.raises(BadClaim, match=said):
        changed(honest(contest), **{field: value}).claim()


def test_a_log_that_is_absent_or_says_too_little(contest: Contest) -> None:
    whole = honest(contest)
    files = {name: data for name, data in whole.files.items() if name != "logs/seed_12.txt"}
    assert codes(Submission(files), contest) == ["schema"]
    assert codes(Submission({**whole.files, "logs/seed_12.txt": b"seed: 12"}), contest) == ["schema"]
    short = whole.files["logs/seed_12.txt"].replace(b"train_s: 0.5", b"train_s: none")
    assert codes(Submission({**whole.files, "logs/seed_12.txt": short}), contest) == ["schema"]


def test_seeds_figures_and_their_mean_must_agree(contest: Contest) -> None:
    whole = honest(contest)
    assert codes(changed(whole, seeds=[11, 12, 14]), contest) == ["claim_disagrees_with_logs"]
    assert codes(changed(whole, seeds=[11, 12]), contest) == ["claim_disagrees_with_logs"]
    assert codes(changed(whole, bpb=2.4), contest) == ["claim_disagrees_with_logs"]
    results = json.loads(whole.files["submission.json"])["results"]
    results[1]["eval_s"] = 0.4999
    assert codes(changed(whole, results=results), contest) == ["claim_disagrees_with_logs"]


def test_a_package_that_is_not_offered(contest: Contest) -> None:
    whole = honest(contest)
    fine = Submission({**whole.files, "requirements.txt": b"numpy>=1 # arrays\n"})
    assert "schema" not in codes(fine, contest)
    assert "schema" in codes(Submission({**whole.files, "requirements.txt": b"torch==2\n"}), contest)


def test_logs_are_of_the_code_that_was_handed_in(contest: Contest) -> None:
    whole = honest(contest)
    assert codes(Submission({**whole.files, "train.py": whole.files["train.py"] + b"\n"}), contest) == [
        "claim_disagrees_with_logs"
    ]


def test_a_copy_with_other_names_is_like_and_another_model_is_not() -> None:
    code = b"import numpy as np\n\ndef train(data, seed, deadline):\n    total = np.zeros(256)\n    for one in data.all():\n"
    code += b"        total += np.bincount(list(one), minlength=256)\n    return (total / total.sum()).tobytes()\n"
    copy = b"# mine\n" + code.replace(b"total", b"sums").replace(b"one", b"text")
    other = b"def train(data, seed, deadline):\n    return b''\n\ndef load(artifact):\n    return {n: n * 2 for n in range(99)}\n"
    assert likeness.share(likeness.shingles(copy), likeness.shingles(code)) > 0.95
    assert likeness.share(likeness.shingles(other), likeness.shingles(code)) < 0.3


@pytest.mark.parametrize("source", [b"def f(:", b"\0", b"(" * 5000, b"x = " + b"-" * 50_000 + b"1", b"\xff\xfe"])
def test_source_that_cannot_be_read_is_a_finding_and_no_crash(source: bytes) -> None:
    assert [one.kind for one in findings.find({"train.py": source})] == ["cannot be read"]
    assert likeness.shingles(source)


def test_findings_are_confirmed_dismissed_or_left_open() -> None:
    found = Finding("looks ahead", 3, "train.py:3 symbols[1:]")
    assert findings.settle([found], [])[0].state == "open"
    held = RunFacts("registered", 1, probes=(Probe("told one by one", True),))
    assert findings.settle([found], [held])[0].state == "dismissed"
    failed = RunFacts(
        "registered", 1, probes=(Probe("another future", False, reason="causality", words="first in document 3"),)
    )
    assert findings.settle([found], [held, failed])[0].state == "confirmed"
    network = Finding("network", 1, "imports socket")
    assert findings.settle([network], [held])[0].why == "the sandbox has no network"


def test_reading_a_folder_leaves_links_and_crowds_outside(tmp_path: Path) -> None:
    from podium.errors import UserError

    (tmp_path / "train.py").write_text("x" * 100)
    (tmp_path / "submission.json").write_text("{}")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "log").write_text("no name is taken")
    (tmp_path / "__pycache__" / "train.pyc").write_text("y")
    assert set(Submission.read(tmp_path, 1000).files) == {"train.py", "submission.json", "log"}
    with pytest.raises(UserError, match="is too large"):
        Submission.read(tmp_path, 100)
    (tmp_path / "a\nb").write_text("z")
    with pytest.raises(UserError, match="no file name that every system can keep"):
        Submission.read(tmp_path, 1000)
