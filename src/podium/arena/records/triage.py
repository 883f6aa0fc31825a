"""What can be said before anything runs: schema, claim against logs, size, whose code it is like, what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from podium.arena.records import findings, leakage, likeness
from podium.arena.records.contest import Contest
from podium.arena.records.facts import Ground, Likeness, Reason, Triage
from podium.arena.records.submission import FIGURES, README, BadClaim, Claim, Log, Submission

LIKE = 0.5  # of its code in an earlier submission: said in the evidence
ROUNDING = 5e-5  # a mean may be stated to four decimals


def examine(submission: Submission, contest: Contest, earlier: Mapping[int, Submission]) -> Triage:
    """Everything at once, so that its author can mend everything at once."""
    try:
        claim = submission.claim()
    except BadClaim as bad:
        return Triage((Ground("schema", str(bad)),), code_bytes=sum(map(len, submission.code.values())))
    code = submission.code
    size = sum(map(len, code.values()))
    problems: list[Ground] = [*_folder(submission, contest), *_figures(submission, claim, contest)]
    if size > contest.rules.size_bytes:
        problems.append(
            Ground("size", f"{size} bytes of code alone, at most {contest.rules.size_bytes} with the model")
        )
    carried = leakage.carried(code, contest.pieces)
    if not carried.held:
        problems.append(Ground("data_overlap", f"it brings validation documents along ({carried.words})"))
    return Triage(tuple(problems), size, tuple(findings.find(code)), tuple(_likenesses(submission, claim, earlier)))


def _folder(submission: Submission, contest: Contest) -> Iterable[Ground]:
    if README not in submission.files:
        yield Ground("schema", f"{README} is missing")
    wanted = submission.files.get("requirements.txt", b"").decode("utf-8", errors="replace").splitlines()
    names = {line.split("#")[0].strip().split("=")[0].split(">")[0].split("<")[0].strip().lower() for line in wanted}
    offered = {name.lower() for name in contest.rules.packages}
    for name in sorted(names - offered - {""}):
        yield Ground("schema", f"requirements.txt: {name} is not offered here ({', '.join(sorted(offered))} is)")


def _figures(submission: Submission, claim: Claim, contest: Contest) -> Iterable[Ground]:
    """The claim against its logs, the logs against each other, both against the rules."""
    logs: list[Log] = []
    for result in claim.results:
        try:
            log = submission.log(result.log)
        except BadClaim as bad:
            yield Ground("schema", str(bad))
            continue
        logs.append(log)
        yield from _equal(result.log, log, {name: getattr(result, name) for name in FIGURES})
        yield from _within(result.log, log, contest)
    if sorted(claim.seeds) != sorted(result.seed for result in claim.results) or len(set(claim.seeds)) < len(
        claim.seeds
    ):
        yield Ground(
            "claim_disagrees_with_logs", f"seeds {list(claim.seeds)}, results for {[r.seed for r in claim.results]}"
        )
    mean = sum(result.val_bpb for result in claim.results) / len(claim.results)
    if abs(mean - claim.bpb) > ROUNDING:
        yield Ground("claim_disagrees_with_logs", f"bpb {claim.bpb}, the mean of its results is {mean:.6f}")
    yield from _one_configuration(submission, claim, logs)


def _equal(name: str, log: Log, figures: Mapping[str, float]) -> Iterable[Ground]:
    for key in log.twice:
        yield Ground("claim_disagrees_with_logs", f"{name} says {key} twice, differently")
    for key, value in figures.items():
        if value != log.figures[key]:
            yield Ground(
                "claim_disagrees_with_logs", f"{key} is {value} in submission.json, {log.figures[key]:.10g} in {name}"
            )


def _within(name: str, log: Log, contest: Contest) -> Iterable[Ground]:
    rules = contest.rules
    if log.figures["val_bytes"] != contest.scored_bytes:
        yield Ground(
            "bytes", f"{name} counts {log.figures['val_bytes']:.0f} bytes, the documents have {contest.scored_bytes}"
        )
    clocks: tuple[tuple[Reason, str, float], ...] = (
        ("train_time", "train_s", rules.train_s), ("eval_time", "eval_s", rules.evaluate_s),
    )  # fmt: skip
    for reason, key, limit in clocks:
        if log.figures[key] > limit + rules.tolerance_s:
            yield Ground(
                reason, f"{name}: {key} is {log.figures[key]:.6g}, at most {limit} and {rules.tolerance_s} of tolerance"
            )


def _one_configuration(submission: Submission, claim: Claim, logs: Sequence[Log]) -> Iterable[Ground]:
    codes = {log.code_sha256 for log in logs}
    if len(codes) > 1:
        yield Ground("configuration", f"its logs are of {len(codes)} different sources")
    elif codes and codes != {submission.code_sha256}:
        yield Ground("claim_disagrees_with_logs", "its logs are of other sources than those handed in")
    if len({log.config for log in logs}) > 1:
        yield Ground("configuration", "its seeds ran with different settings")


def _likenesses(submission: Submission, claim: Claim, earlier: Mapping[int, Submission]) -> Iterable[Likeness]:
    named = {one.submission for one in claim.builds_on}
    own = likeness.shingles(submission.files["train.py"])
    for number, other in earlier.items():
        found = likeness.share(own, likeness.shingles(other.files["train.py"]))
        if found >= LIKE:
            yield Likeness(number, round(found, 4), number in named)
