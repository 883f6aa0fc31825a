"""A family of models as the catalog knows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """`class_name` is what `podium.recipes.<kind>` exports; `requires` the packages a solution's header names; `reads` what
    its features describe: families exchange features where it is the same;
    `unlabelled`: rows without labels are read in `fit`."""

    class_name: str
    requires: tuple[str, ...] = ()
    reads: str = ""
    unlabelled: bool = False
