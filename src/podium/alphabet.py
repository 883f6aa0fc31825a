"""What comes next in a running text, and how it is spelled: `c10` for a newline, `b65` for an A, the letter or word itself.

Which spelling classes are in is told by the text: the reading that covers most of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["character", "word"]
HEAD = 200_000  # characters of the text that a reading is judged by
LEAST = 0.5  # share of the text's symbols that classes spell at least
_NUMBERED = re.compile(r"^([A-Za-z_+\-]*)(\d{1,7})$")
_HEX = re.compile(r"^(?:U\+|u\+|0x|\\u|\\x)([0-9A-Fa-f]{1,6})$")
_NAMED = {
    "space": " ", "blank": " ", "<space>": " ", "newline": "\n", "<newline>": "\n", "\\n": "\n", "<nl>": "\n", "tab": "\t",
    "\\t": "\t", "<tab>": "\t",
}  # fmt: skip
_SPLITS = {"word": re.compile(r"\S+"), "word and mark": re.compile(r"\w+|[^\w\s]")}


@dataclass(frozen=True)
class Alphabet:
    """`symbols`: what each class stands for, in the order of the classes. `split`: "" for characters, else how a text
    falls into words; `lower`: whether words are written small."""

    symbols: tuple[str, ...]
    split: str = ""
    lower: bool = False

    @property
    def unit(self) -> Unit:
        return "word" if self.split else "character"

    def parts(self, text: str) -> tuple[list[str], NDArray[np.int64]]:
        """The text's symbols in order, and the place of each one's first character."""
        if not self.split:
            return list(text), np.arange(len(text))
        found = [(m[0].lower() if self.lower else m[0], m.start()) for m in _SPLITS[self.split].finditer(text)]
        return [word for word, _ in found], np.array([at for _, at in found], dtype=np.int64)

    def codes(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Class code of each symbol, -1 where it is none, and the place of its first character."""
        parts, places = self.parts(text)
        code = {symbol: at for at, symbol in enumerate(self.symbols)}
        return np.fromiter((code.get(part, -1) for part in parts), np.int64, len(parts)), places


def read(classes: Sequence[str], text: str) -> Alphabet | None:
    """The reading of the classes that covers the text best; None where none covers half of it."""
    head = text[:HEAD]
    found = [(_covered(reading, head), -at, reading) for at, reading in enumerate(_readings(classes))]
    best = max(found, key=lambda one: one[:2], default=None)
    return best[2] if best is not None and best[0] >= LEAST else None


def _readings(classes: Sequence[str]) -> list[Alphabet]:
    readings: list[Alphabet] = []
    hexes = [_HEX.match(name) for name in classes]
    numbered = [_NUMBERED.match(name) for name in classes]
    if all(hexes):
        readings.append(Alphabet(tuple(chr(int(m[1], 16)) for m in hexes if m)))
    if all(numbered) and len({m[1] for m in numbered if m}) == 1 and all(int(m[2]) < 0x110000 for m in numbered if m):
        readings.append(Alphabet(tuple(chr(int(m[2])) for m in numbered if m)))
    letters = tuple(_NAMED.get(name, name) for name in classes)
    if all(len(letter) == 1 for letter in letters):
        readings.append(Alphabet(letters))
    for split in _SPLITS:
        readings += [Alphabet(tuple(classes), split, lower) for lower in (False, True)]
    return readings


def _covered(alphabet: Alphabet, text: str) -> float:
    codes, _ = alphabet.codes(text)
    return float((codes >= 0).mean()) if len(codes) else 0.0


def known(text: str, word: bool, most: int) -> tuple[str, ...]:
    """The classes of a text where nobody lists them: its characters, or its `most` frequent words; sorted."""
    parts = _SPLITS["word"].findall(text) if word else list(text)
    names, counts = np.unique(np.array(parts, dtype=object).astype(str), return_counts=True)
    kept = names[np.sort(np.argsort(-counts, kind="stable")[:most])]
    return tuple(kept.tolist())


__all__ = ["Alphabet", "known", "read"]
