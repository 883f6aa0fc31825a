"""The budget: how much is left, how much of it is kept for the end, and what a run may take."""

from __future__ import annotations

import math

from podium.campaign.options import Options
from podium.campaign.pace import Pace
from podium.records import Budget, Hardware
from podium.registry.clock import Clock
from podium.registry.ledger import Ledger
from podium.team.desk import Allowance

LEAST_RESERVE_S, MOST_RESERVE_S = (
    3.0,
    60.0,
)  # of the end, beside predictions: blending and filing last no longer in a long campaign
RESERVE_SHARE = 0.03
GENEROUS_SHARE = 0.15  # of the time left: a fold killed for a poor estimate loses more than a slow one costs
UNTIMED_WALL_S = 4 * 3600.0  # a backstop only: where experiments are counted, time must not decide


def slots_of(cores: int) -> int:
    """Runs side by side: as many as use the most cores with equal threads each, four at most."""
    return max(range(min(cores, 3), min(cores, 4) + 1), key=lambda slots: (slots * (cores // slots), slots))


class Purse:
    """Splits the machine into slots and the time into work and finalisation."""

    def __init__(self, options: Options, clock: Clock, hardware: Hardware) -> None:
        self.options, self.clock = options, clock
        cores = options.threads or hardware.cores
        self.slots = slots_of(cores)
        self.threads = max(1, cores // self.slots)
        self.memory_mb = int(hardware.memory_mb * 0.8 / self.slots)
        self.cores, self.gpus = cores, len(hardware.gpus)
        self._finalisation_s = 0.0

    @property
    def timed(self) -> bool:
        return self.options.time_s is not None

    def left_s(self) -> float:
        """Seconds until the budget is spent; infinity where experiments are counted."""
        return math.inf if self.options.time_s is None else self.options.time_s - self.clock.alive_s()

    def threads_on(self, device: str) -> int:
        """Threads of a run: one on a GPU is fed by half of the machine, shared among those that run on GPUs."""
        return self.threads if device == "cpu" else max(self.threads, self.cores // (2 * max(1, self.gpus)))

    def at_a_time(self, device: str) -> int:
        """Runs at a time."""
        return self.slots if device == "cpu" else min(self.slots, max(1, self.gpus))

    def reserve_finalisation(self, seconds: float) -> None:
        """What predicting the test rows of the present blend is expected to take."""
        self._finalisation_s = seconds

    def work_left_s(self) -> float:
        """Seconds that experiments may still use: what is left but for the finalisation's reserve."""
        return self.predicting_left_s() - self._finalisation_s

    def predicting_left_s(self) -> float:
        """Seconds that predicting the test rows may still use: the finalisation's reserve is kept for it."""
        if self.options.time_s is None:
            return math.inf
        return self.left_s() - min(MOST_RESERVE_S, max(LEAST_RESERVE_S, RESERVE_SHARE * self.options.time_s))

    def allowance_s(self, fold_cost_s: float, n_folds: int, speed: float, device: str = "cpu") -> float | None:
        """Wall seconds for each fold of an experiment: generous to the estimate, never more than its waves leave."""
        if not self.timed:
            return None
        waves = math.ceil(n_folds / self.at_a_time(device))
        generous = max(3.0 * fold_cost_s * speed + 5.0, GENEROUS_SHARE * self.work_left_s())
        return round(max(2.0, min(generous, self.work_left_s() / max(1, waves))), 1)

    def seats_left(self, ledger: Ledger) -> Allowance:
        """Money and tokens that seats may still spend. An amount that nobody knows is no amount: cap tokens too."""
        spent = ledger.known()
        money, tokens = self.options.seats.money_usd, self.options.seats.tokens
        used = int(spent.get("tokens_in", 0) + spent.get("tokens_out", 0))
        return Allowance(
            None if money is None else max(0.0, money - spent.get("usd", 0.0)),
            None if tokens is None else max(0, tokens - used),
        )

    def seats_spent(self, ledger: Ledger) -> str | None:
        """Why no outside mind may be asked any more; None while one may."""
        left = self.seats_left(ledger)
        if left.money_usd == 0:
            return f"the {self.options.seats.money_usd:g} USD that seats may spend are spent"
        return f"the {self.options.seats.tokens} tokens that seats may use are used" if left.tokens == 0 else None

    def as_fact(self, experiments_done: int, pace: Pace) -> Budget:
        count = self.options.experiments
        return Budget(
            time_left_s=round(self.work_left_s(), 1) if self.timed else None,
            time_total_s=self.options.time_s,
            experiments_left=None if count is None else max(0, count - experiments_done),
            slots=self.slots,
            threads=self.threads,
            speed=pace.speed,
            paces=pace.families,
        )
