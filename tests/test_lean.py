"""LightGBM in the engine brings no library that the engine does not use, and hides none from anybody else."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import numpy as np
from podium.competition import lean, quick
x = np.random.default_rng(0).normal(size=(400, 3))
rows = np.arange(400)
found, gains = quick.fit_predict(x, (x[:, 0] > 0) * 1.0, rows[:300], rows[300:], "binary", 0)
assert ((found > 0.5) == (x[300:, 0] > 0)).mean() > 0.9 and gains.argmax() == 0
brought = {"pandas", "pyarrow", "sklearn", "matplotlib"} & set(sys.modules)
assert not brought, brought
import pandas, sklearn.linear_model
kept = sys.modules["pandas"]
assert lean.lightgbm() is sys.modules["lightgbm"] and sys.modules["pandas"] is kept
"""


def test_lightgbm_alone_is_loaded_and_others_stay_importable() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
