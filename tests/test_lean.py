"""LightGBM in the engine brings no library that the engine does not use, and takes none from anybody else."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import numpy as np
from podium.competition import lean, quick

def learns():
    x = np.random.default_rng(0).normal(size=(400, 3))
    rows = np.arange(400)
    found, gains = quick.fit_predict(x, (x[:, 0] > 0) * 1.0, rows[:300], rows[300:], "binary", 0)
    assert ((found > 0.5) == (x[300:, 0] > 0)).mean() > 0.9 and gains.argmax() == 0

learns()
brought = {"pandas", "pyarrow", "sklearn", "matplotlib"} & set(sys.modules)
assert not brought, brought
own = lean.lightgbm()
import lightgbm
from sklearn.utils.validation import check_is_fitted
model = lightgbm.LGBMClassifier(n_estimators=3, verbosity=-1).fit(np.arange(60.0)[:, None], np.arange(60) % 2)
check_is_fitted(model)
assert own is not lightgbm and lean.lightgbm() is lightgbm
learns()
"""


def test_the_engines_lightgbm_is_alone_and_anybody_elses_is_whole() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
