"""What weights are called: in a config, in a solution's header, in `ctx.weights`.

package:NAME        a Python package that carries them
hf:OWNER/MODEL      a model of the Hugging Face hub
timm:MODEL.TAG      a model of timm
folder:/PATH        a folder of the user's own
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError

SCHEMES = ("package", "hf", "timm", "folder")
_SPELLED = {
    "package": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"),
    "hf": re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"),
    "timm": re.compile(r"[A-Za-z0-9][\w.-]*"),
    "folder": re.compile(r"/.+"),
}
_LINE = re.compile(r"\s*weights:\s*(\S.*?)\s*")


@dataclass(frozen=True)
class Name:
    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


def parse(text: str, beside: Path | None = None) -> Name:
    """The name that `text` spells; a plain path is a folder, relative to `beside`. Raises UserError for anything else."""
    scheme, colon, rest = text.strip().partition(":")
    if colon and scheme in SCHEMES and scheme != "folder":
        if _SPELLED[scheme].fullmatch(rest):
            return Name(scheme, rest)
    elif scheme == "folder" or (not colon and beside is not None):
        path = Path(rest if colon else scheme).expanduser()
        whole = path if beside is None else beside / path
        if whole.is_absolute():
            return Name("folder", str(whole.absolute()))
    raise UserError(
        "no name of pretrained weights",
        expected="package:NAME, hf:OWNER/MODEL, timm:MODEL.TAG, or a folder",
        found=repr(text[:80]),
        remedy="see docs/weights.md",
    )


def asked(source: str) -> tuple[str, ...]:
    """The names in a solution's header, in order: its lines `weights: NAME`. Nothing of it is run."""
    header = ast.get_docstring(ast.parse(source, "solution.py")) or ""
    found = [match[1] for line in header.splitlines() if (match := _LINE.fullmatch(line))]
    return tuple(dict.fromkeys(found))
