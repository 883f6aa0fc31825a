"""Units that are files: images whose labels are the names of their folders or their own, or whose test rows no table names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import polars as pl

from podium.competition import features
from podium.competition.folder import TableFiles, look_at
from podium.competition.keys import keyed
from podium.competition.kinds import file_rows
from podium.competition.kinds.clues import MEDIA, Clues, is_role
from podium.competition.units.unit import Units
from podium.records import Competition

KINDS = {kind for kind, _ in MEDIA}


def make(competition: Competition, data: Path, seed: int) -> Units | None:
    """None where rows are those of tables. Raises IntakeError where the files are not what intake saw."""
    if not KINDS & set(competition.inputs) or (competition.test_file and competition.labels_file):
        return None
    contents = look_at(competition)
    tables = set(contents.tables)
    if competition.train_file in tables and competition.test_file:
        return None
    given = TableFiles.of(competition)
    train = given.train if given.train in tables else ""
    clues = Clues(data, contents, "", {}, TableFiles(train, given.test, given.sample))
    source, _, _ = file_rows.source(clues)
    refs = None if train else file_rows.train_files(clues)
    source = features.in_sample_order(keyed(source, competition.id_columns), competition)
    if refs is None:
        return Units(source)
    asked = source.test[competition.id_column or source.test.columns[0]]
    return Units(source, files={file_rows.FILE: (*refs, *_files_of(asked, clues))})


def _files_of(ids: pl.Series, clues: Clues) -> list[str | None]:
    """The file of each test row, by its name or its name's stem; files of train's folders are left out."""
    refs = [ref for group in clues.media.values() for ref in group if not is_role(ref, "train")]
    by_name: dict[str, str] = {}
    for ref in refs:
        path = PurePosixPath(ref)
        for name in (path.stem, path.name, ref):
            by_name[name] = ref
    return [by_name.get(str(value)) for value in ids]
