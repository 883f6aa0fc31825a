"""Quantiles as answers: their levels in the columns of a submission, or in its ids, and the loss that a text names for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import polars as pl

from podium.metrics.aliases import QUANTILES, normalise

COLUMN = re.compile(r"(?:q|p|quantile|pinball)?[_ ]?(0?[._]\d+|\d{1,2})")
IN_ID = r"^(.+?)[_|:-](0?\.\d+)(_(?:validation|evaluation|test|train))?$"  # M5: HOBBIES_1_001_CA_1_0.250_validation
ROW, PLACE = "\x1f", ":"  # between the rows of one point; between a row's place and its id


def levels_of_columns(names: Sequence[str]) -> tuple[float, ...]:
    """Levels of columns such as `q0.1 q0.5 q0.9`, `0.05 0.95`, `p10 p50 p90`, ascending; () where they are no such columns."""
    found = [COLUMN.fullmatch(name.lower()) for name in names]
    levels = [float(match[1].replace("_", ".")) for match in found if match]
    levels = [level / 100 if level >= 1 else level for level in levels]
    plain = all(re.fullmatch(r"\d+", name) for name in names)  # 1, 2, 3 are classes
    rising = all(a < b for a, b in itertools.pairwise(levels))
    return tuple(levels) if len(levels) == len(names) >= 2 and not plain and rising else ()


def levels_of_ids(ids: pl.Series) -> tuple[pl.Series, tuple[float, ...]]:
    """(each id without its level, the levels, ascending); the ids and () unless every one has all of the same levels."""
    parts = ids.cast(pl.String).str.extract_groups(IN_ID).struct
    level = parts.field("2").cast(pl.Float64, strict=False)
    if level.null_count() or not 2 <= level.n_unique() <= 99:
        return ids, ()
    stems = (parts.field("1") + parts.field("3").fill_null("")).alias(ids.name)
    both = pl.DataFrame({"stem": stems, "level": level})
    if both.is_duplicated().any() or both.height != stems.n_unique() * level.n_unique():
        return ids, ()
    return stems, tuple(sorted(level.unique().to_list()))


def loss_of(text: str, levels: Sequence[float]) -> str:
    """The canonical name of the loss of quantiles that a text speaks of, at these levels; "" where it speaks of none."""
    plain = normalise(text)
    name = next(
        (name for words, name in (*QUANTILES, (r"pinball", "pinball")) if re.search(rf"\b{words}\b", plain)), ""
    )
    return f"{name}@{','.join(f'{level:g}' for level in levels)}" if name and levels else ""


def joined_rows(ids: pl.Series, stems: pl.Series) -> pl.DataFrame:
    """`stem`, in order of first appearance, and `rows`: the places and ids of its rows in the sheet, by level, as one text."""
    level = ids.cast(pl.String).str.extract(IN_ID, 2).cast(pl.Float64)
    place = pl.concat_str(pl.int_range(pl.len()).cast(pl.String), pl.lit(PLACE), pl.col("id"))
    frame = pl.DataFrame({"stem": stems, "level": level, "id": ids.cast(pl.String)}).with_columns(place.alias("rows"))
    return frame.group_by("stem", maintain_order=True).agg(pl.col("rows").sort_by("level").str.join(ROW))


def parted_rows(joined: pl.Series) -> tuple[pl.Series, list[int]]:
    """(ids of the rows of `joined_rows`, point by point and level by level; their order in the sheet)."""
    rows = joined.str.split(ROW).explode(empty_as_null=True, keep_nulls=True)
    both = rows.str.splitn(PLACE, 2).struct
    place = both.field("field_0").cast(pl.Int64)
    return both.field("field_1").alias(joined.name), place.arg_sort().to_list()
