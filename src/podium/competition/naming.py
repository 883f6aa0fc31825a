"""What the name of a file says: its role, its split, the name without its split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from podium.competition.table import BOOKS, format_of, split_sheet

if TYPE_CHECKING:
    from podium.competition.folder import Contents

DESCRIPTIONS = (
    "description", "overview", "competition", "competition_description", "readme", "task", "about", "problem_statement",
    "problem", "instructions", "evaluation", "rules",
)  # fmt: skip
DATA_FOLDERS = ("public", "data", "input", "files", "dataset")
_SAMPLE = re.compile(r"sample.?(sub|sol|pred|ent|ans)|submission|sample$|^sample|^example.?(entry|sub)")
_TRAIN = re.compile(r"(^|_)(train|training|trn|learn|learning)(_|\d|$)")
_TEST = re.compile(r"(^|_)(test|testing|tst|holdout|eval|evaluation|private|score|scoring|unlabell?ed)(_|\d|$)")
_LABELS = re.compile(r"(^|_)(labels?|targets?|annotations?|solutions?|ground_truth|responses?|y)(_|\d|$)")
_FEATURES = re.compile(r"(^|_)(x|features?|inputs?|data)(_|$)")
_SPARE = {
    "test": re.compile(r"(^|_)(valid|validation|val|dev)(_|$)"),
    "train": re.compile(r"(^|_)(dev|labell?ed)(_|$)"),
}


def named_by(home: Path) -> Path:
    """The folder that a competition is named by: `<id>` of `<id>/public`, and of MLE-bench's `<id>/prepared/public`."""
    plain = home.absolute()
    if plain.name.lower() in DATA_FOLDERS:
        plain = plain.parent
    return plain.parent if plain.name.lower() == "prepared" else plain


def stem_of(ref: str) -> str:
    """`sub/trainLabels.csv.gz` → `train_labels`; of a sheet, its own name."""
    book, sheet = split_sheet(ref)
    if sheet:
        return _plain(sheet)
    name = book.rsplit("/", 1)[-1]
    name = re.sub(r"\.(gz|zip|bz2|xz|7z)$", "", name, flags=re.I)
    return _plain(name.rsplit(".", 1)[0])


def _plain(name: str) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def neutral(ref: str) -> str:
    """The name without its split: `train_identity` and `test_identity` are both `identity`."""
    place = "/".join(_plain(part) for part in PurePosixPath(split_sheet(ref)[0]).parts[:-1])
    whole = f"{place}/{stem_of(ref)}" if place else stem_of(ref)
    parts = [_TEST.sub(r"\1*\3", _TRAIN.sub(r"\1*\3", part)) for part in whole.split("/")]
    return "/".join(part.replace("*", "").strip("_") for part in parts).strip("/")


def find_roles(tables: Sequence[str]) -> dict[str, list[str]]:
    """References by role: train, test, sample, labels. A name of no role takes that of its folder where it is alone there."""
    roles: dict[str, list[str]] = {}
    for ref in tables:
        role = role_of(ref) or _of_folder(ref, tables)
        if role:
            roles.setdefault(role, []).append(ref)
    for role, other in (("test", "train"), ("train", "test")):
        if role not in roles and other in roles:
            spare = [t for t in tables if _SPARE[role].search(stem_of(t)) and role_of(t) is None]
            if spare:
                roles[role] = spare
    return roles


def role_of(ref: str) -> str | None:
    """train, test, sample or labels, by the name alone; None for any other, and for labels of test."""
    stem = stem_of(ref)
    if _SAMPLE.search(stem):
        return "sample"
    train, test = bool(_TRAIN.search(stem)), bool(_TEST.search(stem))
    text = format_of(ref) == "txt"
    if _LABELS.search(stem) and not (_FEATURES.search(stem) and not stem.endswith(("labels", "targets"))):
        return None if test or text else "labels"
    if train:
        return None if text else "train"
    if test:
        return None if text else "test"
    return None


def _of_folder(ref: str, tables: Iterable[str]) -> str | None:
    """`train/data.csv` beside `test/data.csv`; a book or archive counts as a folder."""
    path = PurePosixPath(ref)
    if not path.parent.name or path.parent.name.lower().endswith(BOOKS):
        return None
    alone = sum(PurePosixPath(t).parent == path.parent for t in tables) == 1
    folder = _plain(re.sub(r"\.(zip|7z|tar|tgz)(\.\w+)?$", "", path.parent.name, flags=re.I))
    if not alone or format_of(ref) == "txt":
        return None
    if _TRAIN.search(folder):
        return "train"
    return "test" if _TEST.search(folder) else None


def find_description(contents: Contents) -> str:
    """The reference of the description; "" where there is none."""
    ranked = sorted(
        (DESCRIPTIONS.index(stem_of(t)), t.count("/"), t) for t in contents.texts if stem_of(t) in DESCRIPTIONS
    )
    return ranked[0][2] if ranked else ""
