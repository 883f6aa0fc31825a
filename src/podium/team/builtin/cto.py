"""The cto: fixes what solutions are built with, from the machine as it was measured and what is installed on it."""

from __future__ import annotations

from importlib.util import find_spec

from podium.records import Brief, Hardware, Stack

LIBRARIES = (
    "numpy", "polars", "scipy", "sklearn", "lightgbm", "xgboost", "catboost", "pandas", "torch", "transformers",
    "sentence_transformers", "pytabkit", "tabm", "implicit", "statsforecast", "mlforecast", "PIL", "joblib",
)  # fmt: skip
NEURAL = ("torch", "transformers", "sentence_transformers", "pytabkit", "tabm")


def stack(brief: Brief) -> Stack:
    found = tuple(name for name in LIBRARIES if find_spec(name) is not None)
    return Stack(found, _text(brief.facts.hardware, brief.facts.data.n_train, found))


def _text(machine: Hardware, rows: int, found: tuple[str, ...]) -> str:
    gpus = ", ".join(machine.gpus) or "none"
    lines = [
        "# Stack",
        "",
        f"Measured: {machine.cores} cores, {machine.memory_mb:,} MB, GPUs: {gpus}, sandbox {machine.sandbox_level}.",
        "",
        f"Solutions may import {', '.join(f'`{name}`' for name in found)} and the standard library.",
    ]
    neural = [name for name in found if name in NEURAL]
    if neural and not machine.gpus:
        lines += ["", f"No GPU: {', '.join(neural)} only where a measured step says that it pays ({rows:,} rows)."]
    return "\n".join(lines) + "\n"
