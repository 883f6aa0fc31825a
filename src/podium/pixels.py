"""Arrays of pixels as bytes: how masks and images travel as labels. PNG, so that nothing is lost and little is stored.

Needs pillow, of the extra `images`; imported where it is used.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.errors import UserError

Bytes = NDArray[np.uint8]


def encode(planes: Bytes) -> bytes:
    """`(channels, height, width)` uint8, any number of channels: the planes one below the other in a grey PNG."""
    from PIL import Image

    channels, height, width = planes.shape
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(planes).reshape(channels * height, width)).save(
        buffer, format="PNG", pnginfo=_counted(channels), compress_level=3
    )
    return buffer.getvalue()


def decode(data: bytes) -> Bytes:
    """`encode`'s inverse, `(channels, height, width)` uint8."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        channels = int(image.info.get("channels", "1"))
        pixels = np.asarray(image, dtype=np.uint8)
    return pixels.reshape(channels, pixels.shape[0] // channels, pixels.shape[1])


def size(data: bytes) -> tuple[int, int, int]:
    """(channels, height, width) without decoding the pixels."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        channels = int(image.info.get("channels", "1"))
        return channels, image.height // channels, image.width


def _counted(channels: int) -> object:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("channels", str(channels))
    return info


def require() -> None:
    """Raises UserError where pillow is missing."""
    import importlib.util

    if importlib.util.find_spec("PIL") is None:
        raise UserError("images cannot be read", found="no pillow", remedy="pip install 'podium[images]'")


def read(path: Path) -> Bytes:
    """Pixels of an image file as `(channels, height, width)` uint8: 1 channel where it is grey, else 3; deeper ones scaled.

    Raises ValueError where the file is no image.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.mode.startswith("I") or image.mode == "F":
                deep = np.asarray(image, dtype=np.float64)
                top = 65535.0 if deep.max() > 255 else 255.0
                return (np.clip(deep / top, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)[None]
            grey = image.mode in ("1", "L", "LA")
            pixels = np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8)
    except OSError as problem:
        raise ValueError(f"{path.name} is no image: {problem}") from problem
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def size_of(path: Path) -> tuple[int, int]:
    """(height, width) of an image or .npy file, from its header where it has one."""
    if path.suffix == ".npy":
        shape = np.load(path, mmap_mode="r").shape
        return int(shape[0]), int(shape[1])
    from PIL import Image

    with Image.open(path) as image:
        return image.height, image.width
