"""Every fault at every step of a submission: what is raised says truly whether something was sent."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kaggle_world import playing, submission

from podium.errors import Refused, UserError
from podium.platforms.platform import AmbiguousSend, Unreachable
from podium.testing.fake_kaggle import AFTER, KINDS
from podium.testing.fake_kaggle.environment import changed

pytest.importorskip("kagglesdk")

from podium.platforms.kaggle import Kaggle
from podium.platforms.kaggle.failures import translated

BEFORE_SENDING = ("StartSubmissionUpload", "Upload")
FAULTS = tuple(kind for kind in KINDS if kind not in ("ok", "truncated", "403"))


def patience(kind: str) -> float:
    """Seconds: short only where a time-out is waited for, as tests share their machine."""
    return 1.0 if "timeout" in kind else 20.0


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("call", BEFORE_SENDING)
def test_a_fault_before_the_submission_sends_nothing(call: str, kind: str, tmp_path: Path) -> None:
    with playing(timeout_s=patience(kind)) as fake:
        fake.faults.then(call, kind)
        file = submission(tmp_path)
        if call == "Upload" and kind == "garbage_after":  # the bytes are there, and the status said so
            Kaggle("tiny").submit(file, "t", "")
            return
        with pytest.raises(Unreachable):
            Kaggle("tiny").submit(file, "t", "")
        assert not fake.accepted
        assert fake.count("CreateSubmission") == 0
        assert fake.count(call) == 1, "the engine decides what is tried again"
        Kaggle("tiny").submit(file, "t", "")
        assert [one.tag for one in Kaggle("tiny").submissions()] == ["t"]


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "429"])
def test_a_submission_whose_answer_is_lost_is_ambiguous_and_sent_once(kind: str, tmp_path: Path) -> None:
    with playing(timeout_s=patience(kind)) as fake:
        fake.faults.then("CreateSubmission", kind)
        with pytest.raises(AmbiguousSend):
            Kaggle("tiny").submit(submission(tmp_path), "t", "")
        assert fake.count("CreateSubmission") == 1
        assert len(fake.accepted) == (kind in AFTER)
        assert len(Kaggle("tiny").submissions()) == (kind in AFTER)


def test_a_submission_may_arrive_after_it_was_given_up(tmp_path: Path) -> None:
    with playing() as fake:
        fake.faults.then("CreateSubmission", "late")
        kaggle = Kaggle("tiny")
        with pytest.raises(AmbiguousSend):
            kaggle.submit(submission(tmp_path), "t", "")
        assert kaggle.submissions() == []
        assert kaggle.settles_s > fake.late_s
        fake.clock.advance(seconds=fake.late_s)
        assert [one.tag for one in kaggle.submissions()] == ["t"]


def test_too_many_requests_say_how_long_to_wait(tmp_path: Path) -> None:
    with playing() as fake:
        for call in ("StartSubmissionUpload", "Upload", "CreateSubmission"):
            fake.faults.then(call, "429", retry_after_s=17)
            with pytest.raises(Unreachable) as caught:
                Kaggle("tiny").submit(submission(tmp_path), "t", "")
            assert caught.value.retry_after_s == 17
        assert not fake.accepted


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "reset", "timeout", "garbage_after"])
@pytest.mark.parametrize(
    ("call", "method"),
    [("ListSubmissions", "submissions"), ("GetSubmissionLimits", "quota"), ("GetLeaderboard", "leaderboard")],
)
def test_a_question_without_an_answer_can_be_asked_again(call: str, method: str, kind: str) -> None:
    with playing(timeout_s=patience(kind)) as fake:
        fake.faults.then(call, kind)
        with pytest.raises(Unreachable):
            getattr(Kaggle("tiny"), method)()
        assert fake.count(call) == 1
        getattr(Kaggle("tiny"), method)()


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """Refused at once, also in the middle of a submission: nothing left this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with playing() as fake, changed({"KAGGLE_API_ENDPOINT": f"http://127.0.0.1:{port}"}):
        with pytest.raises(Unreachable):
            Kaggle("tiny").submit(submission(tmp_path), "t", "")
        assert not fake.requests


def test_credentials_that_are_not_taken(tmp_path: Path) -> None:
    with playing() as fake, changed({"KAGGLE_API_TOKEN": "KGAT_wrong"}):
        with pytest.raises(UserError, match="does not take these credentials"):
            Kaggle("tiny").submit(submission(tmp_path), "t", "")
        assert not fake.accepted


@pytest.mark.parametrize(
    ("step", "said", "kind", "words"),
    [
        ("ask", "Permission 'competitions.get' was denied", UserError, "check the name"),
        ("prepare", "Permission 'competitions.participate' was denied", UserError, "check the name"),
        (
            "send",
            "You cannot submit until you accept the competition rules",
            UserError,
            "rules of tiny are not accepted",
        ),
        ("send", "The competition has ended", Refused, "has ended"),
        ("ask", "", UserError, "403"),
    ],
)
def test_what_a_403_means(step: Any, said: str, kind: type[Exception], words: str) -> None:
    """Words that the service has used (Kaggle/kaggle-cli, issues 152, 177, 530)."""
    import requests

    response = requests.Response()
    response.status_code, response._content = 403, json.dumps({"code": 403, "message": said}).encode()
    found = translated(requests.HTTPError(response=response), "trying", "tiny", step)
    assert isinstance(found, kind)
    assert words in str(found)


def test_a_refusal_of_the_submission_itself(tmp_path: Path) -> None:
    with playing() as fake:
        fake.faults.then("CreateSubmission", "403")
        with pytest.raises(Refused, match="403: something went wrong"):
            Kaggle("tiny").submit(submission(tmp_path), "t", "")
        assert not fake.accepted


def test_an_empty_file_is_uploaded_with_its_length(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    with playing(score=lambda file: (_ for _ in ()).throw(ValueError("empty"))) as fake:
        Kaggle("tiny").submit(tmp_path / "empty.csv", "t", "")
        assert fake.accepted[0].size == 0


QUICK = [kind for kind in FAULTS if "timeout" not in kind]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(st.tuples(st.sampled_from([*BEFORE_SENDING, "CreateSubmission"]), st.sampled_from(QUICK)), max_size=8)
)
def test_what_is_raised_is_true_under_any_schedule(plan: list[tuple[str, str]], tmp_path: Path) -> None:
    with playing(daily=3) as fake:
        for call, kind in plan:
            fake.faults.then(call, kind)
        for number in range(8):
            before = len(fake.accepted)
            try:
                Kaggle("tiny").submit(submission(tmp_path), f"t{number}", "")
                new = {1}
            except (Unreachable, Refused):
                new = {0}
            except AmbiguousSend:
                new = {0, 1}
            assert len(fake.accepted) - before in new
        assert fake.most_on_a_day("tiny") <= 3
