"""The shared training loop, on tiny nets."""

from __future__ import annotations

import dataclasses
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from podium.errors import SolutionError  # noqa: E402
from podium.execution.local import LocalExecutor  # noqa: E402
from podium.protocol import Context  # noqa: E402
from podium.recipes.neural import Schedule, apply, begin, pick_device, restore, train, weights_of  # noqa: E402
from podium.recipes.neural import loop as loop_module  # noqa: E402
from podium.recipes.neural.average import Average  # noqa: E402
from podium.testing.executor_conformance import RunBench  # noqa: E402

CTX = Context(seed=3, cores=1, task_type="regression", metric="rmse", n_outputs=1, schema=())
RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 4)).astype(np.float32)
Y = (X @ np.array([1.0, -2.0, 0.5, 0.0], np.float32))[:, None]


def batch(positions: Any, rng: np.random.Generator) -> tuple[Any, ...]:
    return torch.from_numpy(X[positions]), torch.from_numpy(Y[positions])


def squared(net: Any, x: Any, y: Any) -> Any:
    return ((net(x) - y) ** 2).mean()


def net_of(ctx: Context = CTX) -> Any:
    begin(ctx)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def predicted(net: Any, batch_size: int = 64) -> Any:
    return apply(net, len(X), batch, lambda net, x, y: net(x), CTX, batch_size)


def test_it_learns_and_tells_how() -> None:
    net = net_of()
    notes = train(net, 200, batch, squared, Schedule(epochs=60, batch_size=50, lr=0.02), CTX)
    assert (notes["steps"], notes["steps_planned"], notes["epochs"], notes["pieces"]) == (240, 240, 60.0, 1)
    assert not net.training
    assert np.mean((predicted(net) - Y) ** 2) < 0.05 * Y.var()


def test_a_seed_fixes_the_weights() -> None:
    nets = []
    for ctx in (CTX, CTX, dataclasses.replace(CTX, seed=4)):
        net = net_of(ctx)
        train(net, 200, batch, squared, Schedule(epochs=2, ema=0.9), ctx)
        nets.append(weights_of(net))
    assert all(np.array_equal(nets[0][name], nets[1][name]) for name in nets[0])
    assert not all(np.array_equal(nets[0][name], nets[2][name]) for name in nets[0])


def test_it_ends_in_time_with_the_rate_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(100.0, 10_000.0, 0.5))
    monkeypatch.setattr(loop_module.time, "monotonic", lambda: float(next(clock)))
    rates: list[float] = []
    monkeypatch.setattr(
        loop_module._Training, "_set_rate", lambda self, progress: rates.append(self.schedule.rate(progress))
    )
    ctx = dataclasses.replace(CTX, deadline=200.0)
    notes = train(net_of(ctx), 200, batch, squared, Schedule(epochs=1000, warmup=0.2), ctx, share=0.5)
    assert 10 < notes["steps"] < notes["steps_planned"]
    assert max(rates) > 0.9e-3
    assert rates[-1] < 0.05e-3
    assert loop_module.time.monotonic() < 155


def test_no_time_at_all_is_one_step() -> None:
    ctx = dataclasses.replace(CTX, deadline=time.monotonic() - 1)
    assert train(net_of(ctx), 200, batch, squared, Schedule(), ctx)["steps"] == 1


def test_out_of_memory_halves_the_batch_and_keeps_the_gradient() -> None:
    def hungry(net: Any, x: Any, y: Any) -> Any:
        if len(x) > 20:
            raise torch.OutOfMemoryError("no")
        return squared(net, x, y)

    plain = [torch.nn.Linear(4, 1) for _ in range(2)]
    plain[1].load_state_dict(plain[0].state_dict())
    schedule = Schedule(epochs=1, batch_size=64)
    notes = [train(net, 200, batch, loss, schedule, CTX) for net, loss in zip(plain, (squared, hungry), strict=True)]
    assert [note["pieces"] for note in notes] == [1, 4]
    assert torch.allclose(plain[0].weight, plain[1].weight, atol=1e-6)

    def never(net: Any, x: Any, y: Any) -> Any:
        raise torch.OutOfMemoryError("no")

    with pytest.raises(torch.OutOfMemoryError):
        train(net_of(), 200, batch, never, schedule, CTX)


def test_apply_halves_its_batch_too_and_keeps_the_order() -> None:
    net, most = net_of().eval(), []

    def forward(net: Any, x: Any, y: Any) -> Any:
        most.append(len(x))
        if len(x) > 30:
            raise torch.OutOfMemoryError("no")
        return net(x)

    found = apply(net, 200, batch, forward, CTX, 100)
    assert found.dtype == np.float32
    assert max(most[2:]) <= 30
    assert np.allclose(found, predicted(net), atol=1e-6)


def test_infinite_gradients_are_skipped_then_told() -> None:
    net = net_of()
    with pytest.raises(SolutionError, match="lower the learning rate"):
        train(net, 200, batch, lambda net, x, y: squared(net, x, y) * float("inf"), Schedule(epochs=100), CTX)
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())
    with pytest.raises(SolutionError, match="found none"):
        train(net, 0, batch, squared, Schedule(), CTX)


def test_rates_and_frozen_parameters() -> None:
    net = net_of()
    net[3].weight.requires_grad_(False)
    before = weights_of(net)
    train(net, 200, batch, squared, Schedule(epochs=2, lr=0.01), CTX, rates={"0.": 0.0})
    after = weights_of(net)
    assert np.array_equal(before["3.weight"], after["3.weight"])
    assert np.array_equal(before["0.weight"], after["0.weight"])
    assert not np.array_equal(before["3.bias"], after["3.bias"])


def test_the_average_is_kept_and_weights_travel_as_numpy() -> None:
    net = net_of()
    train(net, 200, batch, squared, Schedule(epochs=5, ema=0.99), CTX)
    weights = pickle.loads(pickle.dumps(weights_of(net)))
    assert all(isinstance(value, np.ndarray) for value in weights.values())
    assert np.array_equal(predicted(restore(net_of(dataclasses.replace(CTX, seed=9)), weights)), predicted(net))


def test_every_row_comes_once_before_any_comes_again() -> None:
    stream = loop_module._positions(10, 4, np.random.default_rng(0))
    seen = np.concatenate([next(stream) for _ in range(5)])
    assert sorted(seen[:10].tolist()) == sorted(seen[10:].tolist()) == list(range(10))


@pytest.mark.parametrize("n", [10, 1000, 40_000])
def test_batches_by_length_hold_every_row_and_little_padding(n: int) -> None:
    lengths = np.random.default_rng(1).integers(3, 60, n)
    stream = loop_module._positions(n, 8, np.random.default_rng(0), lengths)
    batches = [next(stream) for _ in range(-(-3 * n // 8))]
    seen = np.concatenate(batches)
    for epoch in range(3):
        assert len(np.unique(seen[epoch * n : (epoch + 1) * n])) == n, "every row once before any comes again"
    padded = np.mean([lengths[rows].max() for rows in batches])
    apart = np.mean(
        [lengths[rows].max() for rows in np.random.default_rng(2).permutation(n)[: n // 8 * 8].reshape(-1, 8)]
    )
    assert n == 10 or padded - lengths[seen].mean() < 0.2 * (apart - lengths.mean())
    firsts = [int(lengths[rows].max()) for rows in batches]
    assert n == 10 or firsts != sorted(firsts), "short rows are not learned first"


def test_frozen_weights_are_not_averaged() -> None:
    net = net_of()
    net[0].weight.requires_grad_(False)
    before = net[0].weight.detach().clone()
    average = Average(net)
    with torch.no_grad():
        net[3].weight.fill_(4.0)
    start = net[3].weight.detach().clone()
    average.keep(0.75)
    average.hand_over()
    assert torch.equal(net[0].weight, before)
    assert not torch.equal(net[3].weight, start) and (net[3].weight < 4.0).all()


def test_a_mask_is_not_averaged_and_gaps_in_memory_are_learned_rightly() -> None:
    net = net_of()
    net.register_buffer("mask", torch.full((2,), -torch.inf), persistent=False)
    average = Average(net)
    average.keep(0.9)
    average.hand_over()
    assert (net.mask == -torch.inf).all()
    weights = []
    for gaps in (False, True):
        net = net_of()
        if gaps:
            wide = torch.zeros(8, 8)
            wide[:, ::2] = net[0].weight.data
            net[0].weight = torch.nn.Parameter(wide[:, ::2])
        train(net, 200, batch, squared, Schedule(epochs=3, lr=0.01), CTX)
        weights.append(net[0].weight.detach().clone())
    assert torch.allclose(*weights, atol=1e-4)


def test_a_schedule_climbs_and_falls() -> None:
    schedule = Schedule(lr=1.0, warmup=0.25, epochs=3)
    rates = [schedule.rate(at) for at in np.linspace(0, 1, 21)]
    assert int(np.argmax(rates)) == 5
    assert rates[0] < 0.01
    assert rates[-1] < 0.01
    assert schedule.steps(100, 40) == 8
    assert Schedule(epochs=0).steps(5, 5) == 1


def test_the_cpu_is_taken_unless_a_gpu_was_given() -> None:
    assert pick_device(CTX).type == "cpu"
    given = pick_device(dataclasses.replace(CTX, device="cuda"))
    assert given.type == ("cuda" if torch.cuda.is_available() else "cpu")


TRAINS = """
    import sys
    import numpy as np
    preloaded = "torch._dynamo" in sys.modules
    import torch
    from podium.recipes.neural import Schedule, apply, begin, restore, train, weights_of
    def net_of(ctx):
        begin(ctx)
        return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 1))
    def batch(positions, rng):
        return (torch.ones(len(positions), 1, 8, 8), torch.from_numpy(np.full((len(positions), 1), 7.0, np.float32)))
    class Model:
        pass
    def fit(train_rows, ctx):
        model, net = Model(), net_of(ctx)
        model.notes = train(net, len(train_rows), batch, lambda n, x, y: ((n(x) - y) ** 2).mean(),
                            Schedule(epochs=30, lr=0.03, batch_size=16), ctx)
        model.notes.update(preloaded=preloaded, threads=torch.get_num_threads())
        model.weights = weights_of(net)
        return model
    def predict(model, rows, ctx):
        return apply(restore(net_of(ctx), model.weights), len(rows), batch, lambda net, x, y: net(x), ctx)
"""


def test_a_net_trains_in_a_confined_fork(tmp_path: Path) -> None:
    executor = LocalExecutor(1, tmp_path / "home", preload=("numpy", "polars", "torch", "torch._dynamo"))
    ended, folder = RunBench(executor, tmp_path).run(TRAINS, wall_s=120.0)
    executor.close()
    assert ended.outcome == "done", (ended, (folder / "log.txt").read_text())
    assert ended.notes["preloaded"]
    assert ended.notes["threads"] == 1
    assert np.allclose(np.load(folder / "predictions.npy"), 7, atol=1)
    assert "left out" not in (tmp_path / "home" / "warm.log").read_text()
