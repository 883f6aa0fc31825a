"""LocalExecutor passes the executor conformance suite, at the level `process` and at the best this machine gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.execution import sandbox
from podium.execution.executor import Executor
from podium.execution.local import LocalExecutor
from podium.testing.executor_conformance import ExecutorConformance

PRELOAD = ("numpy", "polars")  # what the suite's solutions use
LEVELS = sorted({"process", sandbox.measured_level()})


@pytest.fixture(params=LEVELS, scope="module")
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def executor(level: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    executor = LocalExecutor(2, tmp_path_factory.mktemp("home"), level=level, preload=PRELOAD)
    yield executor
    executor.close()


@pytest.fixture
def another(level: str, tmp_path: Path) -> Callable[[], Executor]:
    count = itertools.count()
    return lambda: LocalExecutor(1, tmp_path / f"home{next(count)}", level=level, preload=PRELOAD)


class TestLocalExecutor(ExecutorConformance):
    """All of it comes from the suite."""
