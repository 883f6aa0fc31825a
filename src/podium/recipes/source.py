"""A recipe as a `solution.py` that a person or an LLM can read, edit and run alone."""

from __future__ import annotations

import pprint
import textwrap
from collections.abc import Mapping
from string import Template
from typing import Any

from podium.recipes.catalog import KINDS
from podium.records import Recipe

TEMPLATE = Template('''"""$title

hypothesis: $hypothesis
$requires"""
$imports
from podium.protocol import Context, Predictions, Rows
from podium.recipes.$kind import $names

FEATURES = $features
PARAMS = $params

$prepare
def fit(train: Rows, ctx: Context) -> $model:
    return $model(features=FEATURES, **PARAMS).fit(train, ctx)


def predict(model: $model, rows: Rows, ctx: Context) -> Predictions:
    return model.predict(rows, ctx)


if __name__ == "__main__":
    import podium

    podium.check(__file__)
''')

PREPARE = """
def prepare(rows: Rows, ctx: Context) -> pl.DataFrame:
    return measure_files(rows, ctx, FEATURES)

"""


def solution(recipe: Recipe, title: str, hypothesis: str) -> str:
    """The source of `solution.py`. Raises ValueError for a kind or model the catalog does not know."""
    if recipe.kind not in KINDS or recipe.model not in KINDS[recipe.kind].FAMILIES:
        raise ValueError(f"recipe: expected a model known to the catalog; found {recipe.kind}/{recipe.model}")
    family = KINDS[recipe.kind].FAMILIES[recipe.model]
    measured = recipe.features.get("files") == "prepare"
    return TEMPLATE.substitute(
        imports="\nimport polars as pl\n" if measured else "",
        names=f"{family.class_name}, measure_files" if measured else family.class_name,
        prepare=PREPARE if measured else "",
        title=_text(title).rstrip(".") + ".",
        hypothesis="\n".join(textwrap.wrap(_text(hypothesis), 100, subsequent_indent="    ")),
        requires="".join(f"requires: {package}\n" for package in family.requires)
        + ("reads: unlabelled\n" if family.unlabelled else ""),
        kind=recipe.kind,
        model=family.class_name,
        features=_literal(recipe.features),
        params=_literal(recipe.params),
    )


def _text(value: str) -> str:
    """Safe inside a docstring: one line, no quotes that could end it, no escapes."""
    return " ".join(value.replace("\\", "/").replace('"', "'").split())


def _literal(values: Mapping[str, Any]) -> str:
    text = pprint.pformat(dict(values), width=100, sort_dicts=False)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text
