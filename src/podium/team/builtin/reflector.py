"""The reflector: what a round showed, in cited figures, and which learnings it supports or contradicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from podium.records import Brief, ExperimentFact, Facts, Findings, Learning
from podium.team.builtin import history, learnings, stacking
from podium.team.builtin.uploader import recommend
from podium.team.citations import cite, cite_worth
from podium.team.quoting import quote

HOMOGENEOUS = 0.8  # of the blend's weight in one family
USEFUL = 0.05  # of the blend's weight
FAIR_ROUNDS = 3  # after which a family that earned none of it speaks against itself


def learn(brief: Brief) -> Findings:
    """Findings on this round's experiments; learnings with known ids carry new totals (see `learnings`)."""
    facts = brief.facts
    submit, why = recommend(facts)
    current = [e for e in facts.experiments if e.round == brief.round]
    updates = tuple(_updates(facts, current))
    lines = [f"# Round {brief.round}: findings", "", *_summary(facts), "", "## Experiments", ""]
    lines += [_line(facts, e) for e in current] or ["- None was run."]
    lines += ["", "## By family", "", *_by(facts, "family"), "", "## By operator", "", *_by(facts, "operator")]
    lines += _elsewhere(facts, current)
    lines += _errors(facts)
    lines += ["", "## Learnings", "", *(f"- {u.id} {u.rule} {u.evidence}" for u in updates)]
    lines += ["" if updates else "- None.", "## The team's wish", "", f"**{'submit' if submit else 'hold'}** {why}"]
    return Findings("\n".join(lines) + "\n", updates, submit)


def _elsewhere(facts: Facts, current: Sequence[ExperimentFact]) -> list[str]:
    """What this round's trials showed of rows from elsewhere, by the engine; names of files are quoted as data."""
    told = [line for line in facts.external if any(e.id in line for e in current)]
    return (
        ["", "## Data from elsewhere", "", quote("\n".join(f"- {line}" for line in told), "by the engine")]
        if told
        else []
    )


def _errors(facts: Facts) -> list[str]:
    """Where the blend errs, as the engine last looked at it; names out of the data are quoted as data."""
    if not facts.explained:
        return []
    told = "\n".join(f"- {one.kind}: {' '.join(one.text.split())}" for one in facts.explained)
    return ["", "## Where the blend errs", "", quote(told, "by the referee")]


def _summary(facts: Facts) -> list[str]:
    leader = history.best(facts)
    if leader is None or leader.score is None:
        return ["No experiment has a valid score yet."]
    top, title = history.scored(facts)[0], "Champion" if leader.id == facts.champion else "Best"
    lines = [f"{title}: {leader.name} with {cite_worth(leader)}."]
    if top.id != leader.id:
        lines.append(f"Highest: {top.name} with {cite_worth(top)}, not better than the champion beyond chance.")
    if facts.blends:
        newest, won = facts.blends[-1], list(history.blend_gains(facts).values())
        change = f", {won[-1]:+.3g} since the last" if won else ""
        lines.append(f"Blend of {len(newest.weights)}: {cite_worth(newest)}{change}.")
    if history.plateau(facts):
        lines.append(f"Plateau: gains stay under the noise floor {cite(facts.noise_floor, 'facts', 'noise_floor')}.")
    lines += _ceiling(facts)
    alike = _alike(facts)
    return [*lines, alike] if alike else lines


def _ceiling(facts: Facts) -> list[str]:
    """Where boosting ends, and whether another kind of model, or another view of the columns, has gone further."""
    top = history.ceiling(facts)
    if top is None or top.score is None:
        return []
    told = f"Ceiling: boosting gains no more than noise beyond {cite_worth(top)}, whichever library and settings."
    others = [e for e in history.scored(facts) if e.family not in history.BOOSTED and not stacking.read(e)]
    if others and history.gain(facts, others[0], top) > history.noise(facts):
        return [told, f"Passed by {others[0].name} with {cite_worth(others[0])}."]
    return [told, "What is tried next is another kind of model; it stays only where nested folds give it weight."]


def _alike(facts: Facts) -> str:
    """That a blend of one kind of model has stopped gaining: more of the same averages the same errors."""
    weights, won = history.weights(facts), list(history.blend_gains(facts).values())
    shares: Counter[str] = Counter()
    for e in facts.experiments:
        shares[e.family] += weights.get(e.id, 0.0)  # type: ignore[assignment]
    members = sum(weight > 0 for weight in weights.values())
    if members < 2 or not won or won[-1] > history.noise(facts):
        return ""
    family, share = shares.most_common(1)[0]
    if share < HOMOGENEOUS * sum(shares.values()):
        return ""
    return (
        f"Homogeneous: nearly all of the blend's weight is {family}, and it gains no more than noise. More seeds and settings"
        " of it average the same errors; another family, other features or cleaner labels may not share them."
    )


def _line(facts: Facts, e: ExperimentFact) -> str:
    head = f"- {e.id} {e.name} ({e.operator})"
    if e.score is None or e.status != "done" or e.verdict == "invalid":
        return f"{head}: {e.verdict or e.status}. {e.message[:120]}".rstrip()
    scored = [p for p in facts.experiments if p.id in e.parents and p.score is not None]
    against = ""
    if scored:
        parent = max(scored, key=facts.worth)
        won = history.gain(facts, e, parent)
        worked = (
            "worked"
            if won > history.noise(facts)
            else "failed"
            if won < -history.noise(facts)
            else "made no difference"
        )
        against = f" against {cite_worth(parent)}: {worked}"
    weight = f"; weight {cite(e.blend_weight, e.id, 'blend_weight')}" if e.blend_weight else "; no blend weight"
    return f"{head}: {cite_worth(e)}{against}{weight}"


def _by(facts: Facts, field: str) -> Iterator[str]:
    """One line for each family or operator: tries, how many carry weight, the best score."""
    counts = Counter(getattr(e, field) for e in facts.experiments)
    ranked, current = history.scored(facts), history.weights(facts)
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        own = [e for e in ranked if getattr(e, field) == name]
        useful = sum(current.get(e.id, 0.0) > 0 for e in own)
        top = f"best {cite_worth(own[0])}" if own else "none valid"
        yield f"- {name}: {count} tried, {useful} in the blend, {top}"


def _updates(facts: Facts, current: Sequence[ExperimentFact]) -> Iterator[Learning]:
    """Evidence of this round for or against: families on this type of task, L2.

    A family speaks for itself as it first earns weight in a blend, and against itself where it has not some rounds after it was
    first tried: a quick first model says little.
    """
    played = [e for e in facts.experiments if e.status in ("done", "killed")]
    for family in sorted({e.family for e in played}):
        own = [e for e in played if e.family == family]
        since = min(
            (b.round for b in facts.blends if any(b.weights.get(e.id, 0.0) >= USEFUL for e in own)), default=None
        )
        if since == facts.round or (since is None and facts.round == min(e.round for e in own) + FAIR_ROUNDS):
            yield _on_family(facts, family, own)
    yield from _on_threshold(facts, current)


def _on_family(facts: Facts, family: str, own: Sequence[ExperimentFact]) -> Learning:
    """Whether a family earned weight in the blend."""
    useful = [e for e in own if history.weights(facts).get(e.id, 0.0) >= USEFUL]
    shown = next((e for e in useful or own if e.score is not None), own[0])
    figure = cite(shown.score, shown.id) if shown.score is not None else shown.status
    what = "earned weight in the blend" if useful else "earned no weight in the blend"
    return _counted(
        facts,
        Learning(
            learnings.family_id(facts, family),
            f"{family} helps on {facts.competition.task_type}.",
            f"{facts.competition.competition}: {figure} {what} of {facts.data.n_train} rows.",
            applies_to=facts.competition.task_type,
            support=0,
        ),
        helped=bool(useful),
    )


def _on_threshold(facts: Facts, current: Sequence[ExperimentFact]) -> Iterator[Learning]:
    """L2 is contradicted by a member far behind the best that carries weight in a blend that gained."""
    rule, leader = learnings.find(facts.learnings, "L2"), history.best(facts)
    won = list(history.blend_gains(facts).values())[-1:]
    if rule is None or leader is None or leader.score is None or not won or won[0] < history.noise(facts):
        return
    for e in current:
        if e.score is None or history.weights(facts).get(e.id, 0.0) < 0.1:
            continue
        if learnings.far_behind(facts, leader, e, history.noise(facts)):
            evidence = f"{cite_worth(e)} is far behind {cite_worth(leader)}, yet carries weight."
            yield _counted(facts, replace(rule, evidence=evidence), helped=False)
            return


def _counted(facts: Facts, learning: Learning, helped: bool) -> Learning:
    """The learning with this round's evidence added to what is known of it."""
    known = learnings.find(facts.learnings, learning.id)
    support, against = (known.support, known.contradicted) if known else (0, 0)
    return replace(learning, support=support + helped, contradicted=against + (not helped))
