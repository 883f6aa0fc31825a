"""Arrays of pixels as bytes: how masks and images travel as labels. PNG, so that nothing is lost and little is stored.

Needs pillow, of the extra `images`; imported where it is used.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

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
