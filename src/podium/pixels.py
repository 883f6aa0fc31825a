"""Pixels: how image files are read, and how masks and images travel as labels (PNG: nothing is lost, little is stored).

Needs pillow, of the extra `images`; imported where it is used.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

Bytes = NDArray[np.uint8]
CLEAR = ("LA", "PA", "RGBA", "RGBa", "La")  # modes with transparency of their own


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


def opened(path: Path, at_least: int = 0, *, beneath: bool = False) -> Image.Image:
    """The image in mode L or RGB. `at_least`: a JPEG may be decoded at a smaller scale, down to this many pixels.

    Transparent parts are white, or, with `beneath`, what the file has beneath them (masks); more than 8 bits are brought to
    8: values up to 1 (floats) or up to 255 keep their meaning. Raises ValueError for a file that is no image, or is cut short.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # a camera's broken EXIF is no reason to stop
            image = Image.open(file)
            if at_least:
                image.draft(None, (at_least, at_least))
            return _eight_bits(image, beneath)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise ValueError(f"image {path.name}: expected a file that pillow reads; found {problem}") from problem


def read(path: Path, *, beneath: bool = False) -> Bytes:
    """`opened` as `(channels, height, width)` uint8: 1 channel where it is grey, else 3. Raises ValueError as it does."""
    values = np.asarray(opened(path, beneath=beneath), dtype=np.uint8)
    return values[None] if values.ndim == 2 else np.ascontiguousarray(values.transpose(2, 0, 1))


def size_of(source: Path | bytes) -> tuple[int, int] | None:
    """(height, width) of an image or .npy file (or of an image's bytes), from its header; None where it is neither."""
    from PIL import Image

    try:
        if isinstance(source, Path) and source.suffix == ".npy":
            height, width = np.load(source, mmap_mode="r").shape[:2]
            return int(height), int(width)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a huge image is told by its head alone
            with Image.open(source if isinstance(source, Path) else io.BytesIO(source)) as image:
                return image.height, image.width
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None


def _eight_bits(image: Image.Image, beneath: bool) -> Image.Image:
    from PIL import Image

    if image.mode in ("L", "RGB"):
        image.load()
        return image
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        most = values.max(initial=0.0)
        top = 65535.0 if most > 255 else 1.0 if most <= 1 and image.mode == "F" else 255.0
        return Image.fromarray((np.clip(values / top, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))
    if image.mode == "1" or (beneath and image.mode in ("LA", "La")):
        return image.convert("L")
    if not beneath and (image.mode in CLEAR or "transparency" in image.info):
        clear = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
        return flat.convert("L" if image.mode in ("LA", "La") else "RGB")
    return image.convert("RGB")
