"""Strings that hide several features: codes of fixed length, and codes of parts such as `F/731/S`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from podium.competition import levels
from podium.competition.audit.view import Floats, Ints, View, finding
from podium.protocol import Column
from podium.records import AuditFinding

LENGTHS = (3, 40)  # characters of a code of fixed length
FIXED = 0.99  # of the values have that length
MOST_TOLD = 4  # so many positions are named
Piece = tuple[str, pl.Series]


def check_structure(view: View) -> Iterator[AuditFinding]:
    outcome = levels.outcomes(view.truth)
    for column in view.of_kind("categorical", "code", "text"):
        if column.n_unique <= 20:
            continue
        values = view.train[column.name]
        length = _one_length(column, values)
        if length:
            yield _positions(column, values, length, outcome)
        elif column.kind == "code":
            yield _parts(column, values, outcome)


def pieces(column: Column, values: pl.Series) -> list[Piece]:
    """Name and values of each feature that hides in a column of strings; none where it has no such structure."""
    length = _one_length(column, values)
    if length:
        return _by_position(values, length)
    return _by_part(values, _shape(values)[0]) if column.kind == "code" and values.null_count() < len(values) else []


def _one_length(column: Column, values: pl.Series) -> int:
    """That all values share, where nothing separates parts in them; else 0."""
    separated = column.kind == "code" and values.str.contains(r"[_/\-:.]").sum() > 0.5 * len(values)
    return 0 if separated else _fixed_length(values)


def _fixed_length(values: pl.Series) -> int:
    """The length that nearly all values share; 0 where they differ, hold spaces or are mostly different characters."""
    known = values.drop_nulls()
    if len(known) < 50:
        return 0
    counts = known.str.len_chars().rename("v").value_counts(sort=True)
    length, share = int(counts["v"][0]), counts["count"][0] / len(known)
    spaced = bool(known.str.contains(r"\s").any())
    return length if share >= FIXED and LENGTHS[0] <= length <= LENGTHS[1] and not spaced else 0


def _positions(column: Column, values: pl.Series, length: int, outcome: Floats) -> AuditFinding:
    """What each position holds, and which of them tell of the target."""
    alphabets = [_alphabet(c) for c in _characters(values, length)]
    spelled = ", ".join(f"{at}: {a}" for at, a in _runs(alphabets))
    telling = _telling(_by_position(values, length), outcome)
    text = f"{column.name} is {length} characters ({spelled}){telling}: split it, its positions are features"
    return finding("structure", "info", column.name, column.n_unique, text)


def _characters(values: pl.Series, length: int) -> list[pl.Series]:
    return [values.str.slice(at, 1).fill_null("") for at in range(length)]


def _by_position(values: pl.Series, length: int) -> list[Piece]:
    told = [(f"position {at + 1}", c) for at, c in enumerate(_characters(values, length)) if c.n_unique() > 1]
    different = values.fill_null("").str.split("").list.n_unique().cast(pl.String)
    return [*told, ("the number of different characters", different)]


def _alphabet(characters: pl.Series) -> str:
    found = sorted(v for v in characters.unique().to_list() if v)
    if not found:
        return "nothing"
    if len(found) == 1:
        return f"always {found[0]}"
    return f"{found[0]}–{found[-1]} ({len(found)})"


def _runs(alphabets: list[str]) -> list[tuple[str, str]]:
    """Neighbouring positions of one alphabet taken together: `3–5`."""
    runs: list[tuple[int, int, str]] = []
    for at, alphabet in enumerate(alphabets, start=1):
        if runs and runs[-1][2] == alphabet:
            runs[-1] = (runs[-1][0], at, alphabet)
        else:
            runs.append((at, at, alphabet))
    return [(str(a) if a == b else f"{a}–{b}", alphabet) for a, b, alphabet in runs]


def _telling(parts: list[Piece], outcome: Floats) -> str:
    """The parts that tell of the target beyond chance, the strongest first; "" where none does."""
    found = []
    for name, values in parts:
        told = levels.told(_codes(values), outcome)
        strength = max(told.named, told.ordered)
        if strength > told.chance * 1.2:  # a part in several is tried: a little beyond four standard errors
            found.append((strength, name))
    if not found:
        return "; none tells of the target alone"
    ranked = sorted(found, key=lambda p: -p[0])[:MOST_TOLD]
    return "; what tells of the target: " + ", ".join(f"{name} ({s:.2f})" for s, name in ranked)


def _codes(values: pl.Series) -> Ints:
    """0-based ranks; numbers in their order, other strings in the alphabet's."""
    numbers = values.cast(pl.Float64, strict=False)
    key = numbers.fill_null(-1.0) if numbers.null_count() < 0.2 * len(values) else values.fill_null("")
    codes: Ints = np.asarray(key.rank("dense").cast(pl.Int64)) - 1
    return codes


def _parts(column: Column, values: pl.Series, outcome: Floats) -> AuditFinding:
    """The usual shape of a code, and which of its parts (letters, digits, between separators) tell of the target."""
    shape, share = _shape(values)
    telling = _telling(found, outcome) if (found := _by_part(values, shape)) else ""
    example = values.drop_nulls()[0]
    text = f"{column.name} is a code, {share:.0%} of shape {shape} (like {example}){telling}: split it, its parts are features"
    return finding("structure", "info", column.name, column.n_unique, text)


def _shape(values: pl.Series) -> tuple[str, float]:
    """The usual shape, letters as A and digits as 9, and the share of values that have it."""
    known = values.drop_nulls()
    shapes = known.str.replace_all(r"[A-Za-z]+", "A").str.replace_all(r"[0-9]+", "9").value_counts(sort=True)
    return str(shapes[known.name][0]), shapes["count"][0] / len(known)


def _by_part(values: pl.Series, shape: str) -> list[Piece]:
    runs = re.findall(r"A|9", shape)
    between = re.split(r"A|9", shape)
    if not 1 <= len(runs) <= 6:
        return []
    inside = "".join(
        re.escape(b) + (f"([{'A-Za-z' if p == 'A' else '0-9'}]+)" if p else "")
        for b, p in zip(between, [*runs, ""], strict=True)
    )
    split = [(f"part {i}", values.str.extract(f"^{inside}$", i)) for i in range(1, len(runs) + 1)]
    return [(name, part) for name, part in split if part.n_unique() > 1]


CHECKS = (check_structure,)
