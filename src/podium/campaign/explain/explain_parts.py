"""The parts of an explanation that need to know what rows, units and solutions are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.campaign.explain import explain_metric, pool_columns, side_files
from podium.campaign.explain.explain_material import Ints, Material
from podium.campaign.explain.residuals import as_compared, residual_matrix
from podium.referee import coding, disagreement, label_doubt, leftover, unit_types
from podium.referee.explanation import Example, LabelDoubt, Spread, Unused, UnusedTable
from podium.tasks.task import Floats

CLASSES, MULTILABEL = ("binary_classification", "multiclass_classification"), "multilabel_classification"
USERS = 24  # of the pool's best: whose solutions are looked at for what they use
PAIRED = 4  # columns of units whose pairs are tried
MOST = 8  # leftovers told
WORDS = "words in "  # before a text column's name: what was tested are its words


def types(
    material: Material, units: dict[str, Ints], loss: Floats, residual: Floats | None
) -> tuple[unit_types.UnitTypes, ...]:
    numbers = [c.name for c in material.columns if c.kind in ("numeric", "boolean") and c.name not in units][:40]
    drivers = {name: material.frame[name].cast(float).fill_null(float("nan")).to_numpy() for name in numbers}
    one_answer = material.truth.ndim == 1 and (material.raw.shape[1] == 1)
    target = material.truth.astype(np.float64) if one_answer else None
    found = []
    for name, of in list(units.items())[: explain_metric.MOST_UNITS]:
        things = {other: levels for other, levels in units.items() if other != name}
        one = unit_types.find_types(
            name, of, loss, residual, drivers, things, seed=material.dataset.seed, target=target
        )
        if one is not None:
            found.append(one)
    return tuple(found)


def spread_of(material: Material, pool: dict[str, Floats], loss: Floats) -> Spread | None:
    wrong = _wrong(material)
    pool = {name: as_compared(material.task, values) for name, values in pool.items()}
    found = disagreement.disagreement(pool, loss, wrong)
    if found is None:
        return None
    spread = disagreement.spread_of(pool)
    examples = tuple(_example(material, row, sure=float(spread[row])) for row in found.rows)
    return Spread(found.members, found.corners, found.lift, examples, judged=wrong is not None)


def _wrong(material: Material) -> NDArray[np.bool_] | None:
    """`(n,)`: whether the blend's label is another than the row's: the one decided, where the metric wants labels, else the
    likeliest. None where answers are no labels."""
    truth, raw = material.truth, material.raw
    if truth.dtype.kind in "iub" and material.decided.shape == truth.shape:
        codes = material.decided
        wrong = np.asarray((codes if codes.dtype.kind in "iub" else np.round(codes)) != truth)
    elif material.competition.task_type in CLASSES and truth.ndim == 1:
        wrong = np.asarray(label_doubt.as_classes(raw).argmax(axis=1) != truth)
    elif material.competition.task_type == MULTILABEL and raw.shape == truth.shape:
        wrong = np.asarray((raw >= 0.5) != (truth > 0.5))
    else:
        return None
    return wrong if wrong.ndim == 1 else np.asarray(wrong.any(axis=1))


def doubts(material: Material, pool: dict[str, Floats]) -> LabelDoubt | None:
    """Labels in doubt, by row: of classes by probabilities, of values by residuals; None for other answers."""
    truth, kind = material.truth, material.competition.task_type
    if truth.ndim != 1 or not pool:
        return None
    if kind in CLASSES:
        members = {name: label_doubt.as_classes(values) for name, values in pool.items()}
        found = label_doubt.doubted_classes(label_doubt.as_classes(material.raw), members, truth.astype(np.int64))
    else:
        compared = {name: as_compared(material.task, values) for name, values in pool.items()}
        blend, values = (as_compared(material.task, one) for one in (material.raw[:, 0], truth.astype(np.float64)))
        found = label_doubt.doubted_values(blend, compared, values)
    codes = kind in CLASSES
    examples = tuple(
        _example(material, doubt.row, said=doubt.said if codes else None, sure=doubt.sure) for doubt in found.rows
    )
    return LabelDoubt(found.n, found.flagged, found.precision, found.rate, found.likely, examples)


def _example(material: Material, row: int, *, said: Any = None, sure: float = 0.0) -> Example:
    """A row as the competition's files spell it: by its id, else by its place in the train file."""
    number = material.train_rows[row : row + 1]
    ids = material.dataset.ids(number)
    place = int(material.dataset.positions(number)[0])
    name = f"row {place + 1} of train" if ids is None else str(ids[0])
    if said is None:
        raw = material.raw[row]
        said = raw >= 0.5 if _lists(material) else float(raw.argmax()) if len(raw) > 1 else float(raw[0])
    return Example(name, _spelled(material, material.truth[row]), _spelled(material, said), sure)


def _lists(material: Material) -> bool:
    """Whether a row's answer is some of several labels."""
    return material.competition.task_type == "multilabel_classification"


def _spelled(material: Material, value: Any) -> str:
    classes = material.competition.classes
    if np.ndim(value) and _lists(material):
        names = material.competition.target_columns
        return ", ".join(names[at] for at in np.flatnonzero(np.asarray(value) >= 0.5)) or "none"
    if np.ndim(value):
        return ", ".join(f"{float(v):.5g}" for v in value)
    if classes and material.truth.dtype.kind in "iub" and float(value).is_integer() and 0 <= int(value) < len(classes):
        return classes[int(value)]
    return f"{float(value):.5g}"


def unused(material: Material, coded: list[coding.Coded], units: dict[str, Ints]) -> Unused:
    """Columns and tables that no solution of the pool uses, and what still predicts the residuals."""
    higher = material.competition.metric_direction == "higher"
    schema = material.dataset.columns
    pool = [
        pool_columns.used_by(one, material.campaign, schema)
        for one in material.registry.experiments.best_of_pool(USERS, higher)
    ]
    names = pool_columns.unused_columns(schema, pool)
    sides = list(side_files.try_again(material.competition, material.frame))
    keys = {**_keys(material, coded, units, names), **{_of_side(s, n): v for s in sides for n, v in s.levels.items()}}
    matrix = residual_matrix(material.task, material.truth, material.raw)
    found = leftover.leftovers(matrix, keys, seed=material.dataset.seed, groups=material.groups)
    telling = [one for one in found if one.counts]
    column_of = {one.name: one.column for one in coded} | {f"{WORDS}{name}": name for name in names}
    foreign = {_of_side(side, name) for side in sides for name in side.levels}
    own = [one for one in telling if one.name not in foreign]
    return Unused(
        columns=names,
        telling=tuple(one for one in own if column_of.get(one.name, one.name) in names)[:MOST],
        left=tuple(one for one in own if column_of.get(one.name, one.name) not in names)[:MOST],
        tables=tuple(_told(side, telling) for side in sides),
    )


def _keys(
    material: Material, coded: list[coding.Coded], units: dict[str, Ints], names: tuple[str, ...]
) -> dict[str, Ints]:
    """What the residuals are held against: every column, units at full resolution, pairs of them, words of unread texts."""
    keys = {one.name: one.codes.astype(np.int64) for one in coded if one.column} | units
    first = list(units)[:PAIRED]
    for i, a in enumerate(first):
        keys |= {f"{a} × {b}": leftover.joined_levels(units[a], units[b]) for b in first[i + 1 :]}
    return keys | _words(material, names)


def _of_side(side: side_files.SideFile, name: str) -> str:
    return f"{side.ref}: {name}"


def _told(side: side_files.SideFile, telling: list[leftover.Leftover]) -> UnusedTable:
    own = [one for one in telling if one.name in {_of_side(side, name) for name in side.levels}]
    return UnusedTable(side.ref, side.why, side.key, side.of, side.covers, tuple(own[:MOST]))


def _words(material: Material, unused: tuple[str, ...]) -> dict[str, Ints]:
    """For texts that nobody reads: the rarest of its frequent words as the level of a row. Crude, and enough to tell."""
    import polars as pl

    found: dict[str, Ints] = {}
    for column in material.columns:
        if column.kind != "text" or column.name not in unused:
            continue
        words = material.frame[column.name].cast(pl.String).str.to_lowercase().str.extract_all(r"\w+").list.unique()
        long = pl.DataFrame({"row": np.arange(len(words)), "word": words}).explode("word").drop_nulls()
        counts = long.group_by("word").len().filter(pl.col("len") >= max(10, len(words) // 500)).sort("len", "word")
        ranked = counts.with_row_index("level").select("word", "level")
        level = long.join(ranked, on="word").group_by("row").agg(pl.col("level").min())
        out = np.full(len(words), -1, dtype=np.int64)
        out[level["row"].to_numpy()] = level["level"].to_numpy()
        found[f"{WORDS}{column.name}"] = out
    return found
