"""What a folder shows before its kind is known. Tables are read when first asked for, once."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from podium.competition.config import Config, names
from podium.competition.description import target_named
from podium.competition.folder import AUDIO_SUFFIXES, MEDIA_SUFFIXES, Contents, TableFiles, choose_tables
from podium.competition.naming import find_roles
from podium.competition.source import Source, read_source
from podium.competition.table import format_of, header, read_table
from podium.errors import IntakeError

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm")
MEDIA = (("image", MEDIA_SUFFIXES), ("audio", AUDIO_SUFFIXES), ("video", VIDEO_SUFFIXES))
LEAST_MEDIA = 4  # fewer files of a kind are illustrations
MOST_HEADERS = 40  # tables whose header is read
_TRAIN = re.compile(r"(^|_)(train|training|trn|learn)(_|\d|$)")
_TEST = re.compile(r"(^|_)(test|testing|tst|holdout|eval|evaluation)(_|\d|$)")


class Clues:
    """The folder's files, its description, the config, and the tables under the names that their roles have here."""

    def __init__(
        self, folder: Path, contents: Contents, text: str, config: Config, chosen: TableFiles | None = None
    ) -> None:
        """`chosen`: the tables by role, where intake has settled them before."""
        self.folder, self.contents, self.text, self.config, self._chosen = folder, contents, text, config, chosen

    # ------------------------------------------------------------ tables

    @functools.cached_property
    def files(self) -> TableFiles:
        """Train, test and sample as intake of plain tables chooses them; what it cannot choose, by name and columns."""
        if self._chosen is not None:
            return self._chosen
        try:
            return choose_tables(self.contents, self._given)
        except IntakeError:
            if any(
                ref not in self.contents.tables and not (self.folder / ref).exists() for ref in self._given.values()
            ):
                raise
            train, test, sample = (self._given.get(f"{r}_file") or self._pick(r) for r in ("train", "test", "sample"))
            return TableFiles(train, test, sample)

    @property
    def plain(self) -> TableFiles:
        """As `files`, but raises IntakeError where train or test is missing or several tables fit."""
        return choose_tables(self.contents, self._given)

    @property
    def _given(self) -> dict[str, str]:
        return {k: str(v) for k, v in self.config.items() if k.endswith("_file")}

    @functools.cached_property
    def source(self) -> Source | None:
        """All three tables as read, where both train and test are there."""
        if not (self.files.train and self.files.test):
            return None
        return read_source(self.folder, self.files, names(self.config.get("id_column")))

    @functools.cached_property
    def train(self) -> pl.DataFrame | None:
        return self.source.train if self.source is not None else self.table(self.files.train)

    @functools.cached_property
    def test(self) -> pl.DataFrame | None:
        return self.source.test if self.source is not None else self.table(self.files.test)

    @functools.cached_property
    def sample(self) -> pl.DataFrame | None:
        """All cells as spelled."""
        return self.source.sample if self.source is not None else self.table(self.files.sample, all_text=True)

    def table(self, ref: str, *, all_text: bool = False) -> pl.DataFrame | None:
        return read_table(self.folder, ref, all_text=all_text).frame if ref else None

    @functools.cached_property
    def headers(self) -> Mapping[str, list[str]]:
        """Column names of every table that is none of the chosen three; one that cannot be read is left out."""
        found: dict[str, list[str]] = {}
        for ref in self.contents.tables[:MOST_HEADERS]:
            if format_of(ref) in ("txt", "dat") or ref.lower().endswith("json"):
                continue
            try:
                found[ref] = header(self.folder, ref)
            except IntakeError:  # a table that nobody asked for may be broken
                continue
        return found

    @property
    def others(self) -> list[str]:
        """Tables beside train, test and sample."""
        return [t for t in self.contents.tables if t not in (self.files.train, self.files.test, self.files.sample)]

    def _pick(self, role: str) -> str:
        """By name; of several train tables, the one with most of the sample submission's columns."""
        roles = find_roles([t for t in self.contents.tables if not t.lower().endswith("json")])
        named = roles.get(role, [])
        if role == "train":
            named = named or roles.get("labels", []) or self._unclaimed(roles)
        return min(named, key=lambda t: (-self._fit(t) if role == "train" else 0, t.count("/"), len(t), t), default="")

    def _unclaimed(self, roles: Mapping[str, list[str]]) -> list[str]:
        """Tables that no name gives a role, and that have what the sample submission asks for."""
        taken = {ref for refs in roles.values() for ref in refs}
        asked = set(self.headers.get(self._given.get("sample_file") or self._pick("sample"), [])[1:])
        return [ref for ref, header in self.headers.items() if ref not in taken and asked and asked <= set(header)]

    def _fit(self, ref: str) -> int:
        asked = self._given.get("sample_file") or self._pick("sample")
        return len(set(self.headers.get(ref, ())) & set(self.headers.get(asked, ())))

    # ------------------------------------------------------------ columns

    @property
    def answers(self) -> list[str]:
        """Columns of the sample submission that test lacks, the id apart."""
        if self.sample is None:
            return []
        asked = names(self.config.get("id_column")) or tuple(self.sample.columns[:1])
        known = set(self.test.columns) if self.test is not None else set()
        return [c for c in self.sample.columns if c not in known and c not in asked]

    @property
    def label_side(self) -> list[str]:
        """Columns that train has and test lacks."""
        if self.train is None:
            return []
        known = set(self.test.columns) if self.test is not None else set()
        first = self.sample.columns[:1] if self.sample is not None else []
        return [c for c in self.train.columns if c not in known and c not in first]

    @property
    def target_name(self) -> str:
        """What the description calls the target; "" where it says nothing of one name."""
        named = target_named(self.text) or ""
        return named if named and "," not in named and len(named) <= 60 else ""

    # ------------------------------------------------------------ files that are no tables

    @functools.cached_property
    def media(self) -> Mapping[str, tuple[str, ...]]:
        """References of images, sounds and videos, by kind; a handful are illustrations and left out."""
        refs = [ref for group in self.contents.attached.values() for ref in group]
        found = {kind: tuple(r for r in refs if r.lower().endswith(ends)) for kind, ends in MEDIA}
        return {kind: files for kind, files in found.items() if len(files) >= LEAST_MEDIA}

    @property
    def images(self) -> tuple[str, ...]:
        return self.media.get("image", ())

    def attached(self, *suffixes: str) -> list[str]:
        return [ref for group in self.contents.attached.values() for ref in group if ref.lower().endswith(suffixes)]

    # ------------------------------------------------------------ words

    def says(self, pattern: str) -> bool:
        """Whether the description has these words."""
        return re.search(pattern, self.text, re.I) is not None


def stem(ref: str) -> str:
    """The plain name of a file: lower case, without folders and suffixes, other characters as `_`."""
    name = re.sub(r"\.(gz|zip|bz2|xz)$", "", PurePosixPath(ref).name.lower()).rsplit(".", 1)[0]
    return re.sub(r"[^a-z0-9]+", "_", name)


def is_role(ref: str, role: str) -> bool:
    """Whether a folder or file of this path is of train, or of test, by name."""
    pattern = _TRAIN if role == "train" else _TEST
    return any(pattern.search(re.sub(r"[^a-z0-9]+", "_", part.lower())) for part in PurePosixPath(ref).parts)


def short(values: Sequence[str], most: int = 4) -> str:
    return ", ".join(values[:most]) + (" …" if len(values) > most else "")
