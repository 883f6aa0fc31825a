"""The executor protocol: where runs happen. A run is a folder; whoever can see the folder can execute it.

<folder>/request.json     RunRequest, written by the engine, never edited
<folder>/rows.npz         int64 arrays: train, predict (positions in the feature file); absent kinds are empty
<folder>/labels.arrow     truth columns y0..yk (+ weight, + origin, + label-side columns prefixed `side:`) of the train rows
<folder>/predictions.npy  (n_predict, k) float64, written by the run     } published with exit.json
<folder>/model.pkl        written by a `fit`                             }
<folder>/prepared.arrow   written by a `prepare`                         }
<folder>/log.txt          the solution's stdout and stderr, cut at 1 MB
<folder>/exit.json        RunExit; written last, atomically: its presence means the run is over
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from podium.records import Limits, RunExit, RunKind


@dataclass(frozen=True)
class RunRequest:
    """One execution of an experiment on one fold or refit. All paths absolute, on this machine.

    `context` holds the JSON-able part of `protocol.Context`: task_type, metric, n_outputs, schema, device, timed (bool:
    whether `deadline` may be told to the solution).
    """

    key: str  # content address
    kind: RunKind
    solution: str
    features: str  # Arrow IPC file; a prefix file where rows are ordered in time
    limits: Limits
    threads: int
    seed: int
    context: Mapping[str, Any]
    files: str | None = None  # folder of blinded files that `Rows.paths` reads
    model: str | None = None  # model.pkl of the fit, for `predict`
    groups: str | None = None  # .npy int64 over all rows of the feature file
    times: str | None = None  # .npy float64 over all rows
    parents: Mapping[str, str] = field(default_factory=dict)  # experiment → .npy of its OOF over all rows
    tables: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)  # name → folder of pretrained weights, below a mounted one
    min_level: str = "process"  # weakest sandbox level this solution may run at


class Executor(Protocol):
    """Every implementation passes `podium.testing.executor_conformance`.

    Restart-safe: `start` on a folder whose run is under way adopts it, on a finished one does nothing. Never two
    executions of one folder at a time: the supervisor holds the folder's lock.
    """

    slots: int  # runs at a time
    level: str  # sandbox level this executor gives
    gpus: int  # GPUs that runs may use, one run at a time each

    def start(self, folder: Path) -> None:
        """Begin the run in `folder` (its request.json is there), or adopt it. Returns at once."""
        ...

    def finished(self, folders: Sequence[Path], timeout_s: float) -> dict[Path, RunExit]:
        """The exits of those runs that are over, waiting up to `timeout_s` for at least one."""
        ...

    def cancel(self, folder: Path) -> None:
        """Stop the run and everything it started; its exit says `cancelled`. A finished run stays as it is."""
        ...

    def close(self) -> None:
        """Let go of warm processes. Runs under way go on, to be adopted."""
        ...
