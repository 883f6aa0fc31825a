"""What a campaign takes from its user's home as it begins, and gives back as it ends.

The snapshot at the start is all that a campaign ever reads: what other campaigns learn meanwhile changes nothing in it.
Evidence from the very same data is left out of the snapshot, since it would count the same rows twice, and since the same
command shall give the same campaign.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import referee
from podium.campaign import blending
from podium.campaign.options import Options
from podium.errors import UserError
from podium.records import Competition, DataFacts, Learning, Recalled, dumps, from_json
from podium.team.citations import CITATION
from podium.team.memory import Evidence, Home, Remembered, recipes
from podium.team.memory.rules import ANY, LONGEST, Z, seeded, stable_id

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry import Registry
    from podium.registry.experiments import Experiment

BROUGHT, CAMPAIGN, RECALLED = "learnings_brought", "campaign_id", "recalled"
LEAST_WEIGHT = 0.02  # of a member whose recipe is remembered
OF_TABLES = ("tabular", "text")  # kinds of recipes that the traits of a table tell enough of
NAMELESS = ":handed_in"  # solutions from outside the rounds, whose family nobody named: they say nothing elsewhere
MOST_ROWS = 20_000  # that an effect is measured on, so that remembering stays cheap


def bring(registry: Registry, competition: Competition, facts: DataFacts, options: Options) -> None:
    """The learnings that fit this kind of data, into the new campaign. Raises UserError where the home is damaged."""
    home = Home.of_user() if options.memory else None
    known = seeded() if home is None else home.rules()
    fitting = [one for one in known if one.applies_to in (ANY, competition.task_type)]
    data = data_id(competition, facts)
    usable = [rule for rule in (one.without(data) for one in fitting) if rule.evidence]
    for rule in usable:
        registry.add_learning(rule.as_learning(), 0)
    registry.set(BROUGHT, {rule.id: [rule.support, rule.contradicted] for rule in usable})
    registry.set(CAMPAIGN, uuid.uuid4().hex[:12])
    if home is not None:
        played = recipes.read(home.path.parent)
        registry.set(RECALLED, recipes.recall(played, recipes.traits_of(competition, facts), without=data))


def recalled(registry: Registry) -> tuple[Recalled, ...]:
    """What carried blends on like data, as it was known when the campaign began."""
    return tuple(from_json(Recalled, one) for one in registry.setting(RECALLED) or ())


def remember(engine: Engine) -> None:
    """Give the home what this campaign's own rounds showed. A home that cannot be written is told of, and loses nothing
    that the campaign has."""
    home = Home.of_user() if engine.options.memory else None
    if home is None or engine.registry.setting(CAMPAIGN) is None:
        return
    try:
        own, carried = learned(engine, home.rules()), _carried(engine)
        if own:
            home.merge(own)
        if carried:
            recipes.keep(home.path.parent, _played(engine, carried))
    except (UserError, OSError) as problem:
        engine.event("warning", message=f"the learnings were not remembered: {problem}")


def learned(engine: Engine, known: tuple[Remembered, ...]) -> tuple[Remembered, ...]:
    """This campaign's evidence alone: the totals of its learnings less what it was given at the start."""
    registry, found = engine.registry, []
    brought = registry.setting(BROUGHT) or {}
    for learning in registry.learnings():
        before = brought.get(learning.id, [0, 0])
        support, against = learning.support - before[0], learning.contradicted - before[1]
        if (support <= 0 and against <= 0) or learning.id.endswith(NAMELESS):
            continue
        id_ = learning.id if learning.id in brought else stable_id(learning, known)
        evidence = _evidence(engine, learning, max(0, support), max(0, against))
        found.append(Remembered(id_, _plain(learning.rule), learning.applies_to, (evidence,)))
    return tuple(found)


def _carried(engine: Engine) -> tuple[recipes.Carried, ...]:
    """Recipes of the best blend, the heaviest first. A member without one came from a mind or from outside."""
    blend = blending.best_blend(engine)
    weights = {} if blend is None else dict(blend.weights)
    members = {id_: engine.registry.experiments.get(id_) for id_, weight in weights.items() if weight >= LEAST_WEIGHT}
    found = [
        recipes.Carried(one.spec.recipe, round(weights[id_], 4))
        for id_, one in members.items()
        if one is not None
        and one.builtin
        and one.spec.recipe is not None
        and one.spec.recipe.kind in OF_TABLES
        and not one.reads  # what it reads is this campaign's alone
    ]
    return tuple(sorted(found, key=lambda one: -one.weight)[: recipes.PER_DATA])


def _played(engine: Engine, carried: tuple[recipes.Carried, ...]) -> recipes.Played:
    facts, asked = engine.dataset.facts, engine.competition
    return recipes.Played(
        data=data_id(asked, facts),
        campaign=str(engine.registry.setting(CAMPAIGN)),
        competition=_plain(asked.competition),
        traits=recipes.traits_of(asked, facts),
        carried=carried,
    )


def data_id(competition: Competition, facts: DataFacts) -> str:
    """One name for one data set, whatever folder it lies in and however its folds are cut."""
    seen = [competition.task_type, facts.n_train + facts.n_vault, facts.n_test, facts.target_cardinality]
    columns = [(c.name, c.kind, c.n_unique, round(c.missing, 6), round(c.mean_length, 6)) for c in facts.columns]
    return hashlib.sha256(dumps([seen, columns]).encode()).hexdigest()[:12]


def _evidence(engine: Engine, learning: Learning, support: int, against: int) -> Evidence:
    facts, asked = engine.dataset.facts, engine.competition
    effect = _effect(engine, learning.id)
    return Evidence(
        campaign=str(engine.registry.setting(CAMPAIGN)),
        data=data_id(asked, facts),
        competition=_plain(asked.competition),
        kind=f"{asked.task_type}, {facts.n_train + facts.n_vault} rows, {len(facts.columns)} columns",
        support=support,
        contradicted=against,
        text=_plain(CITATION.sub(lambda cited: cited["number"] or "", learning.evidence)),
        effect=None if effect is None else effect[0],
        low=None if effect is None else effect[0] - Z * effect[1],
        high=None if effect is None else effect[0] + Z * effect[1],
        metric=asked.metric_shown,
    )


def _effect(engine: Engine, id_: str) -> tuple[float, float] | None:
    """(gain, standard error) of a family's best experiment over the best of all others, paired on OOF rows; None for
    other rules, and where there is nothing to compare."""
    if not id_.startswith("F:"):
        return None
    family = id_.split(":", 2)[-1]
    pool = engine.registry.experiments.best_of_pool(1000, engine.competition.metric_direction == "higher")
    own = next((one for one in pool if one.spec.family == family), None)
    other = next((one for one in pool if one.spec.family != family), None)
    if own is None or other is None:
        return None
    rows = slice(None, None, max(1, len(engine.truth) // MOST_ROWS))
    paired = referee.paired(
        engine.task, engine.truth[rows], _oof(engine, own, rows), _oof(engine, other, rows), engine.fold_of[rows]
    )
    return (paired.gain, paired.stderr) if np.isfinite([paired.gain, paired.stderr]).all() else None


def _oof(engine: Engine, experiment: Experiment, rows: slice) -> Any:
    return engine.store.oof(experiment.id)[rows]


def _plain(text: str) -> str:
    """One printable line, cut: it will stand in other campaigns' prompts."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub(r" +([.,;:])", r"\1", words)[:LONGEST]
