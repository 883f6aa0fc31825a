"""Plots of round 0 as SVG documents: drawn here, without a library, from the same sample as the audit's checks."""

from __future__ import annotations

from podium.competition.audit.view import look_at
from podium.competition.dataset import Dataset
from podium.competition.plots.drift import drift_plot
from podium.competition.plots.missing import missing_plot
from podium.competition.plots.noise import near_plot, noise_plot
from podium.competition.plots.target import target_plot
from podium.competition.plots.telling import telling_plot
from podium.competition.plots.time import time_plot
from podium.records import Competition

DRAWN = (target_plot, telling_plot, time_plot, drift_plot, missing_plot, noise_plot, near_plot)

__all__ = ["plots"]


def plots(competition: Competition, dataset: Dataset, seed: int) -> dict[str, str]:
    """Name (`target`, `columns`, `time`, `drift`, `missing`, `labels`, `near`) → SVG, of those that have something to show."""
    view = look_at(competition, dataset, seed)
    return {name: svg for draw in DRAWN for name, svg in draw(view)}
