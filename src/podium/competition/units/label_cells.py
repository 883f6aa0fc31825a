"""Units of classified rows: the table's, files', or rows whose cells list several labels, with a 0/1 column of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from podium.competition import features
from podium.competition.folder import TableFiles
from podium.competition.keys import keyed
from podium.competition.label_cells import in_columns, recorded
from podium.competition.source import read_source
from podium.competition.units import file_rows
from podium.competition.units.unit import Units
from podium.records import Competition


def make(competition: Competition, data: Path, seed: int) -> Units | None:
    """None where rows are those of tables, with a class each. Raises IntakeError: a label that intake did not see."""
    units, form = file_rows.make(competition, data, seed), recorded(competition)
    if form is None or competition.classes:
        return units
    if units is None:
        names = competition.id_columns or [competition.id_column or ""]
        source = read_source(data, TableFiles.of(competition), names)
        units = Units(features.in_sample_order(keyed(source, competition.id_columns), competition))
    source = units.source
    return replace(units, source=replace(source, train=in_columns(source.train, competition, form)))
