"""Which model libraries can be loaded here, without paying for their import."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
from pathlib import Path

MODULES = {"pillow": "PIL"}  # package → its module, where it is called otherwise
NATIVE = {"lightgbm": "lib/lib_lightgbm.*", "xgboost": "lib/libxgboost.*"}


@functools.cache
def loads(package: str) -> bool:
    """Whether the package is installed and its native library finds what it needs (libgomp, most often)."""
    spec = importlib.util.find_spec(MODULES.get(package, package))
    if spec is None or spec.origin is None:
        return False
    if package not in NATIVE:
        return True
    found = sorted(Path(spec.origin).parent.glob(NATIVE[package]))
    try:
        for library in found:
            ctypes.CDLL(str(library))
    except OSError:
        return False
    return True
