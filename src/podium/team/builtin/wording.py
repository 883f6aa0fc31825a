"""Names of experiments, in words."""

from __future__ import annotations

from podium.records import Recipe


def title(recipe: Recipe) -> str:
    return recipe.model.replace("_", " ")


def difference(new: Recipe, old: Recipe | None) -> str:
    """`num_leaves 63, target`: the options that differ, at most three."""
    if old is None:
        return "as proposed"
    merged = {**new.features, **new.params}
    before = {**old.features, **old.params}
    parts = [
        f"{n} {v}" if not isinstance(v, bool) else (n if v else f"no {n}")
        for n, v in merged.items()
        if before.get(n) != v
    ]
    parts += [f"default {n}" for n in before if n not in merged]
    return ", ".join(parts[:3]) + (", …" if len(parts) > 3 else "") if parts else "same options"
