"""The text families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.protocol import Column
from podium.recipes.family import Family
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "naive_bayes": Family("NaiveBayes"),
    "tfidf_linear": Family("TfidfLinear"),
    "nbsvm": Family("NbSvm"),
    "nb_stack": Family("NbStack"),
}


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    return tuple(FAMILIES)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    wc={"grams":["word 1-2","char 2-5"]}
    return (Recipe("text","tfidf_linear",{"grams":["word 1-2"]},{}),
      Recipe("text","naive_bayes",{"grams":["word 1-2"]},{}),
      Recipe("text","nbsvm",wc,{"C":10.0,"alpha":.2}),
      Recipe("text","nb_stack",{},{}),
      Recipe("text","tfidf_linear",wc,{"loss":"hinge","C":1.0}),
      )


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    return recipe


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    return 1.0


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    return 1000
