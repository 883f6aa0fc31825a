from pathlib import Path

from podium.competition.dataset import Dataset
from podium.records import Competition


def build(competition: Competition, folder: Path, seed: int) -> Dataset:
    """Deal the competition's rows into `folder` (<campaign>/data)."""
    raise NotImplementedError
