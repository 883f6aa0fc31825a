"""The leak zoo: faults planted in data and in solutions, each with a clean twin and with mutants that no detector was
written for. `bench/zoo.py` prints how each was caught; imported by tests and bench alone."""

from podium.testing.zoo.data_faults import DATA_FAULTS
from podium.testing.zoo.fresh_data import FRESH_DATA
from podium.testing.zoo.fresh_solutions import FRESH_SOLUTIONS
from podium.testing.zoo.looking import Look, look
from podium.testing.zoo.planted import Planted, Trick
from podium.testing.zoo.playing import Played, Stage, competition, play
from podium.testing.zoo.solution_faults import SOLUTION_FAULTS

__all__ = [
    "DATA_FAULTS",
    "FRESH_DATA",
    "FRESH_SOLUTIONS",
    "SOLUTION_FAULTS",
    "Look",
    "Planted",
    "Played",
    "Stage",
    "Trick",
    "competition",
    "look",
    "play",
]
