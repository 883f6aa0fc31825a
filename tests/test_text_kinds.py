"""Which strings are texts, in any script."""

from __future__ import annotations

import random

import polars as pl
import pytest

from podium.competition.columns import string_kind

HAN = [chr(0x4E00 + k) for k in range(400)]
RUSSIAN = ["продам", "дом", "у", "моря", "новый", "диван", "красный", "стол", "лампа", "ковёр"]


def kind(values: list[str]) -> str:
    series = pl.Series(values)
    return string_kind(series, series.n_unique(), float(series.str.len_chars().mean() or 0))


def made(letters: list[str], least: int, most: int, n: int, between: str = "") -> list[str]:
    rng = random.Random(0)
    return [between.join(rng.choice(letters) for _ in range(rng.randint(least, most))) for _ in range(n)]


@pytest.mark.parametrize("values", [
    made(HAN, 18, 26, 500),
    made(RUSSIAN, 2, 4, 500, " "),
    made(["sea", "star", "moon", "rose", "ship"], 2, 4, 500, " "),
    made([chr(0x0E01 + k) for k in range(40)], 20, 40, 300),
])  # fmt: skip
def test_titles_are_texts(values: list[str]) -> None:
    assert kind(values) == "text"


@pytest.mark.parametrize("values", [
    made(HAN, 2, 3, 300),  # names
    made(HAN, 8, 9, 30) * 40,  # thirty long names, each often
    [f"Город{k}" for k in range(60)],
    [f"ville-{k % 40}" for k in range(400)],
    made(["Москва", "Тверь", "Омск", "Пермь"], 1, 1, 50),
])  # fmt: skip
def test_names_stay_categories_or_codes(values: list[str]) -> None:
    assert kind(values) in ("categorical", "code")
