"""How large an image is, from its file's header. Needs pillow, of the extra `images`; imported where it is used."""

from __future__ import annotations

import io
from pathlib import Path

from podium.competition.table import read_bytes
from podium.errors import UserError


def size_of(folder: Path, ref: str) -> tuple[int, int] | None:
    """(height, width) of a reference; None where it is no image that can be read. Raises UserError without pillow."""
    try:
        from PIL import Image
    except ModuleNotFoundError as problem:
        raise UserError(
            "images are read with pillow, which is not here", remedy="pip install 'podium[images]'"
        ) from problem
    path = folder / ref
    try:
        with Image.open(path if path.is_file() else io.BytesIO(read_bytes(folder, ref))) as image:
            return image.height, image.width
    except OSError:  # damaged, or a format that pillow does not know
        return None
