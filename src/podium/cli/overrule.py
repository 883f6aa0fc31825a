"""Flags that overrule what intake finds: `--set KEY=VALUE` for any key of config.json, short ones for the usual keys."""

from __future__ import annotations

from typing import Annotated

import typer

from podium.errors import UserError

Overrides = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Overrule what intake finds, in config.json's keys.")
]
Target = Annotated[str, typer.Option("--target", metavar="NAME", help="The target column; several by commas.")]
MetricName = Annotated[str, typer.Option("--metric", metavar="NAME", help="How submissions are scored.")]
Id = Annotated[str, typer.Option("--id", metavar="NAME", help="The id column; several by commas.")]


def overruled(parts: list[str], *, target: str = "", metric: str = "", id_column: str = "") -> dict[str, str]:
    """All of them as one mapping in config.json's keys; which keys there are is intake's to say. Raises UserError."""
    found = {k: v for k, v in (("target_column", target), ("metric", metric), ("id_column", id_column)) if v}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise UserError("--set cannot be understood", expected="KEY=VALUE, e.g. metric=rmse", found=repr(part))
        found[key] = value
    return found
