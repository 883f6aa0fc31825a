"""What this machine can afford on these data: memory, seconds for one experiment, experiments in an hour. Estimates of the
recipes' own cost formula, no measurement: the same data and machine give the same figures."""

from __future__ import annotations

from dataclasses import replace

from podium.recipes import catalog
from podium.records import AuditFinding, Competition, DataFacts, Hardware, Recipe

PREFERRED = ("lightgbm", "tfidf_linear", "extra_trees")  # models whose cost says most about a campaign's pace
ROOMY_MB = 2**30
TIGHT = 0.8  # of the machine's memory


def affordable(competition: Competition, facts: DataFacts, hardware: Hardware) -> tuple[AuditFinding, ...]:
    """One finding: `hardware`, a warning where a usual model does not fit into memory; none where no recipe fits the task."""
    roomy = replace(hardware, memory_mb=ROOMY_MB)  # what would be tried, had it the memory
    recipe = _usual(catalog.portfolio(facts, competition, hardware) or catalog.portfolio(facts, competition, roomy))
    if recipe is None:
        return ()
    rows = max(1, facts.n_train - facts.n_train // max(1, facts.n_folds))
    fit_s, memory_mb = catalog.cost_s(recipe, facts, rows), catalog.memory_mb(recipe, facts)
    experiment_s = fit_s * facts.n_folds
    hourly = int(3600 * hardware.cores / max(experiment_s, 0.1))
    gpus = f", {len(hardware.gpus)} GPU" if hardware.gpus else ""
    machine = f"{hardware.cores} cores, {hardware.memory_mb / 1024:.1f} GB{gpus}"
    text = (
        f"{machine}: one {recipe.model} experiment ({facts.n_folds} folds of {rows:,} rows × {len(facts.columns)} columns) takes "
        f"about {experiment_s:.2g} s of one core and {memory_mb:,} MB; about {hourly:,} of them an hour at most"
    )
    tight = memory_mb > TIGHT * hardware.memory_mb
    note = "; it does not fit into memory: sample rows or drop columns first" if tight else ""
    return (AuditFinding("hardware", "warn" if tight else "info", None, round(experiment_s, 3), text + note),)


def _usual(recipes: tuple[Recipe, ...]) -> Recipe | None:
    """The first recipe of a preferred model, else the first."""
    by_model = {recipe.model: recipe for recipe in reversed(recipes)}
    return next((by_model[m] for m in PREFERRED if m in by_model), recipes[0] if recipes else None)
