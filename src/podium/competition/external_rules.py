"""Whether the rules allow data from elsewhere, and pretrained models, as the description says it: yes, no, or ask where it is
silent or torn."""

from __future__ import annotations

import re
from typing import Any

from podium.competition.config import Config
from podium.competition.description import sections
from podium.records import Evidence

_SUBJECT = re.compile(
    r"\b(external|outside|third[- ]party|additional|supplementary|publicly available|public)\b[^.!?\n]{0,40}\b(data|datasets?)\b"
    r"|\b(data|datasets?)\b[^.!?\n]{0,40}\b(other than|beyond|besides|outside)\b[^.!?\n]{0,40}\b(provided|competition|host)\b"
    r"|\bonly (?:use )?(?:the |use )?(?:data )?(?:provided|competition)(?:'s)?(?: data)?\b",
    re.I,
)
_MODELS = re.compile(
    r"\bpre-?\s?trained\b[^.!?\n]{0,40}\b(models?|networks?|weights|backbones?|embeddings?|checkpoints?)\b"
    r"|\b(models?|networks?|weights|backbones?)\b[^.!?\n]{0,20}\bpre-?\s?trained\b",
    re.I,
)
_GIVEN = r"allow|permit|welcom|encourag|accept"
_FREE = re.compile(
    r"\bno (restriction|limit)|\bnot (prohibited|forbidden|banned|restricted|disallowed)\b|\bunrestricted\b", re.I
)
_NO = re.compile(
    rf"\b(not|n't|never|neither|cannot|no)\b[^.!?\n]{{0,40}}\b({_GIVEN}|use|using|train|include)"
    rf"|\b(prohibit|forbid|forbidden|disallow|ban|banned)\w*|\bno\b[^.!?\n]{{0,20}}\b(external|outside|additional)\b"
    r"|\bwithout\b[^.!?\n]{0,20}\b(external|outside|additional)\b"
    r"|\bonly (?:use )?(?:the |use )?(?:data )?(?:provided|competition)",
    re.I,
)
_YES = re.compile(
    rf"\b({_GIVEN})\w*\b|\b(may|can|free to|feel free to)\b[^.!?\n]{{0,30}}\b(us(e|ing)|includ|bring|add)", re.I
)
_SHOWN = 200  # characters of a sentence


def external_rule(config: Config, text: str) -> tuple[str, Evidence]:
    """(yes, no or ask; why): the config's own word, else the description's sentence."""
    return _rule(config.get("external_data"), text, _SUBJECT, "external data")


def pretrained_rule(config: Config, text: str) -> tuple[str, Evidence]:
    """The same of pretrained models."""
    return _rule(config.get("pretrained_models"), text, _MODELS, "pretrained models")


def _rule(stated: Any, text: str, subject: re.Pattern[str], what: str) -> tuple[str, Evidence]:
    if stated:
        return str(stated), Evidence(str(stated), "config.json or a flag says so", 1.0)
    found: dict[str, str] = {}
    for sentence in _sentences(text):
        answer = _answer(sentence) if subject.search(sentence) else None
        if answer is not None:
            found.setdefault(answer, " ".join(sentence.split())[:_SHOWN])
    if len(found) == 1:
        answer, sentence = next(iter(found.items()))
        return answer, Evidence(answer, f"the description: “{sentence}”", 0.85)
    if found:
        return "ask", Evidence("ask", f"the description says both: “{found['yes']}” and “{found['no']}”", 0.5)
    return "ask", Evidence("ask", f"the description says nothing of {what}", 0.9)


def _sentences(text: str) -> list[str]:
    """Sentences, and the first of each section together with its heading ("External data": "Not allowed.")."""
    headed = [f"{heading}: {body}" for heading, body in sections(text) if body]
    firsts = [re.split(r"(?<=[.!?])\s+|\n", whole, maxsplit=1)[0] for whole in headed]
    return [*re.split(r"(?<=[.!?])\s+|\n", text), *firsts]


def _answer(sentence: str) -> str | None:
    if _FREE.search(sentence):
        return "yes"
    if _NO.search(sentence):
        return "no"
    return "yes" if _YES.search(sentence) else None
