"""What intake cannot decide is asked at a terminal, and refused with the choices where nobody sits at one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from podium.errors import Ambiguous

T = TypeVar("T")
MOST_CHOICES = 20  # shown by number; any other value may be typed
WIDTH = 96


def asking(call: Callable[[Mapping[str, str]], T], *, as_json: bool) -> T:
    """`call(answers)`, called again with each answer, keyed as config.json is. Raises Ambiguous where nobody can be
    asked, or no answer comes."""
    answers: dict[str, str] = {}
    while True:
        try:
            return call(answers)
        except Ambiguous as question:
            if question.key in answers or as_json or not _somebody_is_there():
                raise
            answers[question.key] = _ask(question)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: Ambiguous) -> str:
    """The value chosen, by its number or typed. Raises the question itself where the terminal is closed."""
    choices = list(question.choices.items())[:MOST_CHOICES]
    _say(f"\n{question.problem}.")
    width = max((len(value) for value, _ in choices), default=0)
    for at, (value, why) in enumerate(choices, 1):
        _say(f"  {at:>2}  {value:{min(width, 32)}}  {why}"[:WIDTH])
    while True:
        print(f"{question.key} [1–{len(choices)}]: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise question
        answer = line.strip()
        if answer.isdigit() and 1 <= int(answer) <= len(choices) and answer not in question.choices:
            return choices[int(answer) - 1][0]
        if answer in question.choices or (question.usual and answer and not answer.isdigit()):
            return answer
        _say(f"  expected a number from 1 to {len(choices)}, or one of the names")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
