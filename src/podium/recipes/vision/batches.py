"""What a net is fed: images, the columns beside them, and what is learned; augmented for training, turned for testing.

torch is imported inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.vision.augment import Augment
from podium.recipes.vision.pictures import Album, albums

if TYPE_CHECKING:
    import torch

    from podium.recipes.vision.trained import PictureNet


class Pictures:
    """Images, columns beside them, and what is learned, of some rows."""

    def __init__(
        self,
        rows: Rows,
        ctx: Context,
        model: PictureNet,
        wanted: NDArray[np.float32] | None = None,
        first: bool = False,
        size: int = 0,
    ) -> None:
        self.albums: list[Album] = albums(rows, ctx, size or model.size, model.channels)
        self.wanted, self.weight = wanted, (rows.weight / rows.weight.mean()).astype(np.float32)
        self.beside = np.zeros((len(rows), 0), np.float32)
        if model.encoder is not None:
            table = model.encoder.fit_transform(rows, ctx) if first else model.encoder.transform(rows)
            self.beside = table.values
        if first:
            model.columns, model.width = len(self.albums), self.beside.shape[1]

    def __len__(self) -> int:
        return len(self.beside)

    def images(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """`(n, s, s, channels × columns)`"""
        return np.concatenate([album[positions] for album in self.albums], axis=3)


class Batches:
    """Augmented batches of some rows of the data, at one size."""

    def __init__(self, data: Pictures, positions: NDArray[np.int64], model: PictureNet, size: int) -> None:
        self.data, self.positions, self.size, self.mix = data, positions, size, model.mix
        self.augment = Augment(model.turns, model.shift, model.light, model.hide)

    def __call__(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        import torch

        data, at = self.data, self.positions[chosen]
        assert data.wanted is not None
        images = self.augment(data.images(at), rng)
        wanted = data.wanted[at]
        pixels, beside = tensors(images, data.beside[at])
        if self.size != images.shape[1]:
            pixels = torch.nn.functional.interpolate(
                pixels.float(), size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            )
        if self.mix:
            share, other = float(rng.beta(self.mix, self.mix)), rng.permutation(len(at))
            pixels = share * pixels.float() + (1 - share) * pixels[other].float()
            wanted = (share * wanted + (1 - share) * wanted[other]).astype(np.float32)
        return pixels, beside, torch.from_numpy(wanted), torch.from_numpy(data.weight[at])


def tensors(images: NDArray[np.uint8], beside: NDArray[np.float32]) -> tuple[torch.Tensor, torch.Tensor]:
    """Bytes `(n, c, s, s)`, laid out with channels last, as convolutions like them."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2), torch.from_numpy(beside)


def seen(images: torch.Tensor, view: tuple[bool, bool, bool]) -> torch.Tensor:
    mirror, flip, turn = view
    images = images.flip(3) if mirror else images
    images = images.flip(2) if flip else images
    return images.transpose(2, 3) if turn else images


def normal(images: torch.Tensor) -> torch.Tensor:
    """Bytes to about -1..1, as the backbones were trained."""
    import torch

    return ((images.float() - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)
