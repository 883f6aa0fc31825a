"""Language modelling: a running text to learn from, the next character, byte, word or token to predict."""

from __future__ import annotations

import re

import polars as pl

from podium import alphabet
from podium.competition.description import metric_text
from podium.competition.encoding import decode
from podium.competition.folder import TableFiles
from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues, stem
from podium.competition.kinds.reading import Reading
from podium.competition.table import read_bytes
from podium.records import Evidence, SubmissionKind

TASK = "language_modelling"
PLACE = "place"  # where in train's text an answer begins: what only rows of train are told
FOLDS = 3  # stretches of the text's end, one after another
MOST_WORDS = 2_000  # that are told apart where the submission names one
_MEASURED = re.compile(r"bits[ -]per[ -](character|char|byte)|perplexity|\bbp[bc]\b", re.I)
_NEXT = re.compile(r"next[ -](character|char|byte|token|word)", re.I)
_TEXT = (".txt", ".text", ".bin", ".dat")


def read(clues: Clues) -> Reading | None:
    """A running text called train and no train table; or a metric that measures text by its characters."""
    running = _running_text(clues)
    measured = _MEASURED.search(metric_text(clues.text))
    following = _NEXT.search(clues.text)
    if not running or not (measured or following or clues.config.get("task_type")):
        return None
    data = read_bytes(clues.folder, running)
    size = len(data)
    why = f"{running} is a running text of {size:,} bytes and there is no train table"
    why += f"; the description says {(measured or following)[0]!r}" if measured or following else ""  # type: ignore[index]
    name = clues.target_name or (following[0].lower() if following else "next token")
    sample, contexts = clues.sample, _contexts(clues)
    answers = tuple(c for c in sample.columns[1:]) if sample is not None else ()
    ids = (
        tuple(sample.columns[:1])
        if sample is not None
        else tuple(clues.test.columns[:1])
        if clues.test is not None
        else ()
    )
    one = sample is not None and len(answers) == 1 and not cells.numeric(sample[answers[0]])
    kind: SubmissionKind = "label" if one else "probability"
    evidence = {
        "target_column": Evidence(name, _why_target(clues, len(answers)), 0.9 if clues.target_name else 0.75),
        "id_column": Evidence(
            ",".join(ids), "first column of the sample submission", 0.95 if sample is not None else 0.6
        ),
        "submission_kind": Evidence(kind, f"{len(answers)} column{'s' * (len(answers) != 1)} of what comes next", 0.9),
    }
    evidence["cv_strategy"] = Evidence(
        "forward", "test's contexts are from elsewhere: the text's end stands for it", 0.7
    )
    if contexts:
        evidence["inputs"] = Evidence("text", f"test's {contexts} holds what goes before", 0.9)
    return Reading(
        TASK, why, 0.97 if measured else 0.8, (name,), ids, (*ids, *answers), kind, evidence,
        inputs=("text",), classes=_classes(sample, answers[0], running, data) if one else answers,
        files=_files(clues, running), cv_strategy="forward", cv_folds=FOLDS,
        label_side_columns=(PLACE,),
    )  # fmt: skip


def _classes(sample: pl.DataFrame | None, name: str, running: str, data: bytes) -> tuple[str, ...]:
    """What may come next where the submission names it: the text's characters or its most frequent words."""
    assert sample is not None
    words = bool((cells.head(sample[name]).str.len_chars() > 1).any())
    return alphabet.known(decode(running, data)[0], words, MOST_WORDS)


def _running_text(clues: Clues) -> str:
    """The reference of a text called train, where no table is."""
    refs = [*clues.contents.texts, *clues.contents.tables, *(r for g in clues.contents.attached.values() for r in g)]
    named = sorted(
        {r for r in refs if r.lower().endswith(_TEXT) and re.search(r"(^|_)(train|corpus|training)", stem(r))}
    )
    if not named or (clues.files.train and clues.files.train not in named):
        return ""
    return min(named, key=lambda r: (r.count("/"), len(r)))


def _contexts(clues: Clues) -> str:
    if clues.test is None:
        return ""
    texts = [c for c in clues.test.columns if clues.test[c].dtype == pl.String]
    return max(texts, key=lambda c: float(clues.test[c].str.len_chars().mean() or 0), default="")  # type: ignore[arg-type,index]


def _files(clues: Clues, running: str) -> TableFiles:
    return TableFiles(running, clues.files.test, clues.files.sample)


def _why_target(clues: Clues, n_answers: int) -> str:
    said = "the description calls it so; " if clues.target_name else ""
    return f"{said}the sample submission asks for {n_answers} probabilities of what comes next"
