"""Text to be written: a span of another column, or words of one's own (translation, normalisation, captions)."""

from __future__ import annotations

import polars as pl

from podium.competition.asked_metric import passages
from podium.competition.config import stated_metric
from podium.competition.keys import joined
from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.competition.kinds.words import task_type_asked
from podium.metrics import find, get
from podium.records import Evidence

SPAN, GENERATION = "span_extraction", "text_generation"
_WRITTEN = r"generat|translat|normali[sz]|rewrit|summar|transcri|caption|verbali[sz]|convert|spoken form|correct the"


def read(clues: Clues) -> Reading | None:
    """The one answer is text of train's own: in most rows a piece of another column, or different from row to row."""
    train = clues.train
    if train is None:
        return None
    name = _answer(clues)
    if not name:
        return None
    asked = task_type_asked(str(clues.config.get("task_type", "")))
    if asked:
        return _reading(clues, name, asked, f"config.json or a flag says so; {name} holds words", 1.0)
    target = train[name].drop_nulls().cast(pl.String)
    source, share = _container(train, name)
    named = _text_metric(clues)
    free = _is_free(target, clues) or named
    if source and share > 0.8 and free and not _copied(train, name, source):
        return _reading(clues, name, SPAN, f"{name} is a piece of {source} in {share:.0%} of train's rows", 0.95)
    copied = source if source and _copied(train, name, source) else ""
    written = clues.says(_WRITTEN)
    if copied and written:
        why = f"{name} is {source} written anew: equal in many rows, changed in others, {target.n_unique():,} different ones"
        return _reading(clues, name, GENERATION, why, 0.9)
    if free:
        why = f"{name} is free text, {target.n_unique():,} different ones in {len(target):,} rows"
        return _reading(clues, name, GENERATION, why, 0.9 if named else 0.75)
    return None


def _answer(clues: Clues) -> str:
    """The one column of the sample submission that train has as words."""
    assert clues.train is not None
    asked = clues.config.get("target_column")
    names = [str(asked)] if asked else clues.answers if clues.sample is not None else clues.label_side
    if len(names) == 1 and names[0] not in clues.train.columns and _text_metric(clues):
        names = [c for c in clues.label_side if clues.train[c].dtype == pl.String and not cells.numeric(clues.train[c])]
    if len(names) != 1 or names[0] not in clues.train.columns:
        return ""
    target = clues.train[names[0]]
    words = target.dtype == pl.String and not cells.numeric(target)
    return names[0] if words else ""


def _is_free(target: pl.Series, clues: Clues) -> bool:
    """Words that rarely repeat."""
    unique = target.n_unique()
    words = float(target.head(2000).str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    return unique > max(50, 0.2 * len(target)) and words >= 1.5


def _text_metric(clues: Clues) -> bool:
    """Whether a metric of texts is named where the description says how it scores."""
    named = stated_metric(clues.config)
    if named:
        return get(named).needs == "text"
    for passage, confidence in passages(clues.text):
        found = find(passage)
        if found and confidence >= 0.85:
            return all(get(name).needs == "text" for name in found)
    return False


def _container(train: pl.DataFrame, name: str) -> tuple[str, float]:
    """(the column that most often holds the target's cell, how often)."""
    rows = train.head(2000).filter(pl.col(name).is_not_null())
    best = ("", 0.0)
    for other in (c for c in train.columns if c != name and train[c].dtype == pl.String):
        inside = rows.select(pl.col(other).str.contains(pl.col(name).cast(pl.String), literal=True).mean()).item()
        best = max(best, (other, float(inside or 0)), key=lambda pair: pair[1])
    return best


def _copied(train: pl.DataFrame, name: str, source: str) -> bool:
    """Most cells are the source's whole cell, and those that are not share no more with it than chance."""
    rows = train.head(20_000)
    same = cells.share(rows[name] == rows[source])
    changed = rows.filter(pl.col(name) != pl.col(source))
    inside = (
        changed.select(pl.col(source).str.contains(pl.col(name), literal=True).mean()).item() if changed.height else 1.0
    )
    return same > 0.3 and float(inside or 0.0) < 0.3


def _reading(clues: Clues, name: str, task: str, why: str, confidence: float) -> Reading:
    sample, test = clues.sample, clues.test
    ids, how = _ids(clues)
    header = tuple(sample.columns) if sample is not None else (*ids, name)
    evidence = {
        "target_column": Evidence(name, why, 0.95),
        "id_column": Evidence(",".join(ids), how, 0.9),
        "submission_kind": Evidence("text", "a cell holds words", 0.95),
    }
    known, group = set(test.columns) if test is not None else set(), _sentence(clues)
    if group:
        evidence["group_column"] = Evidence(group, "rows of one text, in order; folds keep them together", 0.9)
    assert clues.train is not None
    side = tuple(c for c in clues.train.columns if c not in known and c not in (name, *ids)) if known else ()
    return Reading(
        task, why, confidence, (name,), ids, header, "text", evidence, files=clues.files, label_side_columns=side,
        inputs=tuple(clues.media) if clues.media and not _other_features(clues, name, ids) else ("table", *clues.media),
        group_column=group, cv_strategy="grouped" if group else "random",
    )  # fmt: skip


def _sentence(clues: Clues) -> str | None:
    """The column that names a token's sentence, where ids are made of it and the token's place: folds keep it whole."""
    sample, test, train = clues.sample, clues.test, clues.train
    if sample is None or test is None or train is None or sample.columns[0] in test.columns:
        return None
    parts = joined(sample[sample.columns[0]], test)
    if not parts or parts[0] not in train.columns or train[parts[0]].n_unique() == train.height:
        return None
    return parts[0]


def _other_features(clues: Clues, name: str, ids: tuple[str, ...]) -> list[str]:
    assert clues.train is not None
    return [
        c for c in clues.train.columns if clues.test is not None and c in clues.test.columns and c not in (name, *ids)
    ]


def _ids(clues: Clues) -> tuple[tuple[str, ...], str]:
    if clues.config.get("id_column"):
        return tuple(str(clues.config["id_column"]).split(",")), "config.json or a flag says so"
    sample, test = clues.sample, clues.test
    if sample is None:
        first = test if test is not None else clues.train
        assert first is not None
        return tuple(first.columns[:1]), "first column of test; there is no sample submission"
    parts = (
        joined(sample[sample.columns[0]], test) if test is not None and sample.columns[0] not in test.columns else ()
    )
    if parts:
        return tuple(sample.columns[:1]), f"first column of the sample submission: test's {' and '.join(parts)} joined"
    return tuple(sample.columns[:1]), "first column of the sample submission"
