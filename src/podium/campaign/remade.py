"""The newest round's blend, made anew without what was taken back since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.campaign import blending, untrusted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podium.campaign.engine import Engine


def remake(engine: Engine, taken_back: Iterable[str], *, predicted: bool = False) -> None:
    """Nothing changes where it carries no weight of them, or no other is left. `predicted`: of those that have predicted the
    test rows alone, as where no run may begin."""
    last = engine.registry.blends.last()
    if last is None or not any(last.weights.get(id_, 0.0) > 0 for id_ in taken_back):
        return
    blended = blending.blend(engine, last.round, predicted=predicted)
    if blended is None:
        return
    beside = untrusted.blend(engine, last.round, list(blending.blend_of(blended).singles))
    with engine.registry.database.write():
        engine.registry.blends.replace(blended)
        if beside is not None:
            engine.registry.imported.replace_blend(beside)
    engine.event("blend", score=blended.score, stderr=blended.stderr, weights=dict(blended.weights))
