"""Families that would be tried, were their libraries here, and what to install for them."""

from __future__ import annotations

from collections import defaultdict

from podium.recipes.catalog import KINDS, kinds_of
from podium.recipes.family import Family
from podium.recipes.pretrained import allowed, sentence_encoders
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts

EXTRAS = {
    "xgboost": "tabular",
    "catboost": "tabular",
    "tabm": "tabm",
    "torch": "neural",
    "pillow": "images",
    "efficientnet_lite_pytorch": "vision",
    "statsforecast": "forecast",
}  # package → the extra of ours that brings it
ENCODED = ("vectors", "pieces")  # what families read that stand on a sentence encoder


def wanting(facts: DataFacts, competition: Competition) -> dict[str, tuple[str, ...]]:
    """Extra → families that are left out here without it (some want two); of kinds that have any family for these data."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind in (KINDS[name] for name in kinds_of(competition)):
        known = kind.families(facts, competition)
        for name, family in kind.FAMILIES.items():
            for extra in _extras(family, competition) if known and name not in known else ():
                found[extra].append(name)
    return {extra: tuple(names) for extra, names in sorted(found.items())}


def _extras(family: Family, competition: Competition) -> tuple[str, ...]:
    if family.reads in ENCODED:
        return ("sentences",) if allowed(competition) and not sentence_encoders(competition) else ()
    return tuple(EXTRAS[package] for package in family.requires if package in EXTRAS and not loads(package))
