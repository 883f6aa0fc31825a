from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.arena.records import corpus as corpora
from podium.cli.arena_record import app
from podium.errors import Refused, UserError
from podium.testing import record_faults, record_text

Told = Callable[..., dict[str, Any]]


@pytest.fixture
def podium(capsys: pytest.CaptureFixture[str]) -> Told:
    def call(*words: object) -> dict[str, Any]:
        capsys.readouterr()
        app(args=[*map(str, words), "--json"], standalone_mode=False)
        return dict(json.loads(capsys.readouterr().out))

    return call


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    texts = record_text.documents(60, seed=7, length=60)
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(json.dumps({"text": text.decode()}) for text in texts), "utf-8")
    rules = {"train_s": 20, "evaluate_s": 20, "seeds": 2, "min_level": "process", "block": 24, "replay_symbols": 200}
    (tmp_path / "rules.json").write_text(json.dumps(rules))
    return path


def make(podium: Told, tmp_path: Path, corpus: Path) -> Path:
    folder = tmp_path / "contest"
    rules = ("--rules", tmp_path / "rules.json", "--validation", 10, "--reserve", 10)
    made = podium("create", folder, "--from", corpus, *rules)
    assert made["scored_bytes"] == 600
    return folder


def test_a_contest_from_its_making_to_a_record_and_its_fall(podium: Told, tmp_path: Path, corpus: Path) -> None:
    folder = make(podium, tmp_path, corpus)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "train.py").write_bytes(record_faults.catalogue()[0].files(None)["train.py"])  # type: ignore[arg-type]
    claimed = podium("rehearse", folder, mine, "--author", "Ada", "--name", "pairs", "--seed", 5)
    assert [one["seed"] for one in claimed["results"]] == [5]
    assert podium("submit", folder, mine)["number"] == 1
    with pytest.raises(Refused, match="is submission 1 already"):
        podium("submit", folder, mine)
    assert [one["name"] for one in podium("queue", folder)["queue"]] == ["pairs"]
    reviewed = podium("review", folder)["reviewed"]
    assert [(one["number"], one["verdict"]["kind"]) for one in reviewed] == [(1, "record")]
    assert podium("queue", folder)["queue"] == []
    assert [one["author"] for one in podium("history", folder)["records"]] == ["Ada"]
    shown = podium("show", folder, 1)
    assert [run["purpose"] for run in shown["runs"]] == ["registered", "registered", "claimed"]
    assert shown["verdict"]["reasons"][0]["code"] == "first"
    assert "Ada" in Path(podium("page", folder)["page"]).read_text("utf-8")
    assert podium("invalidate", folder, 1, "--reason", "it was a joke")["rest_on_it"] == []
    assert podium("history", folder)["records"] == []


def test_a_rehearsal_of_what_would_be_invalid_says_why(podium: Told, tmp_path: Path, corpus: Path) -> None:
    folder = make(podium, tmp_path, corpus)
    mine = tmp_path / "mine"
    mine.mkdir()
    fault = next(one for one in record_faults.catalogue() if one.name == "n-grams that sum to 277")
    (mine / "train.py").write_bytes(fault.files(None)["train.py"])  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"would be invalid \(normalisation\).*sums to 277"):
        podium("rehearse", folder, mine, "--seed", 5)
    assert not (mine / "submission.json").exists()


def test_mistakes_are_told_in_one_line(podium: Told, tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(UserError, match="is no contest of the record track"):
        podium("queue", tmp_path)
    folder = make(podium, tmp_path, corpus)
    with pytest.raises(UserError, match="holds a contest already"):
        podium("create", folder, "--from", corpus, "--validation", 10, "--reserve", 10)
    with pytest.raises(UserError, match="too few documents; expected 144 or more; found 60"):
        podium("create", tmp_path / "other", "--from", corpus)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"is no submission; expected a folder with train\.py"):
        podium("submit", folder, tmp_path / "empty")
    with pytest.raises(UserError, match="there is no submission 3"):
        podium("show", folder, 3)
    (tmp_path / "rules.json").write_text('{"seed": 1}')
    with pytest.raises(UserError, match="states no rules"):
        podium("create", tmp_path / "third", "--from", corpus, "--rules", tmp_path / "rules.json")
    (tmp_path / "rules.json").write_text('{"seeds": 1}')
    with pytest.raises(UserError, match="expected 2 seeds or more"):
        podium("create", tmp_path / "third", "--from", corpus, "--rules", tmp_path / "rules.json")


def test_the_rules_in_the_docs_are_rules(tmp_path: Path) -> None:
    docs = (Path(__file__).parents[1] / "docs" / "records.md").read_text("utf-8")
    path = tmp_path / "rules.json"
    path.write_text(docs.split("```json\n")[1].split("```")[0])
    assert corpora.limits(path).block == 64


def test_a_link_in_a_submission_is_refused(podium: Told, tmp_path: Path, corpus: Path) -> None:
    folder = make(podium, tmp_path, corpus)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "train.py").write_text("")
    (mine / "submission.json").write_text("{}")
    (mine / "answers").symlink_to(folder / "hidden" / "reserve.docs")
    with pytest.raises(UserError, match="is no ordinary file"):
        podium("submit", folder, mine)
