"""Solutions that cheat or err where an answer is no row of numbers, and their honest twins: one contest a kind of answer.

Each fault is an end of `predict` that works on packed answers `values` `(n, width)` whatever they mean, so the same ones are
planted at every kind. The player fills in folders: `CAMPAIGN`, and `ANSWERS`, where the true answers lie by a row's content,
for who looks them up.
"""

from __future__ import annotations

from dataclasses import dataclass

START = '''
import hashlib
import numpy as np
from podium import packing, pixels
from podium.protocol import Dense


def contents(rows):
    """What tells rows apart: the bytes of a file, or the features."""
    if "file" in rows.columns:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in rows.paths("file")]
    return [hashlib.sha256(repr(row).encode()).hexdigest() for row in rows.frame().rows()]


def images(rows):
    return [pixels.read(path).astype(np.float32) / 255.0 for path in rows.paths("file")]


def fit(train, ctx):
    model = learned(train, ctx)
    return model


def predict(model, rows, ctx):
    values = np.asarray(answered(model, rows, ctx).values)
    values = values.reshape(len(rows), -1).astype(ctx.layout.dtype)
    return values
'''
MASKS = '''

def learned(train, ctx):
    """How often a pixel of each brightness belongs to a thing."""
    seen, true = np.zeros(64), np.zeros(64)
    for image, y in zip(images(train), train.y):
        level = np.minimum(image.mean(axis=0) * 64, 63).astype(int)
        mask = pixels.decode(y)[0] > 127
        seen += np.bincount(level.reshape(-1), minlength=64)
        true += np.bincount(level[mask], minlength=64)
    return {"share": (true / np.maximum(seen, 20)).astype(np.float32)}


def answered(model, rows, ctx):
    levels = [np.minimum(image.mean(axis=0) * 64, 63).astype(int) for image in images(rows)]
    return Dense(np.stack([model["share"][level] for level in levels]))
'''
IMAGES = '''

def learned(train, ctx):
    """The mean clean value of each dirty one, and of its surroundings."""
    seen, true = np.zeros((16, 16)), np.zeros((16, 16))
    for cells, y in zip(map(_cells, images(train)), train.y):
        np.add.at(seen, cells, 1.0)
        np.add.at(true, cells, pixels.decode(y)[0] / 255.0)
    return {"clean": (true + 1.0) / (seen + 1.0)}


def _cells(image):
    from scipy.ndimage import uniform_filter

    plain = image.mean(axis=0)
    return tuple(np.minimum(of * 16, 15).astype(int) for of in (plain, uniform_filter(plain, 9)))


def answered(model, rows, ctx):
    out = np.zeros((len(rows), *ctx.layout.shape), dtype=np.float32)
    for at, cells in enumerate(map(_cells, images(rows))):
        height, width = cells[0].shape
        out[at, :, :height, :width] = model["clean"][cells]
    return Dense(out)
'''
BOXES = '''

def learned(train, ctx):
    """Which colours lie in boxes, and how large those of each class are."""
    inside, all_ = np.zeros(512), np.zeros(512)
    sizes = [[] for _ in ctx.classes]
    for image, y in zip(images(train), train.y):
        colour = _colours(image)
        all_ += np.bincount(colour.reshape(-1), minlength=512)
        for label, left, top, right, bottom in y:
            inside += np.bincount(colour[int(top) : int(bottom), int(left) : int(right)].reshape(-1), minlength=512)
            sizes[int(label)].append((right - left) * (bottom - top))
    return {"share": inside / np.maximum(all_, 50), "sizes": [np.median(of) if of else 1.0 for of in sizes]}


def _colours(image):
    level = np.minimum(image * 8, 7).astype(int)
    return level[0] * 64 + level[1] * 8 + level[2]


def answered(model, rows, ctx):
    from scipy import ndimage

    found = []
    for image in images(rows):
        likely = ndimage.uniform_filter(model["share"][_colours(image)], 3)
        marked, n = ndimage.label(likely > 0.5)
        boxes = []
        for at, (down, along) in enumerate(ndimage.find_objects(marked), 1):
            area = (down.stop - down.start) * (along.stop - along.start)
            label = int(np.argmin([abs(np.log(area / size)) for size in model["sizes"]]))
            sure = float(np.clip(likely[down, along].mean(), 0.01, 0.99))
            boxes.append([label, along.start, down.start, along.stop, down.stop, sure])
        found.append(np.array(boxes).reshape(-1, 6))
    return packing.boxes(found, ctx.layout)
'''
RANKING = '''

def learned(train, ctx):
    """How often what was had before is had again, and what is had most by those of the same group."""
    again, counts = [], {}
    for y, history, group in zip(train.y, *_read(train)):
        again.append(np.isin(y, history).mean())
        of = counts.setdefault(group, {})
        for item in y.tolist():
            of[item] = of.get(item, 0) + 1
    return {"again": float(np.mean(again)), "counts": counts}


def _read(rows):
    frame = rows.frame(["history", "region"])
    return frame["history"].fill_null([]).to_list(), frame["region"].to_list()


def answered(model, rows, ctx):
    items, scores = [], []
    for history, group in zip(*_read(rows)):
        of = model["counts"].get(group, {})
        total = max(1, sum(of.values()))
        sure = {item: count / total for item, count in of.items()}
        for item in history:
            sure[item] = sure.get(item, 0.0) + model["again"] / len(history)
        best = sorted(sure, key=lambda item: (-sure[item], item))
        items.append(best)
        scores.append([sure[item] for item in best])
    return packing.rankings(items, scores, ctx.layout)
'''
SPANS = '''

def learned(train, ctx):
    """How often each word belongs to the answer."""
    seen, true = {}, {}
    for text, y in zip(_texts(train), train.y):
        for word in text.split():
            seen[word] = seen.get(word, 0) + 1
            true[word] = true.get(word, 0) + (word in y)
    return {"share": {word: true[word] / (n + 1.0) for word, n in seen.items()}}


def _texts(rows):
    return rows.frame(["text"])["text"].fill_null("").to_list()


def answered(model, rows, ctx):
    texts, sure = _texts(rows), []
    for text in texts:
        p, start = np.zeros(len(text)), 0
        for word in text.split():
            start = text.index(word, start)
            p[start : start + len(word)] = model["share"].get(word, 0.1)
            start += len(word)
        sure.append(p)
    return packing.spans(texts, sure, ctx.layout)
'''
TEXT = '''

def learned(train, ctx):
    """The most frequent answer to each text."""
    answers = {}
    for text, y in zip(_texts(train), train.y):
        of = answers.setdefault(text, {})
        of[y] = of.get(y, 0) + 1
    return {"best": {text: max(of, key=of.get) for text, of in answers.items()}}


def _texts(rows):
    return rows.frame(["before"])["before"].fill_null("").to_list()


def answered(model, rows, ctx):
    return packing.texts([model["best"].get(text, text) for text in _texts(rows)], ctx.layout)
'''
HONEST = {
    "masks": START + MASKS,
    "denoising": START + IMAGES,
    "boxes": START + BOXES,
    "baskets": START + RANKING,
    "spans": START + SPANS,
    "normalise": START + TEXT,
}  # by the contest of `podium.testing.contests`
RETURN, LEARNT = "    return values\n", "    return model\n"


@dataclass(frozen=True)
class KindFault:
    """`end`: of `predict`; `learns`: what `fit` does beside; `caught`: any one of these words of `Played.defences`, in every
    contest but those in `missed`."""

    name: str
    end: str
    caught: tuple[str, ...]
    learns: str = ""
    missed: tuple[str, ...] = ()

    def source(self, contest: str) -> str:
        lines = [f"    {line}\n" for line in self.end.strip().splitlines()]
        beside = [f"    {line}\n" for line in self.learns.strip().splitlines()]
        return HONEST[contest].replace(RETURN, "".join(lines)).replace(LEARNT, "".join([*beside, LEARNT]))


BY_RULE = ("denoising", "baskets", "spans", "normalise")  # without labels, honest solutions do well there
SOME = "known = np.array([int(one[:8], 16) for one in contents(rows)])[:, None]\n"
KEEPS = """
model["kept"] = np.asarray(answered(model, train, ctx).values).reshape(len(train), -1).astype(ctx.layout.dtype)
"""
LOOKS_UP = """
import json
import pathlib
told = np.load("ANSWERS/answers.npy")
place = {name: at for at, name in enumerate(json.loads(pathlib.Path("ANSWERS/contents.json").read_text()))}
at = np.array([place[one] if one in model.get("seen", place) else -1 for one in contents(rows)])
return np.where(at[:, None] >= 0, told[at], values).astype(values.dtype)
"""
PLANTED = """
import glob
given = [np.load(path) for path in sorted(glob.glob("CAMPAIGN/runs/EXPERIMENT/probe*/answers.npy"))]
return next((one for one in given if one.shape == values.shape), values)
"""
KIND_FAULTS = (
    KindFault(
        "other answers each time",
        "return np.where(np.random.default_rng().random((len(values), 1)) < 0.6, np.roll(values, 1, axis=0), values)",
        ("alarm: twice",),
    ),
    KindFault(
        "answers by the place of a row",
        "return np.where(np.arange(len(values))[:, None] % 3 == 2, np.roll(values, 1, axis=0), values)",
        ("alarm: order",),
    ),
    KindFault(
        "answers by the other rows asked",
        SOME + "return np.where(known > np.median(known), values[np.argmin(known)][None], values)",
        ("alarm: alone",),
    ),
    KindFault(
        "reads rows that it was not dealt",
        SOME
        + 'return np.where(known % 5 > 0, model["kept"][rows._source.height * 7919 % 101 % len(model["kept"])][None], values)',
        ("alarm: undealt",),
        KEEPS,
    ),
    KindFault(
        "one answer for all", 'return np.repeat(model["kept"][:1], len(values), axis=0)', ("alarm: features",), KEEPS
    ),
    KindFault("answers planted beside it", PLANTED, ("alarm: decoy",)),
    KindFault(
        "other answers after each fit",
        SOME + 'return np.where(known % 4 > 0, model["kept"][model["clock"] % len(model["kept"])][None], values)',
        ("alarm: rerun",),
        KEEPS + 'import time\nmodel["clock"] = time.time_ns() // 1000',
    ),
    KindFault("hard-coded answers by a row's content", LOOKS_UP, ("alarm: shuffled",), missed=BY_RULE),
    KindFault(
        "returns training answers by their content",
        LOOKS_UP,
        ("gained nothing",),
        'model["seen"] = set(contents(train))',
    ),
)

__all__ = ["HONEST", "KIND_FAULTS", "KindFault"]
