"""Every experiment worth considering now, by operator, each with an expected gain and a cost. None was tried before."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from podium.records import ExperimentFact, ExperimentSpec, Facts, Hypothesis, Operator, Recipe
from podium.team.builtin import carried, cost, history, learnings, novelty, recalling, sampled, stacking
from podium.team.builtin.conditions import MEASURES
from podium.team.builtin.effort import affordable, eased, fair
from podium.team.builtin.expectation import Evidence
from podium.team.builtin.stock import Catalog
from podium.team.builtin.wording import difference, title

PARENTS = 4  # the best of that many families are worth improving
DRAWS = 6  # mutations drawn for each parent; evidence picks among them
POSITION_DECAY = 0.95  # the portfolio is in order of promise
SECOND_DRAFT = 0.6  # of what a family's first draft promises
BESIDE_TEXT = 0.3  # of a table model's promise where the texts carry the rows
# of a second level's promise, where texts carry the rows and on tables: models of words err in more ways than trees do
STACKED_TEXT, STACKED_TABLE = 3.0, 0.5
BARREN = 0.8  # for each child of a parent that brought the blend nothing
SAME_AGAIN = 0.6  # for each replicate there is: averaging more seeds pays less and less
LEAST_WEIGHT = 0.1  # in the blend, for a replicate to be worth its time
MOST_ROUNDS = 10_000
LONGER = 3.0  # times an improvement's promise: it is known to gain, if only a little
REOPENED = 0.5  # noise floors that a second try with other parameters promises, whatever debugging brought so far
REOPENS = "the retro re-opened"
NEEDED = frozenset(
    {"files", "weights", "length", "meanings", "models", sampled.OPTION}
)  # what a model reads with: nothing to take away
SEEDLESS = frozenset(
    {"linear", "kernel", "knn", "naive_bayes", "nbsvm", "tfidf_linear", "nb_stack", "sentence_linear", "span_rules"}
)  # nothing to average: no randomness to speak of


@dataclass(frozen=True)
class Workshop:
    """What every operator needs: the facts, the catalog, one brief's random stream, and the evidence so far."""

    facts: Facts
    catalog: Catalog
    rng: random.Random
    evidence: Evidence

    def spec(
        self, operator: Operator, recipe: Recipe, name: str, why: str, units: float, parents: Iterable[str] = ()
    ) -> ExperimentSpec:
        return ExperimentSpec(
            name=name,
            hypothesis=why,
            operator=operator,
            family=recipe.model,
            parents=tuple(parents),
            expected_gain=units * history.noise(self.facts),
            cost_s=cost.experiment_s(recipe, self.facts, self.catalog),
            recipe=recipe,
        )


def candidates(facts: Facts, catalog: Catalog, rng: random.Random) -> list[ExperimentSpec]:
    """Each untried, affordable experiment once; the researcher's hypotheses before what else comes to the same recipe, so that
    their sources are kept, but for what promises more by what has happened since."""
    shop = Workshop(facts, catalog, rng, Evidence.of(facts))
    makers = (
        _reopened,
        _redressed,
        _hypotheses,
        _recalled,
        _whole,
        _more_rows,
        _drafts,
        _debugs,
        _longer,
        _improvements,
        _crossovers,
        _stacks,
        _ablations,
        _replicates,
    )
    unseen, used, void = [], novelty.seen(facts, catalog), history.void(facts)
    # a brief names the best and the newest experiments alone: no other can be a parent
    listed = {e.id for e in facts.experiments}
    for spec in (spec for maker in makers for spec in maker(shop)):
        afforded = affordable(spec, facts, catalog) if listed.issuperset(spec.parents) else None
        if afforded is None or afforded.recipe is None:
            continue
        recipe = afforded.recipe
        if afforded.operator not in ("replicate", "debug"):
            recipe = novelty.without(recipe, void)
            afforded = replace(afforded, recipe=recipe)
        mark = catalog.fingerprint(recipe) + (f"+{afforded.seed_offset}" if afforded.seed_offset else "")
        if mark not in used:
            used.add(mark)
            unseen.append(afforded)
    return unseen


def parents(facts: Facts) -> list[ExperimentFact]:
    """What is worth improving: the best experiment of each leading family, and the blend's heaviest members; none that reads
    others, for better than another setting is one that reads what has come since."""
    ranked = [e for e in history.scored(facts) if e.recipe is not None and not stacking.read(e)]
    leaders: dict[str, ExperimentFact] = {}
    for e in ranked:
        leaders.setdefault(e.family, e)
    weights = history.weights(facts)
    heavy = [e for e in ranked if weights.get(e.id, 0.0) >= LEAST_WEIGHT]
    chosen = {e.id: e for e in [*list(leaders.values())[:PARENTS], *heavy]}
    return list(chosen.values())


def _reopened(shop: Workshop) -> Iterator[ExperimentSpec]:
    """What the retro found to be given up too early, once each, with the parameters that it names."""
    done = {parent for e in shop.facts.experiments if e.operator == "debug" for parent in e.parents}
    for one in shop.facts.reopened:
        if one.recipe is not None and one.experiment not in done:
            units = max(REOPENED, shop.evidence.units("debug", one.recipe.model))
            yield shop.spec(
                "debug", one.recipe, f"{title(one.recipe)} once more", f"{REOPENS} {one.experiment}: {one.why}", units,
                (one.experiment,),
            )  # fmt: skip


def _redressed(shop: Workshop) -> Iterator[ExperimentSpec]:
    """Leading families on the columns that won: what they were worth without them says little, so each is as a first draft."""
    won = carried.won(shop.facts)
    for parent, recipe in carried.redressed(shop.facts, parents(shop.facts), won):
        assert parent.recipe is not None
        new = {name: one for name, one in won.items() if name not in parent.recipe.features}
        lent = dict.fromkeys(one.winner.id for one in new.values())
        why = f"{parent.id} was tried without what won by far{carried.said(recipe, new)}"
        name = f"{title(recipe)}: {difference(recipe, parent.recipe)}"
        yield shop.spec("crossover", recipe, name, why, shop.evidence.operators["draft"], (parent.id, *lent))


def _hypotheses(shop: Workshop) -> Iterator[ExperimentSpec]:
    leaders = {e.family: e for e in reversed(history.scored(shop.facts))}
    for hypothesis in shop.facts.hypotheses:
        if hypothesis.recipe is not None:
            yield _from_hypothesis(shop, hypothesis, hypothesis.recipe, leaders.get(hypothesis.recipe.model))


def _from_hypothesis(
    shop: Workshop, hypothesis: Hypothesis, recipe: Recipe, parent: ExperimentFact | None
) -> ExperimentSpec:
    """A researcher's promise counts up to three times what the evidence supports."""
    operator: Operator = "improve" if parent else "draft"
    supported = 3 * shop.evidence.units(operator, recipe.model)
    units = min(supported, hypothesis.expected_gain / history.noise(shop.facts))
    ids = (parent.id,) if parent else ()
    name = title(recipe) if parent is None else f"{title(recipe)}: {difference(recipe, parent.recipe)}"
    cited = ", ".join(hypothesis.sources)
    spec = shop.spec(operator, recipe, name, f"{hypothesis.text} [{hypothesis.id}: {cited}]", units, ids)
    return replace(spec, sources=hypothesis.sources)


def _recalled(shop: Workshop) -> Iterator[ExperimentSpec]:
    """What carried blends on data like these, in the order of how much."""
    for position, (recipe, _) in enumerate(recalling.fitted(shop.facts, shop.catalog)):
        units = shop.evidence.units("draft", recipe.model) * POSITION_DECAY**position
        why = "it carried the blend of an earlier campaign on data like these"
        yield shop.spec("draft", recipe, f"{title(recipe)} as remembered", why, units)


def _drafts(shop: Workshop) -> Iterator[ExperimentSpec]:
    """The portfolio's recipes that were not tried: new families, each by its first setting, and other settings of
    families that were."""
    facts, seen, position = shop.facts, novelty.seen(shop.facts, shop.catalog), 0
    first = {e.family: e.recipe for e in reversed(facts.experiments) if e.recipe is not None}
    tried, offered, won = history.tried_families(facts), set[str](), carried.won(facts)
    for recipe in carried.portfolio(facts, shop.catalog):
        if shop.catalog.fingerprint(recipe) in seen or recipe.model in offered:
            continue
        units = shop.evidence.units("draft", recipe.model) * POSITION_DECAY**position
        name, why = title(recipe), f"{recipe.model} is a family not tried yet, from the portfolio"
        if recipe.kind == "tabular" and MEASURES["text_share"](facts) >= 0.5:
            units *= BESIDE_TEXT
        if recipe.model in tried and _hasty(shop, recipe):
            offered.add(recipe.model)
            units *= shop.evidence.operators["draft"] / max(1e-9, shop.evidence.units("draft", recipe.model))
            why = f"{recipe.model} was tried with less than half of the rounds, which says little of it"
        elif recipe.model in tried:
            units *= SECOND_DRAFT
            name += f": {difference(recipe, first.get(recipe.model))}"
            why = f"another setting of {recipe.model} than those tried, from the portfolio"
        else:
            offered.add(recipe.model)
        yield shop.spec("draft", recipe, name, f"{why}{carried.said(recipe, won)}", units)
        position += 1


def _hasty(shop: Workshop, recipe: Recipe) -> bool:
    """Whether all that its family had so far is a quick baseline's effort, by choice and not for want of time."""
    own = [e for e in shop.facts.experiments if e.family == recipe.model]
    return bool(own) and all(
        e.recipe is not None
        and 0 < 2 * carried.effort(e.recipe) <= carried.effort(recipe)
        and not e.name.endswith(history.QUICK)
        for e in own
    )


def _debugs(shop: Workshop) -> Iterator[ExperimentSpec]:
    """Failures again, with less effort or plainer features: was it exhausted, or tried with wrong parameters (L7)?"""
    if not learnings.in_force(shop.facts, "L7"):
        return
    done = {parent for e in shop.facts.experiments for parent in e.parents if e.operator == "debug"}
    for e in shop.facts.experiments:
        if e.status != "failed" or e.recipe is None or e.id in done or e.operator == "debug":
            continue
        starved = any(word in e.message.lower() for word in ("memory", "time", "limit", "killed"))
        smaller = cost.cheaper(e.recipe, shop.facts, shop.catalog) if starved else _plain(e.recipe)
        if smaller is None or smaller == e.recipe:
            continue
        how = "with less effort" if starved else "on plain features"
        why = f"{e.id} failed ({e.message[:80]}): the same idea {how} may work"
        yield shop.spec(
            "debug", smaller, f"{title(smaller)} {how}", why, shop.evidence.units("debug", e.family), (e.id,)
        )


def _plain(recipe: Recipe) -> Recipe:
    return replace(recipe, features={k: v for k, v in recipe.features.items() if k in NEEDED})


def _longer(shop: Workshop) -> Iterator[ExperimentSpec]:
    """Boosting that was still gaining when its rounds were over, with twice as many: rounds are a limit, not a choice, but for
    a quick baseline while the portfolio has as long a setting of its family."""
    at_hand = _untried_rounds(shop)
    for parent in parents(shop.facts):
        recipe, rounds = parent.recipe, history.used_up(parent)
        if recipe is not None and rounds is not None and at_hand.get(recipe.model, 0) < 2 * rounds <= MOST_ROUNDS:
            longer = replace(recipe, params={**recipe.params, "rounds": 2 * rounds})
            units = LONGER * shop.evidence.units("improve", recipe.model)
            why = f"{parent.id} was still gaining as its {rounds} rounds were over"
            yield shop.spec("improve", longer, f"{title(recipe)}: rounds {2 * rounds}", why, units, (parent.id,))


def _whole(shop: Workshop) -> Iterator[ExperimentSpec]:
    """A net that carries weight though it had fewer epochs than the portfolio's: with all of them, or what the time holds."""
    facts, weights = shop.facts, history.weights(shop.facts)
    for e in history.scored(facts):
        epochs = history.shortened(e)
        if epochs is None or e.recipe is None or weights.get(e.id, 0.0) < LEAST_WEIGHT:
            continue
        for plain in shop.catalog.portfolio(facts.data, facts.competition, facts.hardware):
            more = plain.params.get("epochs", 0)
            recipe = replace(e.recipe, params={**e.recipe.params, "epochs": more})
            if more > epochs and carried.wears(recipe, plain):
                units = LONGER * shop.evidence.units("improve", recipe.model)
                why = f"{e.id} carries weight and had {epochs} of {more} epochs, for want of time"
                spec = shop.spec("improve", recipe, f"{title(recipe)}: epochs {more}", why, units, (e.id,))
                held = eased(spec, facts, shop.catalog)
                if held is not None and held.recipe is not None and held.recipe.params["epochs"] > epochs:
                    yield held


def _more_rows(shop: Workshop) -> Iterator[ExperimentSpec]:
    """What carries weight though it learned from a sample, on as many rows as a fair share of the time holds."""
    facts, weights = shop.facts, history.weights(shop.facts)
    if not sampled.explored(facts):
        return
    for e in history.scored(facts):
        if e.recipe is None or sampled.OPTION not in e.recipe.features or weights.get(e.id, 0.0) < LEAST_WEIGHT:
            continue
        recipe, units = sampled.whole(e.recipe), LONGER * shop.evidence.units("improve", e.family)
        why = f"{e.id} carries weight and learned from {sampled.rows_of(e.recipe, facts)} rows alone"
        spec = shop.spec("improve", recipe, f"{title(recipe)}: more rows", why, units, (e.id,))
        held = fair(spec, facts, shop.catalog)
        if held is not None and held.recipe is not None and sampled.grown(held.recipe, e.recipe, facts):
            yield held


def _untried_rounds(shop: Workshop) -> dict[str, int]:
    """Family → the most rounds of a recipe of the portfolio that was not tried."""
    facts, seen = shop.facts, novelty.seen(shop.facts, shop.catalog)
    found: dict[str, int] = {}
    for recipe in carried.portfolio(facts, shop.catalog):
        if shop.catalog.fingerprint(recipe) not in seen:
            found[recipe.model] = max(found.get(recipe.model, 0), int(recipe.params.get("rounds", 0)))
    return found


def _improvements(shop: Workshop) -> Iterator[ExperimentSpec]:
    credit = history.credit(shop.facts)
    for parent in parents(shop.facts):
        assert parent.recipe is not None
        children = [e for e in shop.facts.experiments if parent.id in e.parents and e.operator != "replicate"]
        barren = sum(not credit.get(e.id) for e in children)
        drawn = [
            shop.catalog.neighbours(parent.recipe, shop.rng, shop.facts.data, shop.facts.competition)
            for _ in range(DRAWS)
        ]
        ranked = sorted(drawn, key=lambda r: -shop.evidence.of_changes(r, parent.recipe))  # type: ignore[arg-type]
        for recipe in ranked[:3]:
            if recipe == parent.recipe:
                continue
            factor = shop.evidence.of_changes(recipe, parent.recipe) * BARREN**barren
            what = difference(recipe, parent.recipe)
            yield shop.spec(
                "improve",
                recipe,
                f"{title(recipe)}: {what}",
                f"{what} improves on {parent.id} ({parent.score:.5g})",
                shop.evidence.units("improve", recipe.model) * factor,
                (parent.id,),
            )


def _crossovers(shop: Workshop) -> Iterator[ExperimentSpec]:
    pool = parents(shop.facts)[:PARENTS]
    for a in pool:
        for b in pool:
            assert a.recipe is not None and b.recipe is not None
            if a.id == b.id or a.recipe.kind != b.recipe.kind:
                continue
            recipe = shop.catalog.crossover(a.recipe, b.recipe, shop.rng)
            body = a if recipe.model == a.recipe.model else b
            units = shop.evidence.units("crossover", recipe.model) * shop.evidence.of_changes(
                recipe, body.recipe or recipe
            )
            name = f"{title(recipe)} on the features of {(b if body is a else a).family}"
            why = f"the model of {body.id} gains from the features of {(b if body is a else a).id}"
            yield shop.spec("crossover", recipe, name, why, units, (a.id, b.id))


def _stacks(shop: Workshop) -> Iterator[ExperimentSpec]:
    """Boosting on what the models predict and on the table: where one of them errs, the columns may say which."""
    ids = stacking.due(shop.facts)
    recipe = shop.catalog.second_level(ids, shop.facts.data, shop.facts.competition) if ids else None
    if recipe is None:
        return
    ids = tuple(recipe.features["models"])
    units = shop.evidence.units("stack", recipe.model)
    units *= STACKED_TEXT if MEASURES["text_share"](shop.facts) >= 0.5 else STACKED_TABLE
    why = f"the columns tell which of {len(ids)} models errs (not strictly blind: they had seen each other's folds)"
    yield shop.spec("stack", recipe, f"{title(recipe)} on {len(ids)} models", why, units, ids)


def _ablations(shop: Workshop) -> Iterator[ExperimentSpec]:
    """The leader without one of its feature options: two or more may be one too many."""
    leader = history.best(shop.facts)
    if leader is None or leader.recipe is None or len(leader.recipe.features) < 2:
        return
    for option in sorted(leader.recipe.features.keys() - NEEDED):
        if leader.recipe.features[option] is False:
            continue
        recipe = replace(leader.recipe, features=_without(leader.recipe, option))
        units = shop.evidence.units("ablate", recipe.model) * shop.evidence.of_changes(recipe, leader.recipe)
        why = f"{leader.id} does not need its option {option}"
        yield shop.spec("ablate", recipe, f"{title(recipe)} without {option}", why, units, (leader.id,))


def _without(recipe: Recipe, option: str) -> dict[str, Any]:
    """What a model of texts does unless it is told not to, it is told not to."""
    rest = {name: value for name, value in recipe.features.items() if name != option}
    told = recipe.kind != "tabular" or option == "counts"
    return {**rest, option: False} if told and recipe.features[option] is True else rest


def _replicates(shop: Workshop) -> Iterator[ExperimentSpec]:
    """Another seed for heavy members, to average: bagging, never an idea, and only when ideas no longer pay."""
    if not history.plateau(shop.facts) and not history.ending(shop.facts):
        return
    weights = history.weights(shop.facts)
    for e in history.scored(shop.facts):
        weight = weights.get(e.id, 0.0)
        if e.recipe is None or weight < LEAST_WEIGHT or e.operator == "replicate" or e.family in SEEDLESS:
            continue
        copies = sum(r.operator == "replicate" and e.id in r.parents for r in shop.facts.experiments)
        units = shop.evidence.units("replicate", e.family) * weight * SAME_AGAIN**copies
        why = f"bagging: averaging another seed of {e.id} (weight {weight:.2f}) lowers its variance"
        spec = shop.spec("replicate", e.recipe, f"{title(e.recipe)}, seed {copies + 2}", why, units, (e.id,))
        yield replace(spec, seed_offset=copies + 1)
