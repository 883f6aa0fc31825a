"""What is asked: reading a competition as its host ships it, dealing its rows, auditing them."""

from podium.competition.audit import audit
from podium.competition.build import build
from podium.competition.dataset import Dataset
from podium.competition.eda import eda_markdown
from podium.competition.intake import intake
from podium.competition.plots import plots

__all__ = ["Dataset", "audit", "build", "eda_markdown", "intake", "plots"]
