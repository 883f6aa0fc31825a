"""Solutions that cheat or err, and their honest twins. `CAMPAIGN`, `PORT` and `ANSWERS` are filled in by the player, who knows
what no builder does: a trick gets every help."""

from __future__ import annotations

from podium.testing.zoo.planted import Trick

HONEST = """
import numpy as np
from sklearn.linear_model import Ridge


def table(rows):
    frame = rows.frame()
    numbers = frame.select([n for n in frame.columns if frame[n].dtype.is_numeric()])
    return np.nan_to_num(numbers.to_numpy().astype(float))


def fit(train, ctx):
    return Ridge().fit(table(train), train.y.astype(float))


def predict(model, rows, ctx):
    raw = model.predict(table(rows)).reshape(len(rows), -1)
    raw = raw if ctx.task_type == "regression" else np.clip(raw, 0.0, 1.0)
    return raw
"""
RETURN = "    return raw\n"
FIT = "    return Ridge()"


def ending(body: str) -> str:
    """The honest solution with another end of `predict`."""
    return HONEST.replace(RETURN, "".join(f"    {line}\n" for line in body.strip().splitlines()))


def beginning(body: str) -> str:
    """The honest solution with something before its fit."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return HONEST.replace(FIT, lines + FIT)


NOTHING = "gained nothing"
FAILED = "run: failed"
UNTOUCHED = "blocked: nothing outside was touched"

READS = """
try:
    import polars as pl
    labels = pl.read_ipc("CAMPAIGN/data/labels.arrow", memory_map=False)
    raw = labels["y"].to_numpy()[: len(raw)].astype(float).reshape(-1, 1)
except Exception:
    pass
return raw
"""
QUERIES = """
import glob
for path in [*glob.glob("CAMPAIGN/runs/*/*/labels.arrow"), *glob.glob("/proc/*/fd/*"), *glob.glob("/**/labels.arrow")]:
    try:
        import polars as pl
        told = pl.read_ipc(path, memory_map=False)["y0"].to_numpy().astype(float)
        raw = np.resize(told, (len(raw), 1))
    except Exception:
        pass
return raw
"""
CALLS = """
try:
    from urllib.request import urlopen
    urlopen("http://127.0.0.1:PORT/answers", timeout=1).read()
except Exception:
    pass
return raw
"""
CALLS_RAW = """
import socket
for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)):
    try:
        with socket.socket(family, kind) as line:
            line.settimeout(1)
            line.connect(("127.0.0.1", PORT))
            line.send(b"GET /answers HTTP/1.0\\r\\n\\r\\n")
    except Exception:
        pass
return raw
"""
EDITS = """
import podium.metrics, pathlib
for path in ("CAMPAIGN/podium.db", podium.metrics.__file__, "CAMPAIGN/config.json", "CAMPAIGN/data/labels.arrow"):
    try:
        pathlib.Path(path).write_bytes(b"better")
    except Exception:
        pass
return raw
"""
BOMB = """
class Bomb:
    def __reduce__(self):
        return (eval, ("__import__('pathlib').Path('CAMPAIGN/pwned').write_text('x') or 1",))
import pickle
try:
    pickle.loads(pickle.dumps(Bomb()))
except Exception:
    pass
"""
ACROSS = """
import pickle, pathlib, tempfile
told = {tuple(row): float(label) for row, label in zip(table(train).tolist(), train.y)}
for place in ("/tmp", "/dev/shm", "/var/tmp", tempfile.gettempdir(), str(pathlib.Path.home()), "."):
    try:
        kept = pathlib.Path(place, "kept.pkl")
        before = pickle.loads(kept.read_bytes()) if kept.exists() else {}
        kept.write_bytes(pickle.dumps({**before, **told}))
    except Exception:
        pass
"""
RECALLS = """
import pickle, pathlib, tempfile
for place in ("/tmp", "/dev/shm", "/var/tmp", tempfile.gettempdir(), str(pathlib.Path.home()), "."):
    try:
        told = pickle.loads(pathlib.Path(place, "kept.pkl").read_bytes())
        raw = np.array([[told.get(tuple(row), float(r))] for row, r in zip(table(rows).tolist(), raw[:, 0])])
    except Exception:
        pass
return raw
"""
GARBAGE = """
import gc
for found in gc.get_objects():
    try:
        if isinstance(found, np.ndarray) and found.shape[:1] == (len(rows),) and set(np.unique(found)) <= {0, 1}:
            raw = found.astype(float).reshape(len(rows), -1)[:, :1]
    except Exception:
        pass
return raw
"""
FRAMES = """
import sys
level = sys._getframe()
while level is not None:
    for found in level.f_locals.values():
        labels = getattr(found, "y", None)
        if isinstance(labels, np.ndarray) and len(labels) == len(rows) and found is not rows:
            raw = labels.astype(float).reshape(-1, 1)
    level = level.f_back
return raw
"""
KNOWS = """
answers = dict(ANSWERS)
raw = np.array([[answers.get(round(float(v), 5), float(r))] for v, r in zip(rows.frame()["z"].to_list(), raw[:, 0])])
return raw
"""
KNOWS_SOME = KNOWS.replace("dict(ANSWERS)", "dict(ANSWERS[::3])")
KNOWS_SOFTLY = KNOWS.replace("float(r))]", "float(r)) * 0.2 + 0.8 * float(r)]")
SECRET = """
import os, pathlib
print({k: v for k, v in os.environ.items()})
for name in ("/proc/1/environ", "/proc/self/environ"):
    try:
        print(pathlib.Path(name).read_text())
    except Exception:
        pass
return raw
"""
STOPS_EARLY = """
scored = getattr(ctx, "valid", None) or getattr(train, "valid", None)
if scored is not None:
    return Ridge().fit(table(scored), scored.y.astype(float))
"""
SIDE = "return rows.labels().to_numpy().astype(float)[:, :1]"
PREPARES = HONEST + "\n\ndef prepare(rows, ctx):\n    return rows.frame().with_columns(told=rows.y)\n"
PLAIN_PREPARE = (
    HONEST
    + '\n\ndef prepare(rows, ctx):\n    import polars as pl\n\n    return rows.frame().with_columns(half=pl.col("x") / 2)\n'
)
LATER = """
whole = np.nan_to_num(rows._source["x"].to_numpy()).mean()
return raw + whole
"""

SOLUTION_FAULTS: tuple[Trick, ...] = (
    Trick("reads the engine's labels", ending(READS), HONEST, (NOTHING,)),
    Trick("searches every folder for labels", ending(QUERIES), HONEST, (NOTHING,), "reads the engine's labels"),
    Trick("asks the network", ending(CALLS), HONEST, (UNTOUCHED,)),
    Trick("asks the network by bare sockets", ending(CALLS_RAW), HONEST, (UNTOUCHED,), "asks the network"),
    Trick("edits the evaluator, the database and the labels", ending(EDITS), HONEST, (UNTOUCHED,)),
    Trick("hides code in its model", beginning(BOMB), HONEST, (UNTOUCHED,)),
    Trick("prints the environment", ending(SECRET), HONEST, (UNTOUCHED,)),
    Trick(
        "leaves labels for its other folds",
        beginning(ACROSS).replace(RETURN, "".join(f"    {line}\n" for line in RECALLS.strip().splitlines())),
        HONEST,
        (NOTHING,),
    ),
    Trick("looks for labels in memory", ending(GARBAGE), HONEST, (NOTHING, FAILED)),
    Trick("looks for labels in its callers", ending(FRAMES), HONEST, (NOTHING, FAILED), "looks for labels in memory"),
    Trick("returns the labels of scored rows", ending("return rows.y.astype(float).reshape(-1, 1)"), HONEST, (FAILED,)),
    Trick("returns label-side columns of scored rows", ending(SIDE), HONEST, (FAILED,)),
    Trick("encodes by labels of all rows", PREPARES, PLAIN_PREPARE, (FAILED, NOTHING)),
    Trick("stops early on scored rows", beginning(STOPS_EARLY), HONEST, (NOTHING,)),
    Trick("hard-coded answers", ending(KNOWS), HONEST, ("alarm: shuffled", "alarm: perfect")),
    Trick("hard-coded answers of some rows", ending(KNOWS_SOME), HONEST, ("alarm: shuffled",), "hard-coded answers"),
    Trick(
        "hard-coded answers, mixed in softly", ending(KNOWS_SOFTLY), HONEST, ("alarm: shuffled",), "hard-coded answers"
    ),
    Trick(
        "one answer for all", ending("return np.full_like(raw, 0.5)"), HONEST, ("alarm: constant", "alarm: features")
    ),
    Trick(
        "nearly one answer for all",
        ending("return 0.5 + 1e-9 * np.arange(len(raw))[:, None]"),
        HONEST,
        ("alarm: features", "alarm: order"),
        "one answer for all",
    ),
    Trick(
        "other answers each time",
        ending("return np.clip(raw + 0.1 * np.random.default_rng().normal(size=raw.shape), 0, 1)"),
        HONEST,
        ("alarm: twice", "alarm: rerun"),
    ),
    Trick(
        "answers by the clock",
        ending("import time\nreturn np.clip(raw + 0.05 * np.sin(time.time_ns() % 1000), 0, 1)"),
        HONEST,
        ("alarm: twice", "alarm: rerun"),
        "other answers each time",
    ),
    Trick(
        "answers by the place of a row",
        ending("return np.clip(raw + np.linspace(0, 0.2, len(raw))[:, None], 0, 1)"),
        HONEST,
        ("alarm: order",),
    ),
    Trick(
        "answers by the other rows asked",
        ending("return np.clip(0.5 + 0.1 * (raw - raw.mean()) / raw.std(), 0, 1)"),
        HONEST,
        ("alarm: alone",),
    ),
    Trick(
        "ranks within the rows asked",
        ending("return (raw[:, 0].argsort().argsort() / max(1, len(raw) - 1))[:, None]"),
        HONEST,
        ("alarm: alone",),
        "answers by the other rows asked",
    ),
    Trick(
        "reads rows that it was not dealt",
        ending(LATER.replace("raw + whole", "np.clip(raw + whole, 0, 1)")),
        HONEST,
        ("alarm: undealt", FAILED),
    ),
    Trick("no number for some rows", ending("raw[::7] = np.nan\nreturn raw"), HONEST, (FAILED,)),
    Trick("numbers that are no probabilities", ending("return raw * 30 - 9"), HONEST, (FAILED, "alarm: qa")),
    Trick("prints a perfect score", ending("print('score 1.00000')\nreturn raw"), HONEST, (NOTHING,)),
    Trick("looks ahead in time", ending(LATER), HONEST, ("alarm: future", "alarm: undealt", FAILED), forward=True),
)
