"""`podium arena record …`: contests of constrained training, whose submissions are code that the referee runs again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.output import Json, remark, result, short
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.arena.records.contest import Contest
    from podium.arena.records.docket import Docket

app = typer.Typer(
    name="record", help="Contests of constrained training: submissions are code, and the referee runs it again.",
    no_args_is_help=True, rich_markup_mode=None, add_completion=False,
)  # fmt: skip

Place = Annotated[Path, typer.Argument(metavar="DIR", help="The contest's folder.")]
Number = Annotated[int, typer.Argument(metavar="N", help="A submission's number.")]
EVERY_SEED = [1, 2, 3]


@app.command()
def create(
    folder: Place,
    documents: Annotated[
        Path, typer.Option("--from", help="A folder of text files or a .jsonl with `text`: one document each.")
    ],
    title: Annotated[str, typer.Option(help="What the contest is called. [default: the folder's name]")] = "",
    rules: Annotated[
        Path | None, typer.Option(help="A JSON file of limits; what it leaves out has its default.")
    ] = None,
    validation: Annotated[int, typer.Option(min=8, help="Documents that are scored.")] = 64,
    reserve: Annotated[int, typer.Option(min=8, help="Documents that nobody sees.")] = 64,
    as_json: Json = False,
) -> None:
    """Make a contest: cut documents into train, validation and a reserve, write rules and manifest."""
    from podium.arena.records import corpus

    contest = corpus.create(folder, title or folder.name, documents, rules, validation, reserve)
    told = {"contest": str(folder), "scored_bytes": contest.scored_bytes, "shards": len(contest.manifest.train)}
    words = f"{short(folder)}: {contest.scored_bytes:,} bytes are scored; hand in with: podium arena record submit {folder} DIR"
    result(told, words, as_json=as_json)


@app.command()
def rehearse(
    folder: Place,
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A folder with train.py.")],
    author: Annotated[str, typer.Option(help="Who hands it in.")] = "",
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    seed: Annotated[list[int], typer.Option(help="A seed to run; more than once for more.")] = EVERY_SEED,
    as_json: Json = False,
) -> None:
    """Run a submission as the referee would, and write its logs and submission.json from what was measured."""
    from podium.arena.records.contest import Contest
    from podium.arena.records.rehearse import describe, figures, rehearse
    from podium.arena.records.stage import Stage

    contest = Contest.open(folder)
    with Stage(contest.rules) as stage:
        runs = rehearse(contest, stage, submission, seed, describe(submission, author, name))
    shown = [figures(run) for run in runs]
    lines = [f"seed {one['seed']}: {one['val_bpb']} bits per byte, {one['train_s']:.2f} s of training" for one in shown]
    result({"submission": str(submission), "results": shown}, "\n".join(lines), as_json=as_json)


@app.command()
def submit(
    folder: Place, submission: Annotated[Path, typer.Argument(metavar="SUBMISSION")], as_json: Json = False
) -> None:
    """Hand a folder in: it gets the next number in the queue."""
    from podium.arena.records import review
    from podium.arena.records.submission import Submission

    contest, docket = _open(folder)
    entry = review.receive(docket, Submission.read(submission, contest.rules.folder_bytes))
    told = {"number": entry.number, "received_at": entry.received_at, "sha256": entry.sha256}
    result(told, f"submission {entry.number}, received {entry.received_at}", as_json=as_json)


@app.command()
def review(
    folder: Place,
    most: Annotated[int, typer.Option("--most", min=1, help="Review at most so many. [default: all that wait]")] = 1
    << 30,
    as_json: Json = False,
) -> None:
    """Take the queue to its verdicts, oldest first: triage, runs in the sandbox, questions, significance."""
    from podium.arena.records import page
    from podium.arena.records.review import Reviewer
    from podium.arena.records.stage import Stage
    from podium.records import to_json

    contest, docket = _open(folder)
    decided: list[dict[str, object]] = []
    with Stage(contest.rules) as stage:
        reviewer = Reviewer(contest, docket, stage, remark)
        while len(decided) < most and (done := reviewer.next()) is not None:
            entry, verdict = done
            remark(f"  {verdict.kind}: {', '.join(verdict.codes)}")
            decided.append({"number": entry.number, "name": entry.name, "verdict": to_json(verdict)})
            page.write(contest, docket)
    words = f"{len(decided)} reviewed; {short(folder / 'records.html')}" if decided else "the queue is empty"
    result({"reviewed": decided}, words, as_json=as_json)


@app.command()
def queue(folder: Place, as_json: Json = False) -> None:
    """What waits, oldest first."""
    from podium.arena.records import history

    _, docket = _open(folder)
    waiting = [case.entry for case in history.cases(docket) if case.verdict is None]
    lines = [f"{one.number:4}  {one.received_at}  {one.author}: {one.name}" for one in waiting]
    told = [
        {"number": one.number, "received_at": one.received_at, "author": one.author, "name": one.name}
        for one in waiting
    ]
    result({"queue": told}, "\n".join(lines) or "nothing waits", as_json=as_json)


@app.command()
def history(folder: Place, as_json: Json = False) -> None:
    """The records, each as it stood when it was submitted."""
    from podium.arena.records import history as past

    _, docket = _open(folder)
    held = past.records(past.cases(docket))
    told, lines = [], []
    for case in held:
        bpb = case.verdict.bpb if case.verdict else None
        told.append({"number": case.entry.number, "name": case.entry.name, "author": case.entry.author, "bpb": bpb,
                     "received_at": case.entry.received_at, "rests_on": list(case.rests_on)})  # fmt: skip
        rests = f"  (rests on {', '.join(map(str, case.rests_on))}, invalid)" if case.rests_on else ""
        lines.append(
            f"{case.entry.number:4}  {case.entry.received_at[:16]}  {bpb:.4f}  {case.entry.author}: {case.entry.name}{rests}"
        )
    result({"records": told}, "\n".join(lines) or "no record yet", as_json=as_json)


@app.command()
def show(folder: Place, number: Number, as_json: Json = False) -> None:
    """One submission: its verdict, the reasons, every run, every finding."""
    from podium.arena.records import review
    from podium.records import to_json

    _, docket = _open(folder)
    entry, verdict = docket.entry(number), docket.verdict(number)
    runs, findings = docket.runs(number), review.settled(docket, number)
    lines = [f"{entry.number} {entry.name} by {entry.author}, received {entry.received_at}"]
    lines += [f"{verdict.kind}" if verdict else "waits"]
    lines += [f"  {ground.code}: {ground.words}" for ground in (verdict.reasons if verdict else ())]
    lines += [f"  run {run.purpose} {run.seed}: {run.outcome or 'under way'}" for run in runs]
    lines += [f"  {one.state} finding, {one.kind}: {one.words} ({one.why})" for one in findings]
    told = {
        "submission": to_json(entry),
        "verdict": to_json(verdict),
        "runs": to_json(runs),
        "findings": to_json(findings),
    }
    result(told, "\n".join(lines), as_json=as_json)


@app.command()
def page(
    folder: Place,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.html")] = None,
    as_json: Json = False,
) -> None:
    """Write the reviewer's page: history, attribution, queue, all evidence."""
    from podium.arena.records import page as pages

    contest, docket = _open(folder)
    written = pages.write(contest, docket, output)
    result({"page": str(written)}, short(written), as_json=as_json)


@app.command()
def invalidate(
    folder: Place,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it is taken back.")],
    as_json: Json = False,
) -> None:
    """Take a decided submission back: what rests on it is marked, and what was held against it is decided anew."""
    from podium.arena.records import history as past
    from podium.arena.records.review import Reviewer
    from podium.arena.records.stage import Stage

    if not reason.strip():
        raise UserError("a submission is taken back with its reason", expected="--reason TEXT")
    contest, docket = _open(folder)
    docket.invalidate(number, " ".join(reason.split()))
    with Stage(contest.rules) as stage:
        changed = Reviewer(contest, docket, stage, remark).rejudge(number)
    below = past.descendants(past.cases(docket)).get(number, ())
    told = {
        "number": number,
        "rest_on_it": list(below),
        "decided_anew": [{"number": n, "verdict": v.kind} for n, v in changed],
    }
    anew = "".join(f"\n{n} is now {v.kind}" for n, v in changed)
    words = f"{number} is taken back; {', '.join(map(str, below)) or 'nothing'} rests on it{anew}"
    result(told, words, as_json=as_json)


def _open(folder: Path) -> tuple[Contest, Docket]:
    from podium.arena.records.contest import Contest
    from podium.arena.records.docket import Docket

    return Contest.open(folder), Docket(folder)
