"""Texts to the pieces of words that BERT's vocabulary holds (Wu et al. 2016; Devlin et al. 2019), in plain Python.

As the reference tokenizer: control characters dropped, Chinese characters and punctuation apart, lower case and accents
stripped where the model was trained so, then the longest piece that fits, again and again. A word is cut up once.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100  # characters; longer ones are unknown
CACHE = 200_000  # words whose pieces are remembered
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f"
_ASCII_MARKS = "!-/:-@\\[-`{-~"
_WORDS = re.compile(f"[{_CHINESE}{_ASCII_MARKS}]|[^\\s{_CHINESE}{_ASCII_MARKS}]+")


class WordPiece:
    """`vocabulary`: piece → number, `##` before those that go on with a word. `positions`: pieces that the encoder can tell
    the place of; no row is longer, whatever is asked."""

    def __init__(self, vocabulary: dict[str, int], lower: bool = True, positions: int = 512) -> None:
        self.vocabulary, self.lower, self.positions = vocabulary, lower, positions
        self.pad, self.first, self.last = (vocabulary[mark] for mark in (PAD, FIRST, LAST))
        self.pieces = functools.lru_cache(CACHE)(self._pieces)

    @classmethod
    def read(cls, folder: Path) -> WordPiece:
        """From `vocab.txt`, `tokenizer_config.json`, `config.json`. Raises OSError, KeyError where they are none of BERT's."""
        words = (folder / "vocab.txt").read_text("utf-8").split("\n")
        config = folder / "tokenizer_config.json"
        told = json.loads(config.read_text("utf-8")) if config.is_file() else {}
        vocabulary = {word: number for number, word in enumerate(words) if word}
        net = json.loads((folder / "config.json").read_text("utf-8"))
        return cls(vocabulary, bool(told.get("do_lower_case", True)), int(net["max_position_embeddings"]))

    def encode(self, texts: Sequence[str], longest: int) -> list[list[int]]:
        """Numbers of each row's pieces, [CLS] and [SEP] around them, cut at `longest`."""
        room = min(longest, self.positions) - 2
        return [[self.first, *self._text(text, room), self.last] for text in texts]

    def encode_pairs(self, one: Sequence[str], other: Sequence[str], longest: int) -> list[tuple[list[int], int]]:
        """[CLS] a [SEP] b [SEP], and where b begins; the longer of the two is cut first."""
        found, longest = [], min(longest, self.positions)
        for left, right in zip(one, other, strict=True):
            a, b = self._text(left, longest), self._text(right, longest)
            room = longest - 3
            if len(a) + len(b) > room:
                half = room // 2
                a, b = a[: max(half, room - len(b))], b[: max(room - half, room - len(a))]
            found.append(([self.first, *a, self.last, *b, self.last], len(a) + 2))
        return found

    def encode_words(
        self, before: Sequence[str], words: Sequence[Sequence[str]], longest: int
    ) -> list[tuple[list[int], int, list[int]]]:
        """[CLS] before [SEP] words [SEP], where the words begin, and the place behind each word's last piece; of words that
        do not fit there is none. What comes before is cut at half of `longest`."""
        found, longest = [], min(longest, self.positions)
        for text, own in zip(before, words, strict=True):
            pieces = [self.first, *self._text(text, longest // 2), self.last]
            begin, ends = len(pieces), []
            for word in own:
                cut = self._text(word, longest) or [self.vocabulary[UNKNOWN]]
                if len(pieces) + len(cut) >= longest:
                    break
                pieces += cut
                ends.append(len(pieces))
            found.append(([*pieces, self.last], begin, ends))
        return found

    def _text(self, text: str, most: int) -> list[int]:
        found: list[int] = []
        for word in _WORDS.findall(self._plain(text[: 20 * most])):
            found += self.pieces(word)
            if len(found) >= most:
                break
        return found[:most]

    def _plain(self, text: str) -> str:
        if not text.isascii():
            text = "".join(c for c in text if c in "\t\n\r" or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
            text = text.replace("\ufffd", "")
        if not self.lower:
            return text
        text = text.lower()
        if text.isascii():
            return text
        return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")

    def _pieces(self, word: str) -> tuple[int, ...]:
        if word.isascii():
            return self._whole(word)
        parts, at = [], 0  # punctuation beyond ASCII stands apart too
        for k, c in enumerate(word):
            if unicodedata.category(c).startswith("P"):
                parts += [word[at:k], c]
                at = k + 1
        return tuple(number for part in (*parts, word[at:]) if part for number in self._whole(part))

    def _whole(self, word: str) -> tuple[int, ...]:
        """The longest pieces from the left; one [UNK] where some of the word has none."""
        unknown = (self.vocabulary[UNKNOWN],)
        if len(word) > LONGEST_WORD:
            return unknown
        found, at = [], 0
        while at < len(word):
            for end in range(len(word), at, -1):
                number = self.vocabulary.get(word[at:end] if at == 0 else f"##{word[at:end]}")
                if number is not None:
                    break
            else:
                return unknown
            found.append(number)
            at = end
        return tuple(found)

    def __getstate__(self) -> dict[str, object]:
        return {"vocabulary": self.vocabulary, "lower": self.lower, "positions": self.positions}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]
