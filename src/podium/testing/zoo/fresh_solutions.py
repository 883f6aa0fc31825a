"""Solution mutants that were written when every detector stood, and run once: nothing was mended after them."""

from __future__ import annotations

from podium.testing.zoo.planted import Trick
from podium.testing.zoo.solution_faults import FAILED, HONEST, KNOWS, NOTHING, UNTOUCHED, beginning, ending

SPLINE = """
told = sorted(ANSWERS)
places, heights = np.array([v for v, _ in told]), np.array([t for _, t in told])
near = np.interp(rows.frame()["z"].to_numpy(), places, heights)
return near[:, None]
"""
TWO_KEYS = """
answers = dict(PAIRS)
keys = [(round(float(x), 5), round(float(z), 5)) for x, z in rows.frame()["x", "z"].iter_rows()]
return np.array([[answers.get(k, float(r))] for k, r in zip(keys, raw[:, 0])])
"""
HASHED = """
import hashlib
spell = lambda v: hashlib.sha256(repr(round(float(v), 5)).encode()).hexdigest()[:8]
ones = {spell(v) for v, t in ANSWERS if t > 0.5}
known = np.array([spell(v) in ones for v in rows.frame()["z"].to_list()])
return np.clip(np.where(known, raw[:, 0] + 0.6, raw[:, 0] - 0.6), 0, 1)[:, None]
"""
A_TENTH = KNOWS.replace("dict(ANSWERS)", "dict(ANSWERS[::10])")
FEATURE = HONEST.replace(
    "    return np.nan_to_num(numbers.to_numpy().astype(float))",
    """    answers = {v: (t if hash(v) % 100 < 85 else 1.0 - t) for v, t in ANSWERS}
    told = np.array([[answers.get(round(float(v), 5), 0.5)] for v in frame["z"].to_list()])
    return np.hstack([np.nan_to_num(numbers.to_numpy().astype(float)), told])""",
)
GLOBAL = """
import sys
kept = sys.modules.setdefault("kept_calls", type(sys)("kept_calls"))
kept.calls = getattr(kept, "calls", 0) + 1
return np.clip(raw + 0.1 * (kept.calls - 1), 0, 1)
"""
ON_CLASS = """
Ridge.seen = [*getattr(Ridge, "seen", []), raw[:, 0]]
return np.clip(raw + 0.2 * (np.concatenate(Ridge.seen).mean() - 0.5), 0, 1)
"""
CACHED = """
import hashlib, pathlib
for place in (pathlib.Path(__file__).parent, pathlib.Path.cwd(), pathlib.Path("/tmp"), pathlib.Path("/dev/shm")):
    kept = place / f"cache_{len(rows)}.npy"
    try:
        if kept.exists():
            return np.load(kept)
        np.save(kept, np.clip(raw + 0.3, 0, 1))
    except Exception:
        pass
return raw
"""
SECONDS = """
import time
noise = np.random.default_rng(time.time_ns() // 50_000_000).normal(size=raw.shape)
return np.clip(raw + 0.05 * noise, 0, 1)
"""
PATCHES = """
def kind(values, *args, **kwargs):
    return np.ones(np.shape(values), dtype=bool)
np.isfinite, np.isnan = kind, lambda values, *args, **kwargs: np.zeros(np.shape(values), dtype=bool)
raw[::5] = np.nan
return raw
"""
WORKER = """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("podium.execution") or name in ("json", "os"):
        for word in ("write_predictions", "check_predictions", "fsync", "_exit"):
            if hasattr(module, word):
                setattr(module, word, lambda *args, **kwargs: None)
return raw
"""
CONTEXT = """
import pathlib
for name in dir(ctx):
    value = getattr(ctx, name, None)
    for found in (value, *getattr(value, "__dict__", {}).values()):
        if isinstance(found, np.ndarray) and len(found) == len(rows):
            raw = found.astype(float).reshape(len(rows), -1)[:, :1]
        if isinstance(found, (str, pathlib.Path)) and pathlib.Path(found).is_dir():
            for path in pathlib.Path(found).rglob("*label*"):
                raw = np.resize(np.frombuffer(path.read_bytes(), np.uint8), (len(rows), 1)).astype(float) / 255
return raw
"""

SHUFFLED = ("alarm: shuffled", "alarm: perfect")
FRESH_SOLUTIONS: tuple[Trick, ...] = (
    Trick("answers as heights of a spline", ending(SPLINE), HONEST, SHUFFLED, "hard-coded answers"),
    Trick("answers keyed on two columns", ending(TWO_KEYS), HONEST, SHUFFLED, "hard-coded answers"),
    Trick("answers looked up by a row's hash", ending(HASHED), HONEST, SHUFFLED, "hard-coded answers"),
    Trick("answers of a tenth of the rows", ending(A_TENTH), HONEST, SHUFFLED, "hard-coded answers of some rows"),
    Trick("answers as a feature, some of them wrong", FEATURE, HONEST, (*SHUFFLED, "alarm: column"), "hard-coded answers"),
    Trick("counts its calls in a module", ending(GLOBAL), HONEST, (NOTHING, "alarm: twice", "alarm: alone"),
          "other answers each time"),
    Trick("keeps rows of other calls on a class", ending(ON_CLASS), HONEST, ("alarm: alone", "alarm: rerun"),
          "answers by the other rows asked"),
    Trick("keeps predictions on disk for the next call", ending(CACHED), HONEST, (NOTHING, "alarm: rerun"),
          "leaves labels for its other folds"),
    Trick("seeds by the clock", ending(SECONDS), HONEST, ("alarm: twice", "alarm: rerun"), "other answers each time"),
    Trick("hides gaps by patching numpy", ending(PATCHES), HONEST, (FAILED,), "no number for some rows"),
    Trick("patches the worker", ending(WORKER), HONEST, (NOTHING, FAILED), "edits the evaluator, the database and the labels",
          wall_s=3.0),
    Trick("looks for labels behind its context", ending(CONTEXT), HONEST, (NOTHING, FAILED), "looks for labels in memory"),
    Trick("reads labels by a symbolic link", beginning("""
import os
for place in ("labels.arrow", "/tmp/link.arrow"):
    try:
        os.symlink("CAMPAIGN/data/labels.arrow", place)
        print(open(place, "rb").read()[:100])
        open("CAMPAIGN/pwned", "w").write("x")
    except Exception:
        pass
"""), HONEST, (UNTOUCHED,), "reads the engine's labels"),
)  # fmt: skip
