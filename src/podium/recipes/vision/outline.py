"""The shape of what stands out from its background: measures that do not change as it is moved, scaled or turned.

Threshold: Otsu 1979. Moments: Hu 1962. Signature of distances from the centroid by its Fourier coefficients: Zhang and
Lu 2002. Curvature by how much of a disc around each boundary point lies inside: Manay et al. 2006, Kumar et al. 2012.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIZE = 96  # pixels of the longer side
RAYS = 128  # of the signature
COEFFICIENTS = 24
SCALES = (2.0, 4.0, 8.0, 14.0)  # pixels
QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
LEAST = 24  # pixels that a shape has
WIDTH = 9 + 7 + 2 * COEFFICIENTS + 3 + len(SCALES) * (len(QUANTILES) + 1)


def foreground(grey: NDArray[np.uint8]) -> Mask:
    """What differs from the border's side of Otsu's threshold: its largest connected part, holes kept."""
    bright = grey > otsu(grey)
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    mask = bright if border.mean() < 0.5 else ~bright
    parts, count = ndimage.label(mask)
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        mask = parts == int(sizes.argmax())
    return np.asarray(np.pad(mask, 2), dtype=bool)


def otsu(grey: NDArray[np.uint8]) -> int:
    """The grey level that parts an image in two classes of least variance."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    below, weighed = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (weighed / below - (weighed[-1] - weighed) / above) ** 2
    return int(np.nan_to_num(between).argmax())


def measure(grey: NDArray[np.uint8]) -> Floats:
    """`(WIDTH,)` of a grey image whose longer side has about `SIZE` pixels; zeros where nothing stands out."""
    mask = foreground(grey)
    area = int(mask.sum())
    if area < LEAST:
        return np.zeros(WIDTH)
    y, x = np.nonzero(mask)
    y, x = y - y.mean(), x - x.mean()
    edge = mask & ~ndimage.binary_erosion(mask)
    edge_y, edge_x = np.nonzero(edge)
    middle = np.array(np.nonzero(mask)).mean(axis=1)
    radius = np.hypot(edge_y - middle[0], edge_x - middle[1])
    angle = np.arctan2(edge_y - middle[0], edge_x - middle[1])
    return np.concatenate(
        [
            _proportions(mask, area, y, x, edge, radius),
            _hu(y, x, area),
            _signature(radius, angle),
            _curvature(mask, edge, area),
        ]
    )


def _proportions(mask: Mask, area: int, y: Floats, x: Floats, edge: Mask, radius: Floats) -> Floats:
    """Area, eccentricity, solidity, roundness, extent, asymmetry, holes: each free of scale."""
    covariance = np.cov(np.stack([y, x]))
    values, vectors = np.linalg.eigh(covariance + 1e-9 * np.eye(2))
    along, across = np.stack([y, x]).T @ vectors[:, 1], np.stack([y, x]).T @ vectors[:, 0]
    box = (np.ptp(along) + 1) * (np.ptp(across) + 1)
    hull = _hull_area(np.argwhere(edge))
    holes = ndimage.binary_fill_holes(mask).sum() - area
    skew = [abs(float(np.mean(side**3))) / (float(np.mean(side**2)) ** 1.5 + 1e-9) for side in (along, across)]
    return np.array(
        [
            np.log(area / mask.size),
            np.sqrt(values[0] / values[1]),
            area / hull,
            4 * np.pi * area / (edge.sum() ** 2),
            area / box,
            *skew,
            np.log1p(holes / area),
            radius.std() / (radius.mean() + 1e-9),
        ]
    )


def _hull_area(points: NDArray[Any]) -> float:
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull: Any = ConvexHull(points)  # of pixels' centres: half a pixel's width is missing all round
        return float(hull.volume) + 0.5 * float(hull.area) + 1.0
    except QhullError:  # all on one line
        return float(len(points))


def _hu(y: Floats, x: Floats, area: int) -> Floats:
    """Hu's seven moments, as signed logarithms."""

    def eta(p: int, q: int) -> float:
        scaled: float = np.sum(x**p * y**q) / area ** (1 + (p + q) / 2)
        return scaled

    n20, n02, n11, n30, n03, n21, n12 = (eta(*k) for k in ((2, 0), (0, 2), (1, 1), (3, 0), (0, 3), (2, 1), (1, 2)))
    a, b, c, d = n30 + n12, n21 + n03, n30 - 3 * n12, 3 * n21 - n03
    moments = np.array(
        [
            n20 + n02,
            (n20 - n02) ** 2 + 4 * n11**2,
            c**2 + d**2,
            a**2 + b**2,
            c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2),
            (n20 - n02) * (a**2 - b**2) + 4 * n11 * a * b,
            d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2),
        ]
    )
    return np.asarray(np.sign(moments) * np.log1p(1e6 * np.abs(moments)))


def _signature(radius: Floats, angle: Floats) -> Floats:
    """Fourier magnitudes of the farthest and of the nearest boundary along rays; how many rays see one, and its spread."""
    ray = ((angle / (2 * np.pi) + 0.5) * RAYS).astype(int) % RAYS
    far, near = np.zeros(RAYS), np.full(RAYS, np.inf)
    np.maximum.at(far, ray, radius)
    np.minimum.at(near, ray, radius)
    seen = far > 0
    places = np.arange(RAYS)
    far = np.interp(places, places[seen], far[seen], period=RAYS)
    near = np.interp(places, places[seen], near[seen], period=RAYS)
    scale = far.mean() + 1e-9
    parts = [np.abs(np.fft.rfft(side / scale))[1 : COEFFICIENTS + 1] / RAYS for side in (far, near)]
    told = [float(seen.mean()), float((far / scale).max()), float((far / scale).min())]
    return np.concatenate([np.sqrt(parts[0]), np.sqrt(parts[1]), told])


def _curvature(mask: Mask, edge: Mask, area: int) -> Floats:
    """At each scale, quantiles over the boundary of the share of its surroundings that lies inside, and their spread."""
    out = []
    for scale in SCALES:
        inside = ndimage.gaussian_filter(mask.astype(np.float32), scale, mode="constant", truncate=2.5)[edge]
        out += [*np.quantile(inside, QUANTILES), inside.std()]
    return np.array(out)
