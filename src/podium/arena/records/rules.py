"""All that a contest may set. The defaults are those of the public contests; a small one on a CPU is the same code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from podium.execution.sandbox import LEVELS

Tokenizer = Literal["bytes", "own"]


@dataclass(frozen=True)
class Rules:
    """Times in seconds, sizes in bytes, margins in nats per byte of the validation text.

    `tolerance_s` is published and added to both limits, for everyone. `block`: how many symbols are revealed before their
    distributions are in the referee's hands; `replay_symbols`: of how many the answers are asked for again, half of them told
    one at a time. `same_nats`: how far two scores of one symbol may differ, `sum_tolerance`: how far a sum may be from one: what
    single precision needs, and far less than the margin could be made of.
    `reproduce_bpb`: how far a re-run may fall short of the claim. `no_worse_nats`: what still counts as no worse.
    """

    size_bytes: int = 16_000_000
    train_s: float = 600.0
    evaluate_s: float = 600.0
    tolerance_s: float = 0.5
    startup_s: float = 120.0
    hardware: str = "as the referee's machine"
    memory_mb: int = 4096
    processes: int = 64
    scratch_mb: int = 2048
    threads: int = 1
    packages: tuple[str, ...] = ("numpy",)
    min_level: str = "landlock"
    tokenizer: Tokenizer = "bytes"
    most_symbols: int = 65_536
    block: int = 1024
    replay_symbols: int = 200_000
    seeds: int = 3
    alpha: float = 0.01
    margin_nats: float = 0.005
    no_worse_nats: float = 0.001
    reproduce_bpb: float = 0.01
    same_nats: float = 1e-3
    sum_tolerance: float = 1e-4
    folder_bytes: int = 64_000_000

    def __post_init__(self) -> None:
        """Raises ValueError where a limit makes no contest."""
        positive = ("size_bytes", "train_s", "evaluate_s", "startup_s", "memory_mb", "processes", "scratch_mb", "threads",
                    "most_symbols", "block", "replay_symbols", "same_nats", "sum_tolerance", "folder_bytes")  # fmt: skip
        low = [name for name in positive if not getattr(self, name) > 0]
        low += [
            name
            for name in ("tolerance_s", "margin_nats", "no_worse_nats", "reproduce_bpb")
            if not getattr(self, name) >= 0
        ]
        if low:
            raise ValueError(f"{', '.join(low)}: expected more than nothing")
        if self.seeds < 2 or not 0 < self.alpha < 1:
            raise ValueError(f"expected 2 seeds or more and alpha in 0..1, found {self.seeds} and {self.alpha}")
        if max(self.same_nats, self.sum_tolerance) > max(self.margin_nats, 1e-6):
            raise ValueError(
                "same_nats and sum_tolerance: expected less than margin_nats, or a record could be made of them"
            )
        if self.min_level not in LEVELS:
            raise ValueError(f"min_level: expected one of {', '.join(LEVELS)}, found {self.min_level!r}")
