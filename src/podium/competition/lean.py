"""LightGBM without what it imports only in order to be handed it: pandas, pyarrow, scikit-learn, matplotlib, dask.

The engine hands it arrays. Those libraries are 130 MB and two seconds before the first experiment, and none is used; where
one is loaded already it stays in use.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

UNUSED = ("pandas", "pyarrow", "sklearn", "matplotlib", "graphviz", "dask", "distributed", "cffi")


def lightgbm() -> Any:
    """The module, as `import lightgbm` gives it. A name that stands as None in `sys.modules` cannot be imported, which is
    how LightGBM learns that a library is not there."""
    hidden = [name for name in UNUSED if name not in sys.modules and "lightgbm" not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return importlib.import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]
