"""What the registry's figures say so far: pure readings of `Facts`, shared by all roles.

Gains are positive when better and in the unit of what guides the search (the surrogate's where the metric moves in steps,
else the metric's own) unless named `_units`, which are multiples of the noise floor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podium.records import BlendFact, ExperimentFact, Facts
from podium.team.builtin import sampled

PLATEAU_ROUNDS = 2
BOOSTED = frozenset({"lightgbm", "xgboost", "catboost", "hist"})
ENDING = 0.2  # of the time
USED_UP = 0.95  # of its rounds, from where on boosting has not stopped by itself
QUICK = ", quick"  # of a name: with less effort than was wanted
Void = frozenset[tuple[str, bool, str, str]]  # model, whether on target means, option, value
CEILING_TRIES = 4  # boosted models in a row that gained no more than noise


def gain(facts: Facts, new: ExperimentFact | BlendFact, old: ExperimentFact | BlendFact) -> float:
    """How much better one is than another; both have scores."""
    return facts.worth(new) - facts.worth(old)


def scored(facts: Facts) -> list[ExperimentFact]:
    """Valid, finished experiments, the best first, the older of two equals."""
    valid = [e for e in facts.experiments if e.score is not None and e.status == "done" and e.verdict != "invalid"]
    return sorted(valid, key=lambda e: -facts.worth(e))


def best(facts: Facts) -> ExperimentFact | None:
    """The champion where there is one, else the best score."""
    ranked = scored(facts)
    return next((e for e in ranked if e.id == facts.champion), ranked[0] if ranked else None)


def noise(facts: Facts) -> float:
    """One unit of gain: the noise floor; before there is one, what a paired difference usually scatters by.

    The standard error of a paired difference between similar models is about a third of the score's own.
    """
    if facts.noise_floor > 0:
        return facts.noise_floor
    leader = best(facts)
    if leader is None or leader.score is None:
        return 1.0
    own = leader.stderr or 0.0 if leader.merit is None else 0.0  # it is of the score
    return own / 3 or 0.003 * abs(facts.worth(leader)) or 1.0


def weights(facts: Facts) -> Mapping[str, float]:
    """Experiment → weight in the newest blend."""
    return facts.blends[-1].weights if facts.blends else {}


def blend_gains(facts: Facts) -> dict[int, float]:
    """Round → how much the blend's nested predictions gained in it; the first blend has no gain to show."""
    return {new.round: gain(facts, new, old) for old, new in zip(facts.blends, facts.blends[1:], strict=False)}


def plateau(facts: Facts, rounds: int = PLATEAU_ROUNDS) -> bool:
    """Whether the blend gained less than the noise floor over the last rounds together."""
    recent = list(blend_gains(facts).values())[-rounds:]
    return len(recent) >= rounds and sum(recent) < noise(facts)


def ceiling(facts: Facts) -> ExperimentFact | None:
    """The best boosted model, where boosting has stopped gaining: in two families at least, its last tries together were
    no better than noise, those that the gate stopped among them. None before that, and where there is no boosting."""
    boosted = [e for e in scored(facts) if _is_boosted(e)]
    known = {e.id for e in boosted}
    stopped = {e.id for e in facts.experiments if _is_boosted(e) and e.status == "killed" and "behind" in e.notes}
    late = {e.id for e in [e for e in facts.experiments if e.id in known | stopped][-CEILING_TRIES:]}
    early = [e for e in boosted if e.id not in late]
    if len({e.family for e in boosted}) < 2 or not early:
        return None
    return boosted[0] if gain(facts, boosted[0], early[0]) <= noise(facts) else None


def _is_boosted(e: ExperimentFact) -> bool:
    return e.family in BOOSTED and e.operator != "replicate"


def same_body(a: ExperimentFact, b: ExperimentFact) -> bool:
    """Whether two experiments are one model with the same parameters, fitted on as many rows, on other columns."""
    if a.recipe is None or b.recipe is None or a.id == b.id:
        return False
    same_rows = a.recipe.features.get(sampled.OPTION) == b.recipe.features.get(sampled.OPTION)
    return same_rows and (a.recipe.kind, a.recipe.model, a.recipe.params) == (
        b.recipe.kind,
        b.recipe.model,
        b.recipe.params,
    )


def compared(facts: Facts) -> list[tuple[ExperimentFact, ExperimentFact]]:
    """Pairs of scored experiments whose difference says what a change is worth: child and parent, and the best of one body on
    other columns against the rest of it. Each pair both ways: what a change gains, taking it back loses."""
    ranked = [e for e in scored(facts) if e.recipe is not None]
    by_id = {e.id: e for e in ranked}
    children = [e for e in ranked if e.operator != "stack"]  # which differs from each that it reads in everything
    pairs = {(e.id, e.parents[0]) for e in children if e.parents and e.parents[0] in by_id}
    leaders: list[ExperimentFact] = []
    for e in ranked:
        leader = next((one for one in leaders if same_body(one, e)), None)
        if leader is None:
            leaders.append(e)
        else:
            pairs.add((leader.id, e.id))
    both = sorted(pairs | {(b, a) for a, b in pairs})
    return [(by_id[a], by_id[b]) for a, b in both]


def used_up(e: ExperimentFact) -> int | None:
    """The rounds of boosting that was still gaining when they were over; None where it stopped by itself, or never stops.

    Notes are a solution's own words: anything may stand there.
    """
    reached, rounds = e.notes.get("best_iteration"), None if e.recipe is None else e.recipe.params.get("rounds")
    if e.recipe is None or not e.recipe.params.get("patience") or not isinstance(rounds, int) or rounds < 1:
        return None
    if not isinstance(reached, list) or not reached or not all(isinstance(one, int) for one in reached):
        return None
    return rounds if max(reached) >= USED_UP * rounds else None


def shortened(e: ExperimentFact) -> int | None:
    """The epochs of a net that was given fewer than the portfolio's, for want of time; None of any other."""
    epochs = None if e.recipe is None else e.recipe.params.get("epochs")
    return epochs if isinstance(epochs, int) and e.name.endswith(QUICK) else None


def void(facts: Facts) -> Void:
    """Feature options that change nothing here: what was added, or the one difference, to an experiment that predicts the same.

    By model, and apart with target means and without: smoothings of no means change nothing, of means they may.
    """
    found = set[tuple[str, bool, str, str]]()
    for e, twin in _repeated(facts):
        if e.recipe is None or twin.recipe is None or e.recipe.model != twin.recipe.model:
            continue
        mine, its = ({(k, repr(v)) for k, v in one.features.items()} for one in (e.recipe, twin.recipe))
        if its <= mine or len(mine ^ its) == 1:  # of several that were added none changed anything
            options = [one for one in mine ^ its if one[0] != "target"]
            found |= {(e.recipe.model, bool(e.recipe.features.get("target")), *option) for option in options}
    return frozenset(found)


def _repeated(facts: Facts) -> Iterator[tuple[ExperimentFact, ExperimentFact]]:
    """Experiments, each with an older one that predicts the same: as a gate found, or by its scores on all folds."""
    by_id = {e.id: e for e in facts.experiments}
    first: dict[tuple[tuple[float | None, ...], float | None], ExperimentFact] = {}
    for e in facts.experiments:
        if e.twin in by_id:
            yield e, by_id[e.twin]
        elif e.fold_scores and e.status == "done":
            older = first.setdefault((e.fold_scores, e.merit), e)
            if older is not e:
                yield e, older


def ending(facts: Facts) -> bool:
    """The last fifth of the time: what is left is for averaging what is good."""
    left, total = facts.budget.time_left_s, facts.budget.time_total_s
    return left is not None and total is not None and left < ENDING * total


def tried_families(facts: Facts) -> frozenset[str]:
    return frozenset(facts.families) | frozenset(e.family for e in facts.experiments)


def by_round(facts: Facts) -> dict[int, list[ExperimentFact]]:
    """Round → its experiments, rounds ascending."""
    rounds: dict[int, list[ExperimentFact]] = {}
    for experiment in sorted(facts.experiments, key=lambda e: e.round):
        rounds.setdefault(experiment.round, []).append(experiment)
    return rounds


def credit(facts: Facts) -> dict[str, float]:
    """Experiment → the blend gain it brought in its own round, shared with that round's others by blend weight.

    The first blend's experiments are credited by weight with one noise floor each: they set the level.
    """
    gains, at = blend_gains(facts), {blend.round: blend.weights for blend in facts.blends}
    shares: dict[str, float] = {}
    for number, experiments in by_round(facts).items():
        if number not in at:
            continue
        total = sum(at[number].get(e.id, 0.0) for e in experiments)
        won = max(0.0, gains.get(number, noise(facts)))
        for e in experiments:
            shares[e.id] = won * at[number].get(e.id, 0.0) / total if total else 0.0
    return shares
