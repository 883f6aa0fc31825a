"""What a submission of masks or pixels asks for, as the units of its kind left it beside the dealt data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """`sizes` `(n, 2)`: height and width of all images, test's last. `ids`: of the test images, in order (polars String).

    Of each row of the sample, where there is one: `image` its place among the test images, `kind` its class code,
    `row_ids` its own id. `empty`: how an empty mask is spelled. `scale`: what white is.
    """

    sizes: Ints
    n_test: int
    ids: Any = None
    image: Ints | None = None
    kind: Ints | None = None
    row_ids: Any = None
    empty: str = ""
    scale: float = 1.0

    @classmethod
    def read(cls, folder: Path) -> Asked:
        """From `<campaign>/data`."""
        import polars as pl

        def named(key: str) -> pl.Series | None:
            path = folder / f"names_{key}.arrow"
            return pl.read_ipc(path)["name"] if path.exists() else None

        sizes, image, kind = named("sizes"), named("asked_image"), named("asked_class")
        if sizes is None:
            raise ValueError(f"{folder} holds no sizes of images")
        with np.load(folder / "splits.npz") as dealt:
            test = dealt["test"]
        empty, scale = named("empty"), named("asked_scale")
        return cls(
            np.array(sizes.to_list(), dtype=np.int64).reshape(-1, 2),
            len(test),
            pl.read_ipc(folder / "ids.arrow")["id"][test],
            None if image is None else image.to_numpy().astype(np.int64),
            None if kind is None else kind.to_numpy().astype(np.int64),
            named("asked_id"),
            "" if empty is None else str(empty[0]),
            1.0 if scale is None else float(scale[0]),
        )

    @property
    def test_sizes(self) -> Ints:
        return self.sizes[len(self.sizes) - self.n_test :]
