"""Re-scoring, significance, gates and alarms. Imports neither team nor recipes, so it cannot share their mistakes."""

from podium.referee.alarm import alarms
from podium.referee.correlation import correlations
from podium.referee.gate import Gate, gate, same
from podium.referee.score import Scored, rescore
from podium.referee.significance import Paired, is_champion, level, paired, seed_noise, with_seed_noise

__all__ = [
    "Gate",
    "Paired",
    "Scored",
    "alarms",
    "correlations",
    "gate",
    "is_champion",
    "level",
    "paired",
    "rescore",
    "same",
    "seed_noise",
    "with_seed_noise",
]
