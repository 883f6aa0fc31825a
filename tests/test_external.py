"""Data from elsewhere: allowed by the rules, fetched with the user's leave, checked against test, dealt to training, credited."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from engine_world import add_experiments, engine_of
from typer.testing import CliRunner

from podium.campaign import bundle, phases
from podium.campaign.engine import Engine
from podium.campaign.external import enlarged, fetch, sources
from podium.campaign.notices import notices
from podium.campaign.runner import Runner
from podium.campaign.tracks import fold_part, fold_track
from podium.cli import making
from podium.cli.main import app
from podium.competition import build, intake
from podium.competition.dataset import Dataset
from podium.competition.external import MOST, take
from podium.competition.external_rules import external_rule
from podium.errors import IntakeError
from podium.execution.dealt import Deal
from podium.records import ExternalSource
from podium.registry import Registry
from podium.registry.external import Trial

N_TRAIN, N_TEST = 240, 60


def records(n: int, seed: int, first: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    a, b, town = rng.normal(size=n), rng.gamma(2, 3, n), rng.choice(["York", "Hull", "Leeds"], n)
    y = np.where(a + 0.2 * b + (town == "Hull") + rng.logistic(size=n) > 1.5, "yes", "no")
    return pl.DataFrame({"id": np.arange(first, first + n), "a": a, "b": b, "town": town, "bought": y})


def competition(folder: Path, description: str = "", **config: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    whole = records(N_TRAIN + N_TEST, 1)
    whole[:N_TRAIN].write_csv(folder / "train.csv")
    whole[N_TRAIN:].drop("bought").write_csv(folder / "test.csv")
    pl.DataFrame({"id": whole["id"][N_TRAIN:], "bought": 0.5}).write_csv(folder / "sample_submission.csv")
    text = f"# Shops\n\n## Evaluation\n\nSubmissions are scored by ROC AUC.\n\n{description}\n"
    (folder / "description.md").write_text(text)
    (folder / "config.json").write_text(json.dumps({"cv_folds": 3, **config}))
    return folder


@pytest.fixture(scope="module")
def dealt(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = competition(tmp_path_factory.mktemp("dealt") / "shops")
    return build(intake(folder), folder.parent / "data", 0)


def own(rows: slice) -> pl.DataFrame:
    """Rows of the competition with a label each, as a leak would bring them."""
    return records(N_TRAIN + N_TEST, 1)[rows]


# ---------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("External data is allowed if it is public and shared on the forum.", "yes"),
        ("Freely & publicly available external data is allowed, including pre-trained models.", "yes"),
        ("You may use external data.", "yes"),
        ("There are no restrictions on external data.", "yes"),
        ("You may not use data other than the data provided by the competition.", "no"),
        ("External data is not allowed.", "no"),
        ("The use of external datasets is strictly prohibited.", "no"),
        ("You can only use the provided data.", "no"),
        ("## External data\n\nNot permitted.", "no"),
        ("## External data\n\nPermitted.", "yes"),
        ("No external data.", "no"),
        ("The data were collected outside Rome. Predict the price.", "ask"),
        ("External sensors record data every hour.", "ask"),
        ("External data is allowed. In the final phase external data is not allowed.", "ask"),
        ("", "ask"),
    ],
)
def test_the_rules_are_read_with_their_sentence(text: str, answer: str) -> None:
    found, why = external_rule({}, text)
    assert found == answer == why.value
    assert answer == "ask" or any(word in why.why for word in text.replace("#", "").split("\n\n")[-1].split(".")[:1])


def test_the_config_has_the_last_word(tmp_path: Path) -> None:
    folder = competition(tmp_path / "shops", "External data is not allowed.", external_data="yes")
    found = intake(folder)
    assert found.external_data == "yes"
    assert found.evidence["external_data"].confidence == 1.0
    assert intake(folder, {"external_data": "no"}).external_data == "no"


def test_files_against_the_rules_are_refused(tmp_path: Path) -> None:
    folder = competition(tmp_path / "shops", "External data is not allowed.", external_files=["more.csv"])
    records(9, 2).write_csv(folder / "more.csv")
    with pytest.raises(IntakeError, match=r"rules forbid them; found the description: “External data is not allowed"):
        intake(folder)


def test_named_files_and_the_folder_are_found_and_are_no_side_tables(tmp_path: Path) -> None:
    folder = competition(tmp_path / "shops", external_files="more.csv")
    (folder / "external").mkdir()
    records(9, 2).write_csv(folder / "more.csv")
    records(9, 3).write_csv(folder / "external" / "old.csv")
    (folder / "external" / "README.md").write_text("where it came from")
    found = intake(folder)
    assert [Path(path).name for path in found.brought.external_files] == ["more.csv", "old.csv"]
    assert found.table_files == ()
    assert intake(folder, own=False).brought.external_files == ()  # a host's folder is the host's
    with pytest.raises(IntakeError, match="no such table"):
        intake(folder, {"external_files": "lost.csv"})


# ---------------------------------------------------------------- what is taken of a table


def test_rows_of_test_and_of_train_are_left_out(dealt: Dataset) -> None:
    new = records(50, 7)
    leak = pl.concat([own(slice(N_TRAIN, N_TRAIN + 20)), own(slice(0, 10)), new])
    taken = take(leak, dealt)
    assert taken.table is None
    assert (taken.rows, taken.dropped) == (50, 30)
    assert "20 rows: equal to a test row" in taken.message
    assert "10 rows: equal to a train row" in taken.message
    assert taken.labels["bought"].to_list() == new["bought"].to_list()
    assert taken.features.schema == dealt.frame().schema


def test_near_copies_are_left_out(dealt: Dataset) -> None:
    near = own(slice(N_TRAIN, N_TRAIN + 30)).with_columns(pl.col("a") * 1.0000001, pl.col("b") + 1e-7)
    spelled = own(slice(0, 5)).with_columns(pl.col("town").str.to_uppercase() + " ")
    taken = take(pl.concat([near, spelled, records(40, 8)]), dealt)
    assert taken.rows >= 39  # of a smooth cloud one in a thousand may pass for a copy
    assert "30 rows: nearly equal to a test row" in taken.message
    assert "5 rows: equal to a train row" in taken.message


def test_rows_without_a_label_that_train_knows_are_left_out(dealt: Dataset) -> None:
    bought = ["maybe"] * 4 + [None] * 2 + [" yes"] * 24
    frame = records(30, 9).with_columns(pl.Series("bought", bought))
    taken = take(frame, dealt)
    assert taken.rows == 24
    assert "6 rows: no label of train's" in taken.message


def test_no_more_rows_than_train_can_bear(dealt: Dataset) -> None:
    taken = take(records(MOST * N_TRAIN + 500, 10), dealt)
    assert taken.rows <= MOST * len(dealt.train)
    assert f"more than {MOST} times train" in taken.message
    again = take(records(MOST * N_TRAIN + 500, 10), dealt)
    assert again.features.equals(taken.features)


def test_another_shape_is_a_table_with_blinded_ids_and_no_answers(dealt: Dataset) -> None:
    towns = take(pl.DataFrame({"town": ["York", "Hull"], "people": [1, 2]}), dealt)
    assert towns.table is not None
    assert towns.table.height == 2
    extra = take(pl.DataFrame({"id": ["0", "250", "9999"], "age": [1, 2, 3]}), dealt)
    assert extra.table is not None
    every = np.arange(dealt.n_rows)
    ids = dealt.ids(every)
    assert ids is not None
    blind = dict(zip(every.tolist(), ids.to_list(), strict=True))
    assert [(blind[row], age) for row, age in extra.table.select("id", "age").rows()] == [("0", 1), ("250", 2)]
    answers = take(own(slice(0, N_TRAIN + N_TEST)).select("id", "bought"), dealt)
    assert answers.rows == 0


# ---------------------------------------------------------------- brought by the user, dealt to runs


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with 40 rows from elsewhere, of which 10 are of test, and a table."""
    home = tmp_path_factory.mktemp("begun")
    folder = competition(home / "shops", external_files=["external"])
    (folder / "external").mkdir()
    pl.concat([own(slice(N_TRAIN, N_TRAIN + 10)), records(30, 5)]).write_csv(folder / "external" / "more.csv")
    pl.DataFrame({"town": ["York", "Hull"], "people": [1, 2]}).write_csv(folder / "external" / "towns.csv")
    return making.open_or_create(str(folder), campaign=home / "campaign", experiments=3, threads=2)


@pytest.fixture
def engine(begun: Path, tmp_path: Path) -> Iterator[Engine]:
    import shutil

    shutil.copytree(begun, tmp_path / "campaign")
    made = engine_of(tmp_path / "campaign")
    yield made
    made.registry.close()


def test_rows_join_every_fold_and_none_is_scored(engine: Engine) -> None:
    experiment = replace(add_experiments(engine, 1)[0], external={"X01": 1.0})
    first = engine.dataset.n_rows
    Runner(engine).play([fold_track(engine, experiment)])
    folders = sorted((engine.campaign / "runs" / experiment.id).glob("fold_*"))
    assert len(folders) == engine.n_folds
    for fold, folder in enumerate(folders):
        rows, request = np.load(folder / "rows.npz"), json.loads((folder / "request.json").read_text())
        plain = fold_part(engine, fold)
        assert rows["train"].tolist() == [*plain.train.tolist(), *range(first, first + 30)]
        assert rows["predict"].tolist() == plain.predict.tolist()
        features = pl.read_ipc(request["features"])
        assert features.head(first).equals(engine.dataset.frame())
        assert features.height == first + 30
        assert list(request["tables"]) == ["external_towns"]


def test_a_solution_is_told_which_rows_are_from_elsewhere(engine: Engine, tmp_path: Path) -> None:
    experiment = replace(add_experiments(engine, 1)[0], external={"X01": 0.25})
    part = enlarged.joined(engine, experiment, fold_part(engine, 0))
    assert part.enlarged is not None
    labels = part.enlarged.label_frame(engine, part.train)
    labels.write_ipc(tmp_path / "labels.arrow")
    np.savez(tmp_path / "rows.npz", train=part.train)
    paths = {"features": part.features, "labels": tmp_path / "labels.arrow", "rows": tmp_path / "rows.npz"}
    fds = {name: os.open(path, os.O_RDONLY) for name, path in paths.items()}
    context = {"n_outputs": 1}
    train = Deal({"context": context, "files": None}, fds, tmp_path).train()
    mine = train.origin == "external"
    assert int(mine.sum()) == 30
    assert mine[-30:].all()
    assert set(train.weight[mine]) == {0.25}
    assert set(train.weight[~mine]) == {1.0}
    assert train.take(np.flatnonzero(mine)[:2]).origin.tolist() == ["external"] * 2
    brought = records(30, 5)
    assert np.allclose(train.frame(["a"])["a"].to_numpy()[mine], brought["a"].to_numpy())
    assert train.y is not None
    assert train.y[mine].tolist() == [int(label == "yes") for label in brought["bought"]]


def test_a_key_names_what_came_from_elsewhere_and_no_other_key_changes(engine: Engine) -> None:
    from podium.campaign.request import run_key

    plain = add_experiments(engine, 1)[0]
    part = fold_part(engine, 0)
    keys = [run_key(engine, replace(plain, external=used), part) for used in ({}, {"X01": 1.0}, {"X01": 0.25})]
    with engine.registry.database.write() as db:
        db.execute("DELETE FROM external")
    assert len({*keys, run_key(engine, plain, part)}) == 4  # a side table is everyone's


def test_what_is_derived_is_made_anew_where_it_is_lost(engine: Engine) -> None:
    import shutil

    before = enlarged.enlarged(engine, {"X01": 1.0})
    assert before is not None
    frame = pl.read_ipc(before.features)
    shutil.rmtree(engine.campaign / "external" / "dealt")
    again = enlarged.enlarged(engine, {"X01": 1.0})
    assert again is not None
    assert pl.read_ipc(again.features).equals(frame)


def test_sources_are_credited_with_hash_and_what_was_left_out(engine: Engine, tmp_path: Path) -> None:
    lines = [line for line in notices(engine.registry) if line.startswith("external data")]
    assert len(lines) == 3
    assert "30 rows are not used until a trial shows that they pay" in lines[2]
    assert "30 training rows; left out: 10 rows: equal to a test row" in lines[0]
    campaign = engine.campaign
    engine.registry.close()
    held = bundle.write(campaign, tmp_path / "shops.tar.gz")
    assert {"external/credits.txt", "external/X01/features.arrow", "external/X02/table.arrow"} <= set(held)
    assert not any(name.endswith("more.csv") for name in held)
    folder = bundle.unpack(tmp_path / "shops.tar.gz", tmp_path / "unpacked")
    credits = (folder / "external" / "credits.txt").read_text()
    assert credits.startswith("more.csv (licence: the user's to know; sha256 ")


# ---------------------------------------------------------------- proposed, approved, fetched


class Host(BaseHTTPRequestHandler):
    """A host of files, as the tests set it: `files` by path; `asked` counts."""

    files: ClassVar[dict[str, bytes]] = {}
    redirects: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if self.path in self.redirects:
            self.send_response(302)
            self.send_header("Location", self.redirects[self.path])
            self.end_headers()
            return
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on this machine that stands for an https one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    base = f"http://127.0.0.1:{server.server_port}"
    strict = fetch.check
    monkeypatch.setattr(fetch, "check", lambda url: None if url.startswith(base) else strict(url))
    monkeypatch.setattr(sources, "check", lambda url: None if url.startswith(base) else strict(url))
    Host.files, Host.redirects, Host.asked = {"/more.csv": records(30, 5).write_csv().encode()}, {}, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield base
    server.shutdown()
    server.server_close()
    thread.join()


def proposal(url: str) -> ExternalSource:
    return ExternalSource(url, "30 shops of another town", "more rows", "CC0")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("plain")
    return making.open_or_create(str(competition(home / "shops")), campaign=home / "campaign", experiments=3, threads=2)


@pytest.fixture
def asked(plain: Path, tmp_path: Path, host: str) -> Iterator[Engine]:
    """An engine whose researcher has proposed a table."""
    import shutil

    shutil.copytree(plain, tmp_path / "campaign")
    made = engine_of(tmp_path / "campaign")
    sources.propose(made, [proposal(f"{host}/more.csv")])
    yield made
    made.registry.close()


def test_nothing_is_fetched_without_leave(asked: Engine) -> None:
    sources.arrive(asked, 1)
    assert Host.asked == []
    assert [one.state for one in asked.registry.external.all()] == ["proposed"]
    line = next(line for line in notices(asked.registry) if "X01" in line)
    assert "wait for your leave" in line
    assert "CC0" in line
    assert "podium approve DIR X01" in line


def test_approved_it_is_fetched_once_checked_and_used_from_then_on(asked: Engine) -> None:
    done = CliRunner().invoke(app, ["approve", str(asked.campaign), "X01"])
    assert done.exit_code == 0
    asked.attend()
    sources.arrive(asked, 2)
    sources.arrive(asked, 2)
    one = asked.registry.external.get("X01")
    assert one is not None
    assert (one.state, one.used_as, one.rows, one.round) == ("used", "rows", 30, 2)
    assert len(one.sha256) == 64
    assert (asked.campaign / one.file).read_bytes() == Host.files["/more.csv"]
    assert Host.asked == ["/more.csv"]
    later = add_experiments(asked, 1, round_=2)[0]
    assert enlarged.joined(asked, later, fold_part(asked, 0)).enlarged is None  # nothing shows yet that they pay
    asked.registry.external.put_trial(Trial("E009", "X01", 0.25, "E001", 2, "pays", 0.1, 0.01, 0.001))
    assert asked.registry.external.standing(2) == {}
    assert asked.registry.external.standing(3) == {"X01": 0.25}


@pytest.mark.parametrize("when", ["before", "in_part", "after"])
def test_a_kill_around_the_download_costs_nothing(asked: Engine, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Killed before the file is whole it is fetched again, in full; after, it is taken as it lies."""

    class Killed(BaseException):
        """As a kill: nothing catches it."""

    whole = fetch.fetch

    def killed(url: str, to: Path, most: int = fetch.MOST_BYTES) -> None:
        if when == "in_part":
            to.parent.mkdir(exist_ok=True)
            to.with_name(f".{to.name}.part").write_bytes(b"id,a\n1,")
        if when == "after":
            whole(url, to, most)
        raise Killed

    asked.registry.external.approve("X01")
    with monkeypatch.context() as patch:
        patch.setattr(sources, "fetch", killed)
        with pytest.raises(Killed):
            sources.arrive(asked, 1)
    assert [one.state for one in asked.registry.external.all()] == ["fetching"]
    sources.arrive(asked, 1)
    one = asked.registry.external.get("X01")
    assert one is not None
    assert (one.state, one.rows) == ("used", 30)
    assert Host.asked == ["/more.csv"]
    assert not list((asked.campaign / "external").glob(".*"))


def test_a_failure_is_told_and_may_be_approved_again(asked: Engine, host: str) -> None:
    kept, Host.files = Host.files, {}
    asked.registry.external.approve("X01")
    sources.arrive(asked, 1)
    line = next(line for line in notices(asked.registry) if "X01" in line)
    assert "404" in line
    assert "tries again" in line
    Host.files = kept
    assert asked.registry.external.approve("X01")
    sources.arrive(asked, 2)
    assert [one.state for one in asked.registry.external.all()] == ["used"]


def test_a_table_that_gives_test_away_is_refused_whole(asked: Engine) -> None:
    Host.files["/more.csv"] = own(slice(N_TRAIN, None)).write_csv().encode()
    asked.registry.external.approve("X01")
    sources.arrive(asked, 1)
    one = asked.registry.external.get("X01")
    assert one is not None
    assert (one.state, one.dropped) == ("refused", N_TEST)
    assert "no row is left; 60 rows: equal to a test row" in one.message


def test_what_is_no_table_is_refused(asked: Engine) -> None:
    Host.files["/more.csv"] = b"\x00\x01\x02" * 50
    asked.registry.external.approve("X01")
    sources.arrive(asked, 1)
    assert [one.state for one in asked.registry.external.all()] == ["refused"]


def test_the_download_keeps_to_https_and_to_its_size(host: str, tmp_path: Path) -> None:
    for url in (
        "http://example.org/a.csv",
        "file:///etc/passwd",
        "ftp://example.org/a.csv",
        "https://u:p@example.org/a.csv",
    ):
        with pytest.raises(fetch.FetchError, match=r"https|password"):
            fetch.fetch(url, tmp_path / "a.csv")
    with pytest.raises(fetch.FetchError, match="expected a table"):
        fetch.fetch(f"{host}/run.sh", tmp_path / "run.sh")
    Host.redirects["/moved.csv"] = "http://example.org/a.csv"
    with pytest.raises(fetch.FetchError, match="https"):
        fetch.fetch(f"{host}/moved.csv", tmp_path / "a.csv")
    with pytest.raises(fetch.FetchError, match="at most 100 bytes"):
        fetch.fetch(f"{host}/more.csv", tmp_path / "a.csv", most=100)
    assert not list(tmp_path.iterdir())


def test_proposals_against_the_rules_are_not_recorded(asked: Engine, tmp_path: Path) -> None:
    asked.competition = replace(asked.competition, external_data="no")
    sources.propose(asked, [proposal("https://example.org/b.csv")])
    asked.competition = replace(asked.competition, external_data="ask")
    sources.propose(asked, [proposal("http://example.org/b.csv")])
    assert [one.id for one in asked.registry.external.all()] == ["X01"]
    told = [event.payload["message"] for event in asked.registry.events.after(0) if event.kind == "warning"]
    assert "rules forbid" in told[-2]
    assert "https" in told[-1]


def test_the_researchers_proposals_are_recorded_with_its_brief(plain: Path, tmp_path: Path) -> None:
    import shutil

    from podium.records import Brief, Reply, ResearchBrief
    from podium.team.builtin import BuiltinSeat

    class Curious(BuiltinSeat):
        def play(self, brief: Brief) -> Reply:
            reply = super().play(brief)
            assert isinstance(reply.deliverable, ResearchBrief)
            found = replace(reply.deliverable, external=(proposal("https://example.org/b.csv"),))
            return replace(reply, deliverable=found)

    shutil.copytree(plain, tmp_path / "campaign")
    made = engine_of(tmp_path / "campaign")
    phases.eda(made)
    made.seats = {**made.seats, "researcher": Curious()}
    phases.research(made, 1)
    phases.research(made, 1)
    assert [(one.id, one.state) for one in made.registry.external.all()] == [("X01", "proposed")]
    made.registry.close()
    assert Registry.open(made.campaign).export()["external"][0]["licence"] == "CC0"
