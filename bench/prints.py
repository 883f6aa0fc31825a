"""How often copies of pictures are known for copies, and different pictures taken for copies.

    python bench/prints.py [FOLDER] [--pictures 600]

Of pictures in FOLDER. Without it: smooth random fields, as photographs are, and drawn shapes on flat ground. Each half is
held against the other; every sixth picture is edited in each way and must be found as its own.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from podium.competition.external_prints import FAR, Prints, thumb
from podium.competition.folder import MEDIA_SUFFIXES
from podium.testing.contests import images


def fields(n: int, rng: np.random.Generator) -> Iterator[Image.Image]:
    """Random fields whose amplitudes fall with frequency as those of photographs do."""
    y = np.fft.fftfreq(64)
    radius = np.hypot(y[:, None], y[None])
    radius[0, 0] = 1.0
    for _ in range(n):
        noise = np.fft.fft2(rng.normal(size=(64, 64, 3)), axes=(0, 1))
        shades = np.fft.ifft2(noise / radius[..., None] ** 1.2, axes=(0, 1)).real
        yield Image.fromarray((255 * (shades - shades.min()) / np.ptp(shades)).astype(np.uint8))


def edits(image: Image.Image, rng: np.random.Generator) -> dict[str, Image.Image]:
    """What people do to a picture before they publish it once more."""
    image = image.convert("RGB")
    wide, high = image.size
    out = {
        "half": image.resize((max(8, wide // 2), max(8, high // 2)), Image.Resampling.LANCZOS),
        "larger": image.resize((wide * 3 // 2, high * 3 // 2), Image.Resampling.BICUBIC),
        "mirrored": image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "turned": image.transpose(Image.Transpose.ROTATE_90),
        "lighter": ImageEnhance.Brightness(image).enhance(1.3),
        "darker": ImageEnhance.Brightness(image).enhance(0.7),
        "contrast": ImageEnhance.Contrast(image).enhance(1.3),
        "grey": image.convert("L"),
    }
    for quality in (70, 30):
        with io.BytesIO() as packed:
            image.save(packed, "JPEG", quality=quality)
            out[f"jpeg {quality}"] = Image.open(io.BytesIO(packed.getvalue()))
    rough = np.asarray(image, dtype=float) + rng.normal(0, 8, (high, wide, 3))
    out["noise"] = Image.fromarray(rough.clip(0, 255).astype(np.uint8))
    for share in (0.97, 0.95, 0.9, 0.85):
        x, y = int(rng.uniform(0, wide * (1 - share))), int(rng.uniform(0, high * (1 - share)))
        out[f"crop {share}"] = image.crop((x, y, x + int(wide * share), y + int(high * share)))
    return out


def measure(name: str, pictures: list[Image.Image], rng: np.random.Generator) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def kept(image: Image.Image) -> object:
            path = Path(folder, "picture.png")
            image.save(path)
            return thumb(path)

        thumbs = [kept(image) for image in pictures]
        prints = Prints(thumbs)  # type: ignore[arg-type]
        wrong = 0
        for half in (0, 1):  # each half against the other
            others = Prints(thumbs[half::2])  # type: ignore[arg-type]
            wrong += int((others.copies(thumbs[1 - half :: 2]) >= 0).sum())  # type: ignore[arg-type]
        share = wrong / len(pictures)
        print(f"{name}: {len(pictures)} pictures, {share:.2%} taken for a copy of a different one (bound {FAR} bits)")
        found: dict[str, list[bool]] = {}
        for place in range(0, len(pictures), 6):
            for edit, changed in edits(pictures[place], rng).items():
                found.setdefault(edit, []).append(int(prints.copies([kept(changed)])[0]) == place)  # type: ignore[list-item]
        print("  found: " + ", ".join(f"{edit} {np.mean(hits):.0%}" for edit, hits in found.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--pictures", type=int, default=600)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    if asked.folder:
        paths = sorted(p for p in Path(asked.folder).rglob("*") if p.suffix.lower() in MEDIA_SUFFIXES)
        chosen = rng.permutation(len(paths))[: asked.pictures]
        measure(asked.folder, [Image.open(paths[i]).copy() for i in chosen], rng)
        return
    measure("random fields", list(fields(asked.pictures, rng)), rng)
    drawn = [Image.fromarray(images.draw(int(rng.integers(6)), rng)) for _ in range(asked.pictures)]
    measure("drawn shapes", drawn, rng)


if __name__ == "__main__":
    main()
