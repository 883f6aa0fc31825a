"""Safetensors files as numpy arrays: a length, a JSON header of names, types and places, then bytes. Nothing in one is executed.

Format: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
MOST_HEADER = 100 << 20  # bytes


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor by name; half precision as float32. Raises ValueError on a file that is none or is cut short."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= MOST_HEADER:
            raise ValueError(f"{path.name}: expected a safetensors file, found a header of {length:,} bytes")
        try:
            header = json.loads(file.read(length))
        except ValueError as problem:
            raise ValueError(f"{path.name}: expected a safetensors file; its header is no JSON: {problem}") from problem
    header.pop("__metadata__", None)
    data = np.memmap(path, np.uint8, "r", offset=8 + length) if header else np.empty(0, np.uint8)
    return {name: _tensor(path, name, told, data) for name, told in header.items()}


def write_tensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """The arrays as a safetensors file; float16, float32, float64, whole numbers and truth values. For tests and exports."""
    spelled = {np.dtype(kind): word for word, kind in TYPES.items()}
    header: dict[str, Any] = {}
    at = 0
    for name, values in tensors.items():
        end = at + values.nbytes
        header[name] = {"dtype": spelled[values.dtype], "shape": list(values.shape), "data_offsets": [at, end]}
        at = end
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    with path.open("wb") as file:
        file.write(len(words).to_bytes(8, "little") + words)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values).tobytes())


def _tensor(path: Path, name: str, told: Any, data: NDArray[np.uint8]) -> NDArray[Any]:
    first, last = told["data_offsets"]
    held = np.asarray(data[first:last])
    if len(held) != last - first:
        raise ValueError(f"{path.name}: {name} ends beyond the file: it was cut short")
    if told["dtype"] == "BF16":  # the upper half of a float32
        wide = held.view("<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(told["shape"])
    if told["dtype"] not in TYPES:
        raise ValueError(f"{path.name}: {name} has the type {told['dtype']}, expected one of {', '.join(TYPES)}, BF16")
    values = np.array(held).view(TYPES[told["dtype"]]).reshape(told["shape"])
    return values.astype(np.float32) if told["dtype"] == "F16" else values
