"""Weights from the hub into the user's store, whole or not there. Called only where the user asks for them by name."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from podium.errors import UserError
from podium.weights.names import Name, parse
from podium.weights.places import SOURCE, Found, find, place, sha256

HUB = "https://huggingface.co"
WEIGHTS = "model.safetensors"  # weights that run no code as they are read; pickled ones are not taken
WANTED = ("config.json", WEIGHTS)
BESIDE = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")  # taken where they are
Download = Callable[
    [str, Path], bool
]  # address, file → whether it was there; raises UserError where it could not be had


def address(name: Name) -> str:
    """The model's page at the hub. Raises UserError for weights that are not fetched."""
    if name.scheme not in ("hf", "timm"):
        raise UserError(
            f"{name} is not fetched", expected="hf:OWNER/MODEL or timm:MODEL.TAG", found=str(name),
            remedy="a package is installed with pip; a folder is used as it is",
        )  # fmt: skip
    return f"{HUB}/{'timm/' if name.scheme == 'timm' else ''}{name.rest}"


def fetch(text: str, download: Download) -> Found:
    """Download the weights of that name into the store, whole or not there, hashes and source beside them.

    Raises UserError: no such name, nowhere to keep them, or not to be had."""
    name = parse(text)
    page, to = address(name), place(name)
    if to is None:
        raise UserError("PODIUM_HOME is empty, so there is no store", remedy="set it to a folder, or unset it")
    part = to.with_name(f".{to.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for file in (*WANTED, *BESIDE):
            there = download(f"{page}/resolve/main/{file}", part / file)
            if not there and file in WANTED:
                raise UserError(
                    f"{page} has no {file}", expected="a model with safetensors", remedy="check the name; see the page"
                )
        hashes = {path.name: sha256(path) for path in sorted(part.iterdir())}
        (part / SOURCE).write_text(json.dumps({"name": text, "source": page, "sha256": hashes}, indent=1), "utf-8")
        shutil.rmtree(to, ignore_errors=True)
        part.rename(to)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return find(text)
