from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from kaggle_world import FILES, contest, playing, submission

from podium.errors import Refused, UserError
from podium.testing import platform_conformance
from podium.testing.fake_kaggle import FakeKaggle
from podium.testing.fake_kaggle.environment import changed, without_credentials

pytest.importorskip("kagglesdk")

from podium.platforms.kaggle import Kaggle, guide_text
from podium.platforms.kaggle.listing import competitions
from podium.platforms.kaggle.tags import described, tag_of

NIGHT = datetime(2030, 3, 31, 23, 59, tzinfo=UTC)


def test_passes_the_conformance_suite(tmp_path: Path) -> None:
    with playing():
        platform_conformance.check(Kaggle("tiny"), submission(tmp_path), tmp_path / "files")


def test_a_submission_comes_back_with_its_tag_and_scores(tmp_path: Path) -> None:
    with playing(scoring_s=60) as fake:
        sent = Kaggle("tiny").submit(submission(tmp_path, 0.75), "podium-0123456789ab", "round 3: a\nbetter blend")
        (listed,) = Kaggle("tiny").submissions()
        assert sent.id == listed.id == str(fake.accepted[0].ref)
        assert (listed.tag, listed.status, listed.public_score) == ("podium-0123456789ab", "pending", None)
        fake.clock.advance(minutes=2)
        (listed,) = Kaggle("tiny").submissions()
        assert (listed.status, listed.public_score, listed.private_score) == ("complete", 0.75, None)
        assert fake.accepted[0].description == "[podium-0123456789ab] round 3: a better blend"


def test_private_scores_are_told_after_the_deadline(tmp_path: Path) -> None:
    with playing(deadline=NIGHT) as fake:
        Kaggle("tiny").submit(submission(tmp_path), "t", "")
        fake.clock.set(NIGHT)
        assert Kaggle("tiny").submissions()[0].private_score == 0.25


def test_a_file_that_cannot_be_scored_is_listed_with_what_the_contest_said(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("a,b\n1,2\n")
    with playing():
        Kaggle("tiny").submit(file, "t", "")
        (listed,) = Kaggle("tiny").submissions()
        assert (listed.status, listed.message) == ("error", "expected the header id,y")


def test_all_pages_of_submissions_are_listed_oldest_first_each_once(tmp_path: Path) -> None:
    with playing(daily=500) as fake:
        for number in range(230):
            fake.state.accept(fake.state.contests["tiny"], f"{number}.csv", b"id,y\n400,0\n", f"[t{number}] x")
        listed = Kaggle("tiny").submissions()
        assert [one.tag for one in listed] == [f"t{number}" for number in range(230)]
        assert fake.count("ListSubmissions") == 3


def test_a_list_whose_token_comes_again_ends(tmp_path: Path) -> None:
    """Older services ignore tokens, and give the first page for each."""
    with playing() as fake:
        Kaggle("tiny").submit(submission(tmp_path), "t", "")
        listing = fake.calls["ListSubmissions"]
        fake.calls["ListSubmissions"] = lambda fake, request: {
            **listing(fake, {**request, "pageToken": ""}),
            "nextPageToken": "again",
        }
        assert [one.tag for one in Kaggle("tiny").submissions()] == ["t"]


def test_the_quota_is_that_of_the_platforms_own_day(tmp_path: Path) -> None:
    """Its clock may be hours away from ours."""
    with playing(daily=2) as fake:
        fake.clock.freeze(NIGHT)
        kaggle, file = Kaggle("tiny"), submission(tmp_path)
        quota = kaggle.quota()
        assert quota is not None
        assert (quota.left, quota.resets_at) == (2, "2030-04-01T00:00:00+00:00")
        for number in range(2):
            kaggle.submit(file, f"t{number}", "")
        quota = kaggle.quota()
        assert quota is not None
        assert quota.left == 0
        with pytest.raises(Refused, match="daily Submission allowance"):
            kaggle.submit(file, "t2", "")
        fake.clock.advance(minutes=1)
        quota = kaggle.quota()
        assert quota is not None
        assert (quota.left, quota.resets_at) == (2, "2030-04-02T00:00:00+00:00")


def test_the_quota_is_counted_where_kaggle_does_not_tell_it(tmp_path: Path) -> None:
    with playing(daily=3) as fake:
        del fake.calls["GetSubmissionLimits"]
        fake.clock.freeze(NIGHT)
        Kaggle("tiny").submit(submission(tmp_path), "t", "")
        quota = Kaggle("tiny").quota()
        assert quota is not None
        assert (quota.left, quota.resets_at) == (2, "2030-04-01T00:00:00+00:00")
        fake.clock.advance(hours=1)
        quota = Kaggle("tiny").quota()
        assert quota is not None
        assert quota.left == 3
        fake.state.contests["tiny"].daily = 0
        assert Kaggle("tiny").quota() is None


def test_rules_that_are_not_accepted_are_told_with_the_link(tmp_path: Path) -> None:
    link = "https://www.kaggle.com/competitions/tiny/rules"
    with playing(entered=False) as fake:
        kaggle = Kaggle("tiny")
        for attempt in (
            lambda: kaggle.fetch(tmp_path),
            lambda: kaggle.submit(submission(tmp_path), "t", ""),
            kaggle.submissions,
            kaggle.quota,
        ):
            with pytest.raises(UserError, match=link) as caught:
                attempt()
            assert "\n" not in str(caught.value)
        assert not fake.accepted
        assert not kaggle.about().user_has_entered


def test_a_competition_that_is_not_there() -> None:
    with playing(), pytest.raises(UserError, match="found nowhere"):
        Kaggle("nowhere").about()


def test_a_refusal_of_a_code_competition_is_told(tmp_path: Path) -> None:
    with playing(code_only=True), pytest.raises(Refused, match="only accepts Submissions from Notebooks"):
        Kaggle("tiny").submit(submission(tmp_path), "t", "")


def test_competitions_are_listed() -> None:
    with FakeKaggle(contest(), contest(entered=False)) as fake, playing():
        del fake
        (one,) = competitions("tin")
        assert (one.slug, one.title, one.entered, one.daily_submissions) == ("tiny", "Tiny", True, 5)
        assert competitions("other") == []


def test_the_leaderboard_is_best_first(tmp_path: Path) -> None:
    with playing():
        Kaggle("tiny").submit(submission(tmp_path, 0.6), "t", "")
        assert Kaggle("tiny").leaderboard() == [("alice", 0.9), ("player", 0.6), ("bob", 0.4)]


def test_the_final_selection_is_a_persons_to_make(tmp_path: Path) -> None:
    """The API shows it, and cannot change it."""
    with playing() as fake:
        kaggle = Kaggle("tiny")
        ids = [kaggle.submit(submission(tmp_path), f"t{number}", "").id for number in range(2)]
        assert not kaggle.select(ids)
        assert kaggle.selection_page == "https://www.kaggle.com/competitions/tiny/submissions"
        fake.state.selected = {int(one) for one in ids}
        assert kaggle.select(ids)
        assert not kaggle.select(ids[:1])


@pytest.mark.parametrize("tag", ["podium-0123456789ab", "podium-conformance", "x"])
def test_tags_come_back(tag: str) -> None:
    assert tag_of(described(tag, "round 1: [hello]"), "") == tag
    assert len(described(tag, "long " * 500)) <= 400


def test_tags_of_other_peoples_submissions_are_empty_and_ours_survive_an_edited_description() -> None:
    assert tag_of("my first try", "submission.csv") == ""
    assert tag_of("", "") == ""
    assert tag_of("edited by a person", "podium-0123456789ab.csv") == "podium-0123456789ab"


def test_legacy_keys_work_too(tmp_path: Path) -> None:
    with playing() as fake, changed({"KAGGLE_API_TOKEN": None, "HOME": str(tmp_path)}):
        folder = tmp_path / ".kaggle"
        folder.mkdir()
        (folder / "kaggle.json").write_text(f'{{"username": "player", "key": "{fake.key}"}}')
        assert Kaggle("tiny").about().title == "Tiny"
        (folder / "kaggle.json").unlink()
        (folder / "access_token").write_text(fake.token + "\n")
        assert Kaggle("tiny").about().title == "Tiny"


def test_without_credentials_one_line_says_where_to_get_them(tmp_path: Path) -> None:
    with (
        without_credentials(tmp_path),
        pytest.raises(UserError, match=r"no Kaggle credentials; .*kaggle\.com/settings"),
    ):
        Kaggle("tiny")
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text('{"username": "x"}')
    with without_credentials(tmp_path), pytest.raises(UserError, match="username"):
        Kaggle("tiny")


def test_a_token_may_be_longer_than_a_path() -> None:
    with playing() as fake, changed({"KAGGLE_API_TOKEN": "t" * 5000}):
        fake.token = "t" * 5000
        assert Kaggle("tiny").about().title == "Tiny"


def test_a_token_may_be_in_a_file(tmp_path: Path) -> None:
    with playing() as fake, changed({"KAGGLE_API_TOKEN": str(tmp_path / "token")}):
        (tmp_path / "token").write_text(f"{fake.token}\n")
        assert Kaggle("tiny").about().title == "Tiny"


def test_making_one_touches_no_network(tmp_path: Path) -> None:
    with playing() as fake:
        Kaggle("tiny")
        assert not fake.requests


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAGGLE_API_ENDPOINT", "http://example.org"),
        ("KAGGLE_API_ENDPOINT", "nonsense"),
        ("KAGGLE_API_TIMEOUT", "soon"),
        ("KAGGLE_API_TIMEOUT", "-1"),
    ],
)
def test_settings_that_cannot_be_meant(name: str, value: str) -> None:
    with playing(), changed({name: value}), pytest.raises(UserError, match=name):
        Kaggle("tiny")


def test_the_guide_names_the_competition_and_no_credential(tmp_path: Path) -> None:
    with playing() as fake:
        text = guide_text("tiny")
        assert "tiny" in text
        assert "{slug}" not in text
        assert fake.token not in text
        assert len(text) > 1000


def test_files_keep_their_folders(tmp_path: Path) -> None:
    with playing():
        folder = Kaggle("tiny").fetch(tmp_path)
        for name, data in FILES.items():
            assert (folder / name).read_bytes() == data
        text = (folder / "description.md").read_text()
        assert text.index("What is y?") < text.index("AUC.")
