"""RealMLP: columns in quartile distances, where its layers begin, its learning rate, tables without a column that varies."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular.encoder import Encoder

pytest.importorskip("torch")


def context(frame: pl.DataFrame, metric: str = "rmse") -> Context:
    schema = tuple(Column(name, "numeric", frame[name].n_unique()) for name in frame.columns)
    task = "regression" if metric == "rmse" else "binary_classification"
    return Context(seed=3, cores=1, task_type=task, metric=metric, n_outputs=1, schema=schema)


def test_soft_numbers_keep_their_order_and_draw_far_ones_in() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(5, 2, 400), [1e9, -1e9]])
    rare = np.where(np.arange(402) < 10, 7.0, 0.0)  # quartiles are one number
    frame = pl.DataFrame({"x": values, "rare": rare, "gap": np.where(rng.random(402) < 0.3, np.nan, values)})
    encoder = Encoder(view="dense", numbers="soft")
    found = encoder.fit_transform(Rows(frame, np.arange(402), y=values), context(frame))
    x, rare_told, gap = (found.values[:, found.names.index(name)] for name in ("x", "rare", "gap"))
    assert np.isfinite(found.values).all()
    order = np.argsort(values)
    assert (np.diff(x[order]) >= 0).all() and (np.diff(x[order][1:-1]) > 0).sum() > 390
    low, middle, high = np.quantile(x[:-2], (0.25, 0.5, 0.75))
    assert (x.max() - middle) / (high - low) < 3.2 and (middle - x.min()) / (high - low) < 3.2
    assert len(np.unique(rare_told)) == 2 and len(np.unique(gap)) > 200


def test_layers_begin_with_units_of_one_deviation_whose_kinks_lie_among_the_rows() -> None:
    import torch

    from podium.recipes.tabular.realmlp_net import PlainNets

    torch.manual_seed(1)
    net = PlainNets([0], [1, 2, 3], 2, nets=3, width=16, layers=2, frequency=0.1, dropout=0.0, bend="mish").eval()
    rows = torch.cat([torch.randn(500, 3) * 0.1 + 4, torch.ones(500, 1)], dim=1)  # the last column does not vary
    net.settle(rows)
    seen: dict[int, Any] = {}
    linear = net._linear

    def watched(layer: int, hidden: torch.Tensor) -> torch.Tensor:
        seen[layer] = linear(layer, hidden)
        return seen[layer]

    net._linear = watched  # type: ignore[method-assign]
    out = net(rows)
    assert out.shape == (500, 3, 2)
    for values in seen.values():
        assert torch.allclose(values.std(dim=1, correction=0), torch.ones(()), atol=1e-3)
        assert ((values > 0).any(dim=1) & (values < 0).any(dim=1)).all()


def test_the_learning_rate_peaks_once_in_each_cycle_and_ends_at_nothing() -> None:
    from podium.recipes.neural import Schedule

    schedule = Schedule(lr=2.0, cycles=4)
    peaks = [(2 ** (cycle + 0.5) - 1) / 15 for cycle in range(4)]
    troughs = [(2**cycle - 1) / 15 for cycle in range(5)]
    assert np.allclose([schedule.rate(t) for t in peaks], 2.0)
    assert np.allclose([schedule.rate(t) for t in troughs], 0.002)
    assert schedule.rate(1.5) == schedule.rate(1.0)


@pytest.mark.parametrize("columns", [["flag"], ["x"], []])
def test_nets_of_one_kind_of_column_or_none(columns: list[str]) -> None:
    from podium.recipes.tabular import RealMLP

    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    frame = pl.DataFrame({"same": np.ones(300), "flag": (x > 0.3).astype(float), "x": x}).select("same", *columns)
    model = RealMLP(width=16, layers=2, batch=32, epochs=20, nets=2)
    y = (x > 0.3).astype(np.int64)
    ctx = context(frame, "log_loss")
    values = model.fit(Rows(frame, np.arange(300), y=y), ctx).predict(Rows(frame, np.arange(300)), ctx).values[:, 0]
    assert np.isfinite(values).all()
    if columns:
        assert values[y == 1].min() > values[y == 0].mean() and values[y == 0].max() < values[y == 1].mean()
    else:
        assert len(np.unique(values)) == 1


def test_it_learns_a_wave_that_shallow_trees_climb_as_stairs() -> None:
    from podium.recipes.tabular import RealMLP

    rng = np.random.default_rng(2)
    x = rng.uniform(-3, 3, (600, 2))
    y = np.sin(2 * x[:, 0]) + x[:, 1]
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1]})
    ctx = context(frame)
    model = RealMLP({"numbers": "soft"}, width=64, epochs=60, batch=64, learning_rate=0.1)
    model.fit(Rows(frame, np.arange(400), y=y[:400]), ctx)
    found = model.predict(Rows(frame, np.arange(400, 600)), ctx).values[:, 0]
    assert np.sqrt(np.mean((found - y[400:]) ** 2)) < 0.15 * y.std()
