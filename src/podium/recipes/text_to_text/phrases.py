"""Statistical phrase translation: words aligned by IBM model 1, phrases read off, written left to right by a language model.

Brown et al. 1993 (model 1), Koehn, Och and Marcu 2003 (phrases consistent with an alignment), greedy beam decoding with
a bigram model of the answers. Small data, seconds to learn, no network.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from podium.protocol import Context
from podium.recipes.text_to_text.model import TextModel
from podium.recipes.text_to_text.pairs import Sources

NULL = ""
START = "\x02"
LONGEST_TEXT = 80  # words; longer pairs teach no alignment
MOST_PAIRS = 40_000
OPTIONS = 6  # translations a phrase
BACK_OFF = 0.4  # of a bigram that was never seen (Brants et al. 2007)
SKIP = 2  # source words that may be taken out of turn
COPIED = math.log(1e-3)
LATE = 0.4  # of the time that was left, from which on no alternatives are followed
Words = tuple[str, ...]


class TextPhrases(TextModel):
    """rounds of expectation-maximisation, longest phrase in words, weight of the language model, beam, penalty a jump."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, rounds: int = 5, longest: int = 4,
        language: float = 0.7, beam: int = 8, jump: float = 1.5,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.rounds, self.longest, self.language, self.beam, self.jump = rounds, longest, language, beam, jump

    def _fit(self, sources: Sources, answers: Sequence[str], ctx: Context) -> None:
        pairs = [(s.split(), a.split()) for s, a in zip(sources.texts, answers, strict=True)]
        pairs = [p for p in pairs if 0 < len(p[0]) <= LONGEST_TEXT and 0 < len(p[1]) <= LONGEST_TEXT][:MOST_PAIRS]
        began, left = time.monotonic(), ctx.time_left()
        forward = _model_one(pairs, self.rounds, began + 0.3 * left)
        backward = _model_one([(a, s) for s, a in pairs], self.rounds, began + 0.6 * left)
        counts: dict[Words, Counter[Words]] = defaultdict(Counter)
        for source, answer in pairs:
            if time.monotonic() > began + 0.8 * left:
                break
            for from_, to in _phrases(source, answer, _links(source, answer, forward, backward), self.longest):
                counts[from_][to] += 1
        self.table = {
            from_: [(to, math.log(n / (of.total() + 0.5))) for to, n in of.most_common(OPTIONS)]
            for from_, of in counts.items()
        }
        self.single, self.pair = Counter[str](), Counter[tuple[str, str]]()
        for _, answer in pairs:
            said = [START, *answer]
            self.single.update(said)
            self.pair.update(itertools.pairwise(said))
        self.total = max(1, self.single.total())
        self.notes |= {"pairs": len(pairs), "phrases": len(self.table)}

    def _write(self, sources: Sources, ctx: Context) -> list[str]:
        found: dict[str, str] = {}
        least = LATE * ctx.time_left() if math.isfinite(ctx.time_left()) else 0.0
        for source in dict.fromkeys(sources.texts):
            beam = self.beam if ctx.time_left() > least else 1
            found[source] = " ".join(self._decoded(source.split(), beam))
        return [found[source] for source in sources.texts]

    def _decoded(self, source: list[str], beam: int) -> Words:
        """The best of a beam over (source words covered, words written), a phrase at a time."""
        beams: dict[int, list[tuple[float, int, int, Words]]] = defaultdict(list)
        beams[0] = [(0.0, 0, 0, ())]  # score, words covered as bits, place after the last phrase, words written
        for done in range(len(source)):
            best: dict[tuple[int, int, str], tuple[float, int, int, Words]] = {}
            for one in beams.pop(done, ()):
                key = (one[1], one[2], one[3][-1] if one[3] else START)
                if key not in best or one[0] > best[key][0]:
                    best[key] = one
            for one in sorted(best.values(), key=lambda item: -item[0])[:beam]:
                for size, grown in self._grown(source, one):
                    beams[done + size].append(grown)
        last = beams.get(len(source))
        return max(last, key=lambda item: item[0])[3] if last else ()

    def _grown(
        self, source: list[str], one: tuple[float, int, int, Words]
    ) -> list[tuple[int, tuple[float, int, int, Words]]]:
        score, covered, place, written = one
        first = next(at for at in range(len(source)) if not covered >> at & 1)
        grown = []
        for at in range(first, min(first + SKIP + 1, len(source))):
            for size in range(1, self.longest + 1):
                bits = ((1 << size) - 1) << at
                if at + size > len(source) or covered & bits:
                    break
                phrase = tuple(source[at : at + size])
                options = self.table.get(phrase) or ([(phrase, COPIED)] if size == 1 else [])
                for to, chance in options:
                    merit = score + chance + self.language * self._fluency(written, to) - self.jump * abs(at - place)
                    grown.append((size, (merit, covered | bits, at + size, written + to)))
        return grown

    def _fluency(self, written: Words, to: Words) -> float:
        """Log probability of the words to come, a little more for each so that short answers are not favoured."""
        said, total = written[-1] if written else START, 0.0
        for word in to:
            seen = self.pair[said, word]
            chance = seen / self.single[said] if seen else BACK_OFF * (self.single[word] + 0.1) / self.total
            total += math.log(chance) + 2.0
            said = word
        return total


def _model_one(pairs: Sequence[tuple[list[str], list[str]]], rounds: int, until: float) -> dict[str, dict[str, float]]:
    """P(answer's word | source's word); what has been found when time is over."""
    chance: dict[str, dict[str, float]] = {}
    for number in range(rounds):
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for source, answer in pairs:
            sides = [NULL, *source]
            for word in answer:
                parts = [chance[s].get(word, 1e-9) if number else 1.0 for s in sides]
                total = sum(parts)
                for side, part in zip(sides, parts, strict=True):
                    counts[side][word] += part / total
        chance = {side: _normalised(of) for side, of in counts.items()}
        if time.monotonic() > until:
            break
    return chance


def _normalised(counts: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items() if count > 1e-6}


def _links(
    source: list[str],
    answer: list[str],
    forward: Mapping[str, Mapping[str, float]],
    backward: Mapping[str, Mapping[str, float]],
) -> set[tuple[int, int]]:
    """Words that each direction, or both together, hold for the likeliest (grow-diag's beginning and its end in one)."""
    product = [[forward.get(s, {}).get(a, 0.0) * backward.get(a, {}).get(s, 0.0) for a in answer] for s in source]
    links = set()
    for i, row in enumerate(product):
        j = max(range(len(answer)), key=lambda at: row[at])
        if row[j] > 0 and max(range(len(source)), key=lambda at: product[at][j]) == i:
            links.add((i, j))
    return links


def _phrases(
    source: list[str], answer: list[str], links: set[tuple[int, int]], longest: int
) -> list[tuple[Words, Words]]:
    """Pairs of runs whose links all stay within both; answer words without a link may join at the right."""
    linked = {j for _, j in links}
    found = []
    for i in range(len(source)):
        for size in range(1, min(longest, len(source) - i) + 1):
            to = [b for a, b in links if i <= a < i + size]
            if not to:
                continue
            low, high = min(to), max(to)
            if high - low >= 2 * longest or any(low <= b <= high and not i <= a < i + size for a, b in links):
                continue
            while high + 1 < len(answer) and high + 1 not in linked:
                found.append((tuple(source[i : i + size]), tuple(answer[low : high + 1])))
                high += 1
            found.append((tuple(source[i : i + size]), tuple(answer[low : high + 1])))
    return found
