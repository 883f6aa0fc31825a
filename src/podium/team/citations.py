"""Figures that a text cites, and whether the facts bear them out: `0.81234 [E007.score]`, `0.795 [blend.R03.score]`.

A citation names a numeric field of an experiment, of the blend of a round, or of the facts themselves. The number
written before it must be that figure, to the digits written (at least three). A learning is cited by its id alone, as in
`[L3]`, `[F:regression:knn]` or `[M1f0c22ab]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from podium.records import BlendFact, ExperimentFact, Facts, Learning

EXPERIMENT_FIELDS = ("score", "stderr", "merit", "cost_s", "expected_gain", "correlation", "blend_weight", "round")
BLEND_FIELDS = ("score", "stderr", "merit", "vault_score")
FACTS_FIELDS = ("noise_floor", "n_experiments", "round")
CITATION = re.compile(
    r"(?:(?P<number>[-+]?\d[\d.]*(?:e[-+]?\d+)?) )?\[(?P<where>facts|E\d+|blend\.R\d+)\.(?P<field>\w+)\]"
)
LEARNING = re.compile(r"\[(?P<id>L\d+|M[0-9a-f]{8}|F:[a-z_]+:\w+)\]")


def cite(value: float, where: str, field: str = "score") -> str:
    """`0.81234 [E007.score]`: six significant digits, which is what `problems` compares."""
    return f"{value:.6g} [{where}.{field}]"


def cite_worth(one: ExperimentFact | BlendFact) -> str:
    """The score, and the merit where that is what one is compared by."""
    where = blend_name(one) if isinstance(one, BlendFact) else one.id
    merit = "" if one.merit is None else f", merit {cite(one.merit, where, 'merit')}"
    return f"{cite(one.score or 0.0, where)}{merit}"


def blend_name(blend: BlendFact) -> str:
    return f"blend.R{blend.round:02d}"


def problems(text: str, facts: Facts) -> list[str]:
    """One line for each citation that names nothing in the facts, or a number other than the figure it names."""
    found = []
    for match in CITATION.finditer(text):
        figure = resolve(match["where"], match["field"], facts)
        name = f"[{match['where']}.{match['field']}]"
        if figure is None:
            found.append(f"{name}: expected a figure of the registry, found none")
        elif match["number"] is not None and not _agrees(match["number"], figure):
            found.append(f"{name}: expected {figure:.6g}, found {match['number']}")
    return found


def unknown_learnings(text: str, facts: Facts, new: Iterable[Learning] = ()) -> list[str]:
    """One line for each learning that the text cites by id and that neither the facts have nor is among `new`."""
    known = {learning.id for learning in (*facts.learnings, *new)}
    unknown = dict.fromkeys(match["id"] for match in LEARNING.finditer(text) if match["id"] not in known)
    return [f"[{id_}]: expected a learning that this campaign has, found none" for id_ in unknown]


def resolve(where: str, field: str, facts: Facts) -> float | None:
    """The figure that `where.field` names, or None."""
    record: ExperimentFact | BlendFact | Facts | None
    fields: tuple[str, ...]
    if where == "facts":
        record, fields = facts, FACTS_FIELDS
    elif where.startswith("blend."):
        record, fields = next((b for b in facts.blends if blend_name(b) == where), None), BLEND_FIELDS
    else:
        record, fields = next((e for e in facts.experiments if e.id == where), None), EXPERIMENT_FIELDS
    value = getattr(record, field, None) if record is not None and field in fields else None
    return None if value is None else float(value)


def _agrees(written: str, figure: float) -> bool:
    """Equal at six digits, or at the digits written where they are at least three."""
    digits = len(re.sub(r"e.*$", "", written).replace(".", "").lstrip("+-0"))
    return any(float(written) == float(f"{figure:.{n}g}") for n in {6, max(3, digits)})
