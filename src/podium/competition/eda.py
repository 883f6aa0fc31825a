from collections.abc import Sequence

from podium.competition.dataset import Dataset
from podium.records import AuditFinding, Competition


def eda_markdown(competition: Competition, dataset: Dataset, findings: Sequence[AuditFinding]) -> str:
    raise NotImplementedError
