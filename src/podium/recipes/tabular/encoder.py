"""Mixed tables to matrices, fitted on the training rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.blocks import (
    MAX_LEVELS,
    Block,
    Codes,
    Counts,
    Crosses,
    Curve,
    Missing,
    Numbers,
    OneHot,
    Sums,
)
from podium.recipes.tabular.clusters import Clusters
from podium.recipes.tabular.combos import Combos
from podium.recipes.tabular.derive import Derived, Deriver
from podium.recipes.tabular.group_statistics import GroupStatistics
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.neighbour_means import NeighbourMeans
from podium.recipes.tabular.pairs import Pairs
from podium.recipes.tabular.selection import helpful
from podium.recipes.tabular.shape import ONE_HOT
from podium.recipes.tabular.target import Floats, Target
from podium.recipes.tabular.target_means import SMOOTHING, TargetMeans
from podium.recipes.tabular.texts import Texts

SEES_LABELS = (TargetMeans, NeighbourMeans, GroupStatistics, Crosses, Combos)
CLIP = 3.0  # standard deviations: a linear model must not follow one huge house out of the data


class Encoder:
    """Options say what is derived; the view says in what form a model wants it.

    view      tree: NaN for missing, categories as codes; forest: filled, codes; dense: filled, scaled, one-hot
    numbers   raw, log (skewed columns only), rank (to normal quantiles), soft (quartile distances, far ones drawn in)
    discrete  whole-numbered columns of at most this many values are categories too
    target    out-of-fold target means of categories and keys; values: of numeric columns' values too; smooth: rows of
              prior in each, one mean for each of several
    pairs     that many pairs of categories, found and tested, are keys as well
    near      out-of-fold mean label and distance of that many nearest rows; clusters: distances to that many centres
    groups    mean and spread in each category's levels, and the row's place there, of that many leading numeric columns
    counts    how often each key or many-levelled category was seen
    sums      row sums, zeros, missing values; crosses: ratios and differences of that many leading columns
    combos    that many sums, differences and products of two or three columns, found and tested
    texts     SVD components of TF-IDF for each text column; dates, codes, files: whether to take them apart
              (files "prepare": the solution's `prepare` has measured them already)
    levels    most frequent levels of a category that have a code of their own in the other views
    onehot    most frequent levels that get a column in the dense view
    select    only the columns that help on rows held back (`selection.py`)
    """

    def __init__(
        self,
        view: View = "tree",
        numbers: Curve = "raw",
        discrete: int = 0,
        target: bool = False,
        values: bool = False,
        smooth: Sequence[float] = SMOOTHING,
        pairs: int = 0,
        near: int = 0,
        clusters: int = 0,
        groups: int = 0,
        counts: bool = True,
        sums: bool = False,
        crosses: int = 0,
        combos: int = 0,
        texts: int = 8,
        dates: bool = True,
        codes: bool = True,
        files: bool | Literal["prepare"] = True,
        levels: int = MAX_LEVELS,
        onehot: int = ONE_HOT,
        select: bool = False,
    ) -> None:
        self.view, self.discrete, self.select = view, discrete, select
        self.pairs = Pairs(pairs) if pairs > 0 else None
        self.kept: NDArray[np.intp] | None = None  # columns that were selected
        self.apart = {"dates": dates, "codes": codes, "files": files is True}
        chosen: list[tuple[bool, Block]] = [
            (True, OneHot(onehot) if view == "dense" else Codes(levels)),
            (True, Numbers(numbers)),
            (view != "tree", Missing()),
            (counts, Counts()),
            (target, TargetMeans(values, smooth)),
            (near > 0, NeighbourMeans(near)),
            (clusters > 1, Clusters(clusters)),
            (groups > 0, GroupStatistics(groups)),
            (sums, Sums()),
            (crosses > 1, Crosses(crosses)),
            (combos > 0, Combos(combos)),
            (texts > 0, Texts(texts)),
        ]
        self.blocks = [block for wanted, block in chosen if wanted]

    def fit_transform(self, train: Rows, ctx: Context) -> Matrix:
        """Fit on these rows and encode them; whatever saw their labels is out-of-fold within them."""
        assert train.y is not None, "the encoder is fitted on labelled rows"
        self.derive = Deriver(ctx.schema, **self.apart)
        labels = Target.of(train.y, ctx).matrix(train.y)
        table = self.derive(train)
        self.whole = [name for name, values in table.numbers.items() if self._is_discrete(values)]
        if self.pairs is not None:
            self.pairs.fit(self._completed(table), labels, ctx.seed)
        table = self._completed(table)
        table.groups = train.groups
        values = np.concatenate([block.fit_transform(table, labels, ctx.seed) for block in self.blocks], axis=1)
        self.names = [name for block in self.blocks for name in block.names]
        marked = np.concatenate([block.symbolic(table) for block in self.blocks])
        self.symbolic = np.flatnonzero(marked).tolist()
        self._fit_finish(values)
        matrix = self._finish(values)
        if self.select:
            self.kept = helpful(matrix, train, ctx)
        return matrix.only(self.kept)

    def transform(self, rows: Rows) -> Matrix:
        """The same columns for any rows."""
        table = self._completed(self.derive(rows))
        return self._finish(np.concatenate([block.transform(table) for block in self.blocks], axis=1)).only(self.kept)

    @property
    def label_free(self) -> bool:
        """Whether nothing in the columns depends on labels, so that rows may be cut after encoding."""
        return not (self.select or self.pairs) and not any(isinstance(block, SEES_LABELS) for block in self.blocks)

    def _is_discrete(self, values: Floats) -> bool:
        if not self.discrete:
            return False
        seen = np.unique(values[np.isfinite(values)])
        return 2 < len(seen) <= self.discrete and bool(np.all(seen == np.round(seen)))

    def _completed(self, table: Derived) -> Derived:
        """With whole numbers as categories, and pairs as keys."""
        for name in self.whole:
            table.categories[f"{name}.level"] = pl.Series(table.numbers[name], nan_to_null=True).cast(pl.String)
        if self.pairs is not None:
            self.pairs.add(table)
        return table

    def _fit_finish(self, values: Floats) -> None:
        hot = len(self.blocks[0].names)
        if self.view == "tree" or not values.size:
            return
        finite = np.where(np.isfinite(values), values, np.nan)
        empty = np.isnan(finite).all(axis=0)
        self.middle = np.where(empty, 0.0, np.nanmedian(np.where(empty, 0.0, finite), axis=0))
        if self.view == "forest":
            self.middle[:hot] = -1.0  # of a category, what is missing or has no code is a level by itself
        if self.view == "dense":
            filled = np.where(np.isnan(finite), self.middle, finite)
            self.mean, self.deviation = filled.mean(axis=0), filled.std(axis=0)
            self.mean[:hot], self.deviation[:hot] = 0.0, 1.0  # one-hot columns stay 0 and 1
            self.deviation[self.deviation < 1e-9] = 1.0

    def _finish(self, values: Floats) -> Matrix:
        codes = list(range(len(self.blocks[0].names))) if self.view != "dense" else []
        if self.view != "tree" and values.size:
            values = np.where(np.isfinite(values), values, self.middle)
        if self.view == "dense" and values.size:
            values = np.clip((values - self.mean) / self.deviation, -CLIP, CLIP)
        return Matrix(values.astype(np.float32), self.names, codes, self.symbolic)
