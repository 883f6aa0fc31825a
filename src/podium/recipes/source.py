"""A recipe as a `solution.py` that a person or an LLM can read, edit and run alone."""

from __future__ import annotations

import pprint
import textwrap
from collections.abc import Mapping
from string import Template
from typing import Any

from podium.recipes.catalog import KINDS
from podium.recipes.measured import measuring
from podium.recipes.vision import backbones
from podium.records import Recipe
from podium.weights.names import SCHEMES

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

PREPARE = Template("""
def prepare(rows: Rows, ctx: Context) -> pl.DataFrame:
    return $made_by(rows, ctx, $features)

""")


def solution(recipe: Recipe, title: str, hypothesis: str) -> str:
    """The source of `solution.py`. Raises ValueError for a kind or model the catalog does not know."""
    if recipe.kind not in KINDS or recipe.model not in KINDS[recipe.kind].FAMILIES:
        raise ValueError(f"recipe: expected a model known to the catalog; found {recipe.kind}/{recipe.model}")
    family = KINDS[recipe.kind].FAMILIES[recipe.model]
    once = measuring(recipe)
    names = family.class_name if once is None else f"{family.class_name}, {once.function}"
    prepare = (
        "" if once is None else PREPARE.substitute(made_by=once.function, features=_literal(once.of(recipe.features)))
    )
    return TEMPLATE.substitute(
        imports="\nimport polars as pl\n" if prepare else "",
        names=names,
        prepare=prepare,
        title=_text(title).rstrip(".") + ".",
        hypothesis="\n".join(textwrap.wrap(_text(hypothesis), 100, subsequent_indent="    ")),
        requires="".join(f"requires: {package}\n" for package in _packages(recipe, family.requires))
        + "".join(f"weights: {name}\n" for name in pretrained(recipe))
        + ("reads: unlabelled\n" if family.unlabelled or _reads_unlabelled(recipe) else "")
        + ("reads: models\n" if recipe.features.get("models") else ""),
        kind=recipe.kind,
        model=family.class_name,
        features=_literal(recipe.features),
        params=_literal(recipe.params),
    )


def pretrained(recipe: Recipe) -> tuple[str, ...]:
    """Names of the pretrained weights that the recipe's features name."""
    named = [str(recipe.features.get(key, "")) for key in ("weights", "backbone")]
    named = [backbones.weights_of(name) if name in backbones.SCALE else name for name in named]
    return tuple(name for name in named if name.partition(":")[0] in SCHEMES)


def _packages(recipe: Recipe, usual: tuple[str, ...]) -> tuple[str, ...]:
    """What its family requires; a backbone of timm needs timm in place of the usual one's package."""
    of_timm = str(recipe.features.get("backbone", "")).startswith("timm:")
    return tuple("timm" if of_timm and one == "efficientnet_lite_pytorch" else one for one in usual)


def _reads_unlabelled(recipe: Recipe) -> bool:
    return any(bool(recipe.features.get(option)) for option in ("unlabelled", "pseudo"))


def _text(value: str) -> str:
    """Safe inside a docstring: one line, no quotes that could end it, no escapes."""
    return " ".join(value.replace("\\", "/").replace('"', "'").split())


def _literal(values: Mapping[str, Any]) -> str:
    text = pprint.pformat(dict(values), width=100, sort_dicts=False)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text
