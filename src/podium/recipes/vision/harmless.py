"""Which ways of turning an image leave its answer as it was: asked of the data, not assumed.

A linear model of gradients and colours is fitted on some images, and asked about others as they are, mirrored, upside
down and turned by a quarter. Where it errs no more on turned images than on upright ones, as far as chance tells, the
turn may be used in training and in testing. A digit's answer changes with it; a cactus seen from the air does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.vision import descriptors

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
ROWS = 800  # images looked at
FOLDS = 4
PENALTY = 0.3  # of the ridge, as a share of the mean variance times rows
CHANCE = 1.0  # standard errors that errors may grow by
SLACK = 0.03  # and this share of what the model explains


@dataclass(frozen=True)
class Symmetries:
    """`mirror`: left and right; `flip`: up and down; `turn`: by quarters."""

    mirror: bool = False
    flip: bool = False
    turn: bool = False


def symmetries(pixels: Bytes, labels: Floats, seed: int) -> Symmetries:
    """Of images `(n, s, s, c)` and what is learned of them `(n, k)` (one-hot classes, or values)."""
    chosen = np.random.default_rng([seed, 3]).permutation(len(pixels))[:ROWS]
    if len(chosen) < 2 * FOLDS:
        return Symmetries()
    images, wanted = pixels[chosen], labels[chosen].astype(np.float64)
    ways = {"mirror": images[:, :, ::-1], "flip": images[:, ::-1], "turn": images.transpose(0, 2, 1, 3)}
    upright = _told(images)
    turned = {name: _told(np.ascontiguousarray(view)) for name, view in ways.items()}
    fold_of = np.arange(len(chosen)) % FOLDS
    plain, other = np.zeros(len(chosen)), {name: np.zeros(len(chosen)) for name in ways}
    for fold in range(FOLDS):
        here = fold_of == fold
        model = _ridge(upright[~here], wanted[~here])
        plain[here] = _errors(model, upright[here], wanted[here])
        for name, values in turned.items():
            other[name][here] = _errors(model, values[here], wanted[here])
    explained = float(((wanted - wanted.mean(axis=0)) ** 2).mean()) - float(plain.mean())
    if explained <= 0:  # it knows nothing: no evidence either way
        return Symmetries(mirror=True)
    return Symmetries(**{name: _no_worse(errors - plain, explained) for name, errors in other.items()})


def _no_worse(more: Floats, explained: float) -> bool:
    error = float(more.std()) / np.sqrt(len(more))
    return bool(float(more.mean()) <= CHANCE * error + SLACK * explained)


def _told(images: Bytes) -> Floats:
    """Gradients, colours and a thumbnail, of images brought to the size these are made for."""
    size = descriptors.SIZE
    places = (np.arange(size) * images.shape[1] / size).astype(int)
    resized = images[:, places][:, :, places]
    if resized.shape[3] == 1:
        resized = np.repeat(resized, 3, axis=3)
    return descriptors.describe(np.ascontiguousarray(resized), ("colour", "gradients", "thumb")).astype(np.float64)


def _ridge(values: Floats, wanted: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    scaled, centre = (values - mean) / spread, wanted.mean(axis=0)
    gram = scaled @ scaled.T
    weights = np.linalg.solve(gram + PENALTY * np.trace(gram) / len(gram) * np.eye(len(gram)), wanted - centre)
    return mean, spread, scaled.T @ weights, centre


def _errors(model: tuple[Floats, Floats, Floats, Floats], values: Floats, wanted: Floats) -> Floats:
    mean, spread, weights, centre = model
    return np.asarray((((values - mean) / spread @ weights + centre - wanted) ** 2).mean(axis=1))
