"""Image files of every kind as bytes, and how large they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podium import pixels
from podium.competition import pictured
from podium.errors import IntakeError

Image = pytest.importorskip("PIL.Image", reason="images need pillow")


def saved(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def test_what_is_deeper_than_bytes_keeps_its_meaning(tmp_path: Path) -> None:
    ramp = np.arange(0, 256, 5).reshape(1, -1)
    for name, values in {
        "deep.png": (257 * ramp).astype(np.uint16),
        "bytes in deep.png": ramp.astype(np.uint16),
        "shares.tif": (ramp / 255).astype(np.float32),
        "floats.tif": ramp.astype(np.float32),
    }.items():
        found = pixels.read(saved(tmp_path / name, values))
        assert found.shape == (1, 1, ramp.size) and np.array_equal(found[0], ramp), name
    codes = np.array([[0, 1, 3]], dtype=np.uint16)
    assert pixels.read(saved(tmp_path / "codes.png", codes), beneath=True).ravel().tolist() == [0, 1, 3]


def test_what_is_transparent_is_white_unless_it_is_a_mask(tmp_path: Path) -> None:
    clear = np.zeros((2, 3, 4), dtype=np.uint8)
    clear[0] = (10, 20, 30, 255)
    path = saved(tmp_path / "clear.png", clear)
    assert pixels.read(path)[:, :, 0].T.tolist() == [[10, 20, 30], [255, 255, 255]]
    assert pixels.read(path, beneath=True)[:, :, 0].T.tolist() == [[10, 20, 30], [0, 0, 0]]
    grey = saved(tmp_path / "grey.png", np.array([[[7, 255], [9, 0]]], dtype=np.uint8))
    assert pixels.read(grey).tolist() == [[[7, 255]]]
    assert pixels.read(grey, beneath=True).tolist() == [[[7, 9]]]


def test_sizes_are_read_from_heads(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", np.zeros((4, 6), dtype=np.uint8))
    assert pixels.size_of(path) == pixels.size_of(path.read_bytes()) == (4, 6)
    np.save(tmp_path / "film.npy", np.zeros((5, 7, 3)))
    assert pixels.size_of(tmp_path / "film.npy") == (5, 7)
    np.save(tmp_path / "row.npy", np.zeros(5))
    (tmp_path / "text.png").write_bytes(b"no image")
    for name in ("row.npy", "text.png", "missing.png", "missing.npy"):
        assert pixels.size_of(tmp_path / name) is None
    with pytest.raises(ValueError, match=r"text\.png.*pillow"):
        pixels.read(tmp_path / "text.png")
    assert pictured.size(path, "train/a.png") == (4, 6)
    with pytest.raises(IntakeError, match=r"train/text\.png.*download"):
        pictured.size(tmp_path / "text.png", "train/text.png")
