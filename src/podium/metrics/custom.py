"""A user's own metric: a Python file named as `metric` in config.json.

    NAME = "points"
    DIRECTION = "lower"                     # or "higher"
    def score(truth, prediction):           # may take `weight` too; returns one finite number
        ...

It may also say `NEEDS` (label, probability, score, value; default value), `BOUNDS` (a pair), `OPTIMUM` and
`TASK_TYPES` (a tuple). Truth and prediction are numpy arrays with a row a unit: `(n,)` each where a row has one answer,
else `(n, k)` over classes or targets (truth of classes stays `(n,)`: codes from 0 in the order `podium init` shows).

The file is the user's own, like a shell script of theirs: it is executed inside the engine, with all the engine may
do. Solutions and seats never write it, and no sandbox holds it. A campaign keeps a copy, frozen by the hash in the
metric's name. Its errors are the user's to mend, so they are one line that names the line.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import math
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from podium.errors import CampaignError, IntakeError
from podium.metrics.metric import Floats, Metric, Needs, Space
from podium.records import Direction

NEEDS = ("label", "probability", "score", "value")
SPACES: dict[str, Space] = {"label": "probability", "probability": "probability", "score": "rank", "value": "value"}
TASKS = (
    "binary_classification", "multiclass_classification", "multilabel_classification", "regression", "ordinal_regression",
)  # fmt: skip
FILE = "metric.py"  # what a campaign calls its copy
_NAMED = re.compile(r"\.py@[0-9a-f]{12}$")
_loaded: dict[tuple[str, str], Metric] = {}
_by_name: dict[str, tuple[Metric, bytes]] = {}


def is_users(name: str) -> bool:
    """Whether a canonical name is of a user's file: `metric.py@` and twelve digits of its hash."""
    return _NAMED.search(name) is not None


def get(name: str) -> Metric:
    """The loaded file of this canonical name. Raises IntakeError where this process has not loaded it."""
    if name not in _by_name:
        raise IntakeError(
            f"metric {name} is a file that is not at hand", expected="the path of a metric.py", remedy="name its path"
        )
    return _by_name[name][0]


def keep(name: str, folder: Path) -> None:
    """Write the loaded file into a campaign's folder, byte for byte."""
    get(name)
    (folder / FILE).write_bytes(_by_name[name][1])


def restore(name: str, folder: Path) -> Metric:
    """Load a campaign's own copy. Raises CampaignError where it is gone, or not what the campaign was begun with."""
    path = folder / FILE
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as problem:
        raise CampaignError(
            f"{path} cannot be read", expected="the campaign's metric", found=str(problem.strerror),
            remedy="put it back, or start a new campaign with --campaign DIR",
        ) from problem  # fmt: skip
    if not name.endswith(f"@{digest[:12]}"):
        raise CampaignError(
            f"{path} was edited after the campaign began; its metric is frozen",
            remedy="put it back, or start a new campaign with --campaign DIR",
        )
    return get(name) if name in _by_name else _named(load(path), name)


def _named(metric: Metric, name: str) -> Metric:
    """The same metric under the name that the campaign knows: the user's file may have had another one."""
    again = dataclasses.replace(metric, name=name)
    _by_name[name] = (again, _by_name[metric.name][1])
    return again


def load(path: Path) -> Metric:
    """The metric that the file defines; its canonical name is the file's own with its hash, its title NAME.

    Loaded once for each content. Raises IntakeError: no such file, it does not run, no `score`, another signature, no
    or a wrong DIRECTION, NAME, NEEDS, BOUNDS. The metric's function raises IntakeError where `score` fails, or
    returns anything but a finite number.
    """
    path = path.expanduser().resolve()
    try:
        source = path.read_bytes()
    except OSError as problem:
        raise _refuse(path, f"cannot be read: {problem.strerror}", "a Python file with `score` and DIRECTION") from None
    key = (str(path), hashlib.sha256(source).hexdigest())
    if key not in _loaded:
        metric = _metric(path, f"{path.name}@{key[1][:12]}", _execute(path, source))
        _loaded[key] = metric
        _by_name[metric.name] = (metric, source)
    return _loaded[key]


def _refuse(path: Path, problem: str, expected: str, found: str = "") -> IntakeError:
    return IntakeError(f"metric {path.name} {problem}", expected=expected, found=found, remedy=f"correct {path}")


def _place(path: Path, problem: BaseException) -> str:
    """Kind, text and the file's line of an exception raised inside it."""
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(path)]
    if isinstance(problem, SyntaxError) and problem.filename == str(path):
        lines = [problem.lineno]
    where = f" in line {lines[-1]}" if lines else ""
    return f"{type(problem).__name__}{where}: {problem}"[:200]


def _execute(path: Path, source: bytes) -> ModuleType:
    module = ModuleType("podium_user_metric")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as problem:
        raise _refuse(
            path, "does not run", "a Python file with `score` and DIRECTION", _place(path, problem)
        ) from problem
    return module


def _metric(path: Path, name: str, module: ModuleType) -> Metric:
    score = getattr(module, "score", None)
    if not callable(score):
        raise _refuse(path, "has no function `score`", "`def score(truth, prediction)`")
    weighted = _takes_weight(path, score)
    direction = getattr(module, "DIRECTION", None)
    if direction not in get_args(Direction):
        raise _refuse(path, "has no valid DIRECTION", 'DIRECTION = "higher" or "lower"', repr(direction))
    title = getattr(module, "NAME", path.stem)
    if not isinstance(title, str) or not title.strip():
        raise _refuse(path, "has no valid NAME", "a string", repr(title))
    needs = getattr(module, "NEEDS", "value")
    if needs not in NEEDS:
        raise _refuse(path, "has no valid NEEDS", f"one of {', '.join(NEEDS)}", repr(needs))
    tasks = getattr(module, "TASK_TYPES", TASKS)
    if not isinstance(tasks, (tuple, list)) or not tasks or not all(isinstance(task, str) for task in tasks):
        raise _refuse(path, "has no valid TASK_TYPES", f"some of {', '.join(TASKS)}", repr(tasks))
    bounds = _bounds(path, module)
    best = bounds[1] if direction == "higher" else bounds[0]
    return Metric(
        name=name,
        title=title.strip(),
        function=_guarded(path, score, weighted),
        weighted=weighted,
        direction=cast(Direction, direction),
        needs=cast(Needs, needs),
        space=SPACES[needs],
        bounds=bounds,
        optimum=_number(path, module, "OPTIMUM", best),
        task_types=tuple(tasks),
    )


def _takes_weight(path: Path, score: Callable[..., Any]) -> bool:
    signature = inspect.signature(score)
    try:
        signature.bind(None, None)
    except TypeError:
        found = f"score{signature}"
        raise _refuse(path, "has a `score` of another signature", "`def score(truth, prediction)`", found) from None
    return "weight" in signature.parameters


def _number(path: Path, module: ModuleType, name: str, default: float) -> float:
    value = getattr(module, name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise _refuse(path, f"has no valid {name}", "a number", repr(value))
    return float(value)


def _bounds(path: Path, module: ModuleType) -> tuple[float, float]:
    value = getattr(module, "BOUNDS", (-math.inf, math.inf))
    try:
        low, high = (float(end) for end in value)
    except (TypeError, ValueError):
        low = high = math.nan
    if not low < high:
        raise _refuse(path, "has no valid BOUNDS", "a pair (lowest, highest)", repr(value))
    return low, high


def _guarded(path: Path, score: Callable[..., Any], weighted: bool) -> Callable[..., float]:
    """`score` whose failures are the user's, told in one line."""

    def function(truth: NDArray[Any], prediction: NDArray[Any], weight: Floats | None = None) -> float:
        if weight is not None and not weighted:
            raise _refuse(path, "takes no weights", "`def score(truth, prediction, weight=None)`")
        extra = {} if weight is None else {"weight": weight}
        try:
            value = score(_flat(truth), _flat(prediction), **extra)
        except Exception as problem:
            raise _refuse(path, "raised", "one finite number", _place(path, problem)) from problem
        try:
            result = float(value)
        except (TypeError, ValueError):
            raise _refuse(path, "returned no number", "one finite number", f"{value!r:.60}") from None
        if not math.isfinite(result):
            raise _refuse(path, "returned no finite number", "one finite number", repr(result))
        return result

    return function


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    """One column as `(n,)`: `truth - prediction` of `(n,)` and `(n, 1)` would silently be a matrix of all pairs."""
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def check_direction(metric: Metric, truth: NDArray[Any], perfect: NDArray[Any] | None = None) -> None:
    """Try the metric: truth against itself (or `perfect`) must not score worse than against a shuffle of it.

    For intake, before a campaign rests on the file. Raises IntakeError: `score` fails, or DIRECTION contradicts it.
    """
    right = truth.astype(np.float64) if perfect is None else perfect
    wrong = right[np.random.default_rng(0).permutation(len(right))]
    best, worse = metric.function(truth, right), metric.function(truth, wrong)
    if metric.sign * (best - worse) < 0:
        raise IntakeError(
            f"metric {metric.title!r} says DIRECTION = {metric.direction!r}, but perfect predictions score {best:g} "
            f"and shuffled ones {worse:g}",
            remedy=f"correct DIRECTION in {metric.name.partition('@')[0]}",
        )
