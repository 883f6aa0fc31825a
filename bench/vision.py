"""What each image recipe costs against its estimate, and what it learns, on generated shapes.

    python bench/vision.py --rows 2000 --size 32 [--only resnet]

Run it on a quiet machine, on one core; `recipes/vision/cost.py` holds constants fitted to its CPU seconds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import typer
from PIL import Image

from podium.protocol import Column, Context, Rows
from podium.recipes import vision
from podium.recipes.vision import catalog
from podium.recipes.vision.measure import measure_files
from podium.records import Competition, DataFacts, Hardware
from podium.testing.contests.images import SHAPES, draw


def main(rows: int = 2000, size: int = 32, only: str = "") -> None:
    rng, labels = np.random.default_rng(0), np.arange(rows) % len(SHAPES)
    schema, held = (Column("file", "file", pixels=size),), rows // 5
    ctx = Context(0, 1, "multiclass_classification", "accuracy", len(SHAPES), schema, classes=SHAPES)
    facts = DataFacts(rows, 0, 0, 5, schema, len(SHAPES), len(SHAPES))
    asked = Competition(
        "shapes", "", ctx.task_type, ctx.metric, "higher", ("shape",), "id", ("id", "shape"), "label", classes=SHAPES
    )
    with tempfile.TemporaryDirectory() as folder:
        for at, kind in enumerate(labels):
            Image.fromarray(draw(int(kind), rng)).resize((size, size)).save(Path(folder) / f"{at}.png")
        table = pl.DataFrame({"file": [f"{at}.png" for at in range(rows)]})
        for recipe in catalog.portfolio(facts, asked, Hardware(1, 16_000)):
            if only and only not in recipe.model:
                continue
            begun = time.process_time()
            source, share = table, 0.0
            if recipe.features.get("files") == "prepare":
                source = measure_files(Rows(table, np.arange(rows), files=Path(folder)), ctx, recipe.features)
                share = (time.process_time() - begun) * (1 - 1 / facts.n_folds)  # of the other folds
            cut = np.arange(held, rows)
            train = Rows(source, cut, y=labels[cut], files=Path(folder))
            model = getattr(vision, catalog.FAMILIES[recipe.model].class_name)(recipe.features, **recipe.params)
            found = model.fit(train, ctx).predict(Rows(source, np.arange(held), files=Path(folder)), ctx).values
            took, right = time.process_time() - begun - share, (found.argmax(axis=1) == labels[:held]).mean()
            print(
                f"{recipe.model:16} {took:8.1f} s, estimated {catalog.cost_s(recipe, facts, rows - held):8.1f};"
                f" accuracy {right:.3f}  {dict(recipe.params)}",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
