"""LightGBM without what it imports only in order to be handed it: pandas, pyarrow, scikit-learn, matplotlib, dask.

The engine hands it arrays. Those libraries are 130 MB and a second before the first experiment, and none is used. The copy
is the engine's own: whoever imports LightGBM in this process (a notebook) gets a whole one.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from types import ModuleType

UNUSED = ("pandas", "pyarrow", "sklearn", "matplotlib", "graphviz", "dask", "distributed", "cffi")
_ONE_AT_A_TIME = threading.Lock()


def lightgbm() -> ModuleType:
    """The module; the one that is loaded already, where one is."""
    with _ONE_AT_A_TIME:
        return sys.modules.get("lightgbm") or _alone()


@functools.cache
def _alone() -> ModuleType:
    """A name that stands as None in `sys.modules` cannot be imported: so LightGBM learns that a library is not there."""
    hidden = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return importlib.import_module("lightgbm")
    finally:
        for name in [*hidden, *(name for name in sys.modules if name.partition(".")[0] == "lightgbm")]:
            sys.modules.pop(name, None)
