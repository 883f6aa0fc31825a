"""`podium bench mle DIR…`: campaigns at prepared competitions of MLE-bench, one after another, and their grading.

    <out>/<id>/public/           a copy of the public files: all of the competition that its campaign is given
    <out>/<id>/campaign/         the campaign; ended.json and log.txt beside it
    <out>/submissions.jsonl      what `mlebench grade --submission` reads
    <out>/grading_report.json    and grading.html, where grading was asked for

The answers are opened by `podium bench grade` alone, a process that begins when every campaign has ended.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium import whole
from podium.cli.output import Json, aligned, remark, result, short
from podium.errors import NoSubmission, UserError

if TYPE_CHECKING:
    from podium.campaign.apart import Ended
    from podium.platforms.mlebench import CompetitionReport, Prepared

SUBMISSIONS, REPORT, PAGE = "submissions.jsonl", "grading_report.json", "grading.html"
FIXED = ("--campaign", "--json", "--time", "--experiments")

app = typer.Typer(
    name="bench", help="Benchmarks of other houses.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)
Dirs = Annotated[
    list[Path],
    typer.Argument(metavar="DIR…", help="<id>/prepared/public and <id>/prepared/private, or a folder of such."),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Campaigns, submissions and the report.")]
Boards = Annotated[
    Path | None,
    typer.Option(
        "--leaderboards", metavar="DIR", help="<id>/leaderboard.csv, e.g. of MLE-bench's competitions folder."
    ),
]


@app.command()
def mle(
    folders: Dirs,
    time: Annotated[str, typer.Option("--time", help="Of each campaign: 90s, 10m, 2h, 1d.")] = "60s",
    experiments: Annotated[
        int | None, typer.Option("--experiments", min=1, help="How many each, instead of a time.")
    ] = None,
    out: Out = Path("mle-bench"),
    arguments: Annotated[
        str, typer.Option("--run", metavar="ARGS", help="More arguments of podium run, in one string.")
    ] = "",
    grade: Annotated[bool, typer.Option("--grade", help="Grade when all have ended.")] = False,
    leaderboards: Boards = None,
    as_json: Json = False,
) -> None:
    """Play each competition in a process of its own; the same command goes on where it was stopped."""
    from podium.campaign import apart
    from podium.cli.duration import seconds
    from podium.platforms.mlebench import submissions_jsonl

    seconds(time)
    budget = ["--time", time] if experiments is None else ["--experiments", str(experiments)]
    more = [*budget, *_more(arguments)]
    competitions = _all(folders)
    out.mkdir(parents=True, exist_ok=True)
    ends: dict[str, Ended] = {}
    for at, one in enumerate(competitions, 1):
        place = out / one.id
        remark(f"[{at}/{len(competitions)}] {one.id}")
        ends[one.id] = apart.play(apart.copy(one.public, place / "public"), place, more)
        remark(f"[{at}/{len(competitions)}] {one.id}: {_word(ends[one.id])}")
        (out / SUBMISSIONS).write_text(submissions_jsonl(_files(out, ends)), "utf-8")
    report = _graded_elsewhere(competitions, out, leaderboards) if grade else None
    _tell(out, ends, report, as_json=as_json)


@app.command("grade")
def grade_(folders: Dirs, out: Out = Path("mle-bench"), leaderboards: Boards = None, as_json: Json = False) -> None:
    """Grade what `podium bench mle` played, once every campaign of it has ended."""
    from podium.platforms import mlebench

    competitions = _all(folders)
    ends = _ended(competitions, out)
    files = _files(out, ends)
    reports = [mlebench.grade(one, files[one.id], _understood(out / one.id), leaderboards) for one in competitions]
    report = mlebench.aggregate(reports)
    whole.write(out / REPORT, json.dumps(report, indent=2))
    _write_page(out, reports)
    values = {"report": str((out / REPORT).absolute()), **report}
    result(values, aligned([_line(one) for one in reports]) + f"\nreport  {short(out / PAGE)}", as_json=as_json)


def _all(folders: Sequence[Path]) -> list[Prepared]:
    """Raises UserError for two of one name."""
    from podium.platforms.mlebench import find

    found: dict[str, Prepared] = {}
    for one in (held for folder in folders for held in find(folder)):
        if one.id in found and found[one.id] != one:
            raise UserError(f"two competitions are called {one.id}", remedy="bench them into two folders (--out)")
        found[one.id] = one
    return list(found.values())


def _more(arguments: str) -> list[str]:
    """The user's arguments of `podium run`. Raises UserError for what the bench itself gives."""
    parts = shlex.split(arguments)
    taken = [part for part in parts if part.split("=")[0] in FIXED]
    if taken:
        raise UserError(f"{taken[0]} is the bench's to give", remedy=f"leave it out of --run {arguments!r}")
    return parts


def _ended(competitions: Sequence[Prepared], out: Path) -> dict[str, Ended]:
    """Raises UserError while a campaign has not ended: a grade could still steer it."""
    from podium.campaign import apart

    found: dict[str, Ended] = {}
    for one in competitions:
        end = apart.ended(out / one.id)
        if end is None:
            raise UserError(
                f"the campaign at {one.id} has not ended", expected="all ended, so that no grade can steer one",
                remedy="run `podium bench mle` with the same folders and --out",
            )  # fmt: skip
        found[one.id] = end
    return found


def _files(out: Path, ends: Mapping[str, Ended]) -> dict[str, Path | None]:
    return {id_: (out / id_ / end.submission).absolute() if end.submission else None for id_, end in ends.items()}


def _understood(place: Path) -> Any:
    """The competition as its campaign froze it; None where intake refused it."""
    from podium.campaign.apart import CAMPAIGN
    from podium.competition.dataset import MARK, Dataset

    data = place / CAMPAIGN / "data"
    return Dataset.open(data).competition if (data / MARK).is_file() else None


def _graded_elsewhere(competitions: Sequence[Prepared], out: Path, leaderboards: Path | None) -> dict[str, Any]:
    """The report, made by another process: none that played opens an answer."""
    command = [sys.executable, "-m", "podium", "bench", "grade", *(str(one.home) for one in competitions)]
    command += ["--out", str(out), "--json"] + ([] if leaderboards is None else ["--leaderboards", str(leaderboards)])
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise typer.Exit(done.returncode)
    return dict(json.loads(done.stdout))


def _tell(out: Path, ends: Mapping[str, Ended], report: Mapping[str, Any] | None, *, as_json: bool) -> None:
    from podium.records import to_json

    values: dict[str, Any] = {
        "out": str(out.absolute()),
        "submissions": str((out / SUBMISSIONS).absolute()),
        "runs": {id_: to_json(end) for id_, end in ends.items()},
        "grading": None if report is None else {k: v for k, v in report.items() if k != "schema_version"},
    }
    rows = [[id_, _word(end)] for id_, end in ends.items()]
    if report is not None:
        from podium.platforms.mlebench import CompetitionReport
        from podium.records import from_json

        rows = [_line(from_json(CompetitionReport, one)) for one in report["competition_reports"]]
    result(values, aligned(rows) + f"\nsubmissions  {short(out / SUBMISSIONS)}", as_json=as_json)
    if not any(end.submission for end in ends.values()):
        raise NoSubmission("no competition has a submission; see the log.txt of each")


def _word(end: Ended) -> str:
    from podium.report.figures import duration_text, score_text

    if end.code == 0:
        return f"CV {score_text(end.score, end.stderr)}, {duration_text(end.seconds)}"
    return f"exit code {end.code}: {end.message}"


def _line(one: CompetitionReport) -> list[str]:
    score = "–" if one.score is None else f"{one.score:g}"
    known = "/".join(
        "–" if t is None else f"{t:g}" for t in (one.gold_threshold, one.silver_threshold, one.bronze_threshold)
    )
    median = "" if one.median_threshold is None else ("above median" if one.above_median else "not above median")
    return [one.competition_id, score, one.medal, known, median, one.message]


def _write_page(out: Path, reports: Sequence[CompetitionReport]) -> None:
    from podium import page
    from podium.markup import element

    heads = ("competition", "score", "medal", "gold / silver / bronze", "median", "graded by", "remark")
    rows = [[*_line(one)[:-1], one.graded_by, one.message] for one in reports]
    medals = sum(one.any_medal for one in reports)
    valid = sum(one.valid_submission for one in reports)
    words = element("p", f"{len(reports)} competitions, {valid} valid submissions, {medals} medals.")
    listed = page.section("Competitions", page.table(heads, rows, kinds="knpppp"))
    whole.write(out / PAGE, page.document("MLE-bench", words, listed))


__all__ = ["app"]
