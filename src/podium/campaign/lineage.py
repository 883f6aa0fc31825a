"""Where experiments come from: parents, sources, and what of a blend's weight is owed to whom.

A blend member's weight is split evenly over the distinct outside sources of it and of its ancestors; where there is none,
it is the team's own. So credits add up to the whole blend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from podium.registry.invalidation import descendants, invalidated
from podium.team.builtin import playbook

if TYPE_CHECKING:
    from podium.records import Status, Verdict
    from podium.registry import Registry
    from podium.registry.experiments import Experiment

SourceKind = Literal[
    "paper", "notebook", "repository", "learning", "campaign", "brought", "playbook", "experiment", "fact", "web"
]
OWN = "the team's own"
LONGEST = 160  # characters of a source as it is shown
LOOKS: tuple[tuple[SourceKind, str], ...] = (
    ("notebook", r"kaggle\.com/(code|kernels)/|\.ipynb\b|\bnotebooks?\b"),
    ("repository", r"(github|gitlab|bitbucket|codeberg)\.(com|org)/|\brepository\b"),
    ("paper", r"\barxiv\b|\bdoi\b|\b10\.\d{4,}/|\bet al\b|\bACL \w|[A-Z]\w+ (and [A-Z]\w+ )?(19|20)\d\d\b|\bpaper\b"),
    ("web", r"https?://|\bdocumentation\b|\breports?\b"),
)
NO_CREDIT = ("experiment", "fact")  # ancestors bring their own sources; a fact of the data is nobody's


@dataclass(frozen=True)
class Source:
    id: str  # as the experiment cites it
    kind: SourceKind
    text: str


@dataclass(frozen=True)
class Node:
    """One experiment. `invalid`: why it was marked so after its verdict; `rests_on`: ancestors that were."""

    id: str
    round: int
    name: str
    operator: str
    family: str
    status: Status
    verdict: Verdict | None
    score: float | None
    stderr: float | None
    parents: tuple[str, ...]
    sources: tuple[Source, ...]
    weight: float  # in the best blend
    invalid: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Credit:
    source: str
    kind: SourceKind | Literal["own"]
    share: float  # of the blend's weight, 0..1


@dataclass(frozen=True)
class Lineage:
    """`nodes`: oldest first, parents before their children. `credits`: the largest first."""

    nodes: tuple[Node, ...]
    credits: tuple[Credit, ...]


def lineage(registry: Registry) -> Lineage:
    """The whole campaign's, with the credits of its best blend."""
    asked = registry.setting("competition") or {}
    best = registry.blends.best(asked.get("metric_direction") == "higher")
    weights = {} if best is None else {id_: w for id_, w in best.weights.items() if w > 0}
    experiments = registry.experiments.all()
    bad = invalidated(registry)
    below = {id_: set(descendants(experiments, id_)) for id_ in bad}
    rules = {one.id: one.rule for one in registry.learnings()}
    nodes = tuple(
        _node(one, weights.get(one.id, 0.0), rules, bad.get(one.id, ""), [b for b in bad if one.id in below[b]])
        for one in experiments
    )
    return Lineage(nodes, credits(nodes, weights))


def credits(nodes: Sequence[Node], weights: Mapping[str, float]) -> tuple[Credit, ...]:
    """Who a blend owes its weight to; empty without a blend."""
    known = {node.id: node for node in nodes}
    total = sum(weights[id_] for id_ in weights if id_ in known)
    shares: dict[tuple[str, SourceKind | Literal["own"]], float] = {}
    for id_, weight in weights.items():
        if id_ not in known or total <= 0:
            continue
        owed = _outside(known, id_) or [(OWN, "own")]
        for one in owed:
            shares[one] = shares.get(one, 0.0) + weight / total / len(owed)
    found = (Credit(text, kind, share) for (text, kind), share in shares.items())
    return tuple(sorted(found, key=lambda credit: (-credit.share, credit.source)))


def credit_line(registry: Registry, weights: Mapping[str, float], most: int = 3) -> str:
    """For a submission's message: `credits: Caruana et al. 2004 40 %, …`; empty where all is the team's own."""
    rules = {one.id: one.rule for one in registry.learnings()}
    nodes = [_node(one, 0.0, rules, "", []) for one in registry.experiments.all()]
    owed = [one for one in credits(nodes, {m: w for m, w in weights.items() if w > 0}) if one.kind != "own"]
    shown = ", ".join(f"{one.source[:60]} {one.share:.0%}" for one in owed[:most])
    more = f" and {len(owed) - most} more" if len(owed) > most else ""
    return f"credits: {shown}{more}" if shown else ""


def source(cited: str, rules: Mapping[str, str]) -> tuple[Source, ...]:
    """What a citation names. An entry of the playbook stands for the papers and reports that it rests on."""
    entry = next((one for one in playbook.shipped() if one.id == cited), None)
    if entry is not None:
        parts = [part.strip() for part in entry.source.split(";")]
        return tuple(Source(cited, _kind(part, "playbook"), _shown(part)) for part in parts)
    if cited in rules:
        return (Source(cited, "learning", _shown(f"{cited}: {rules[cited]}")),)
    if re.fullmatch(r"E\d{3,}", cited):
        return (Source(cited, "experiment", cited),)
    if cited.startswith("campaign:"):
        return (Source(cited, "campaign", _shown(cited.removeprefix("campaign:"))),)
    if cited == "best_pipeline_script" or cited.startswith("knowledge"):
        return (Source(cited, "brought", _shown(cited.replace("_", " "))),)
    return (Source(cited, _kind(cited, "fact"), _shown(cited)),)


def _kind(text: str, otherwise: SourceKind) -> SourceKind:
    return next((kind for kind, look in LOOKS if re.search(look, text, re.IGNORECASE)), otherwise)


def _shown(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _outside(known: Mapping[str, Node], id_: str) -> list[tuple[str, SourceKind | Literal["own"]]]:
    """Distinct creditable sources of an experiment and its ancestors."""
    found: dict[tuple[str, SourceKind | Literal["own"]], None] = {}
    waiting, seen = [id_], {id_}
    while waiting:
        node = known[waiting.pop()]
        found.update({(one.text, one.kind): None for one in node.sources if one.kind not in NO_CREDIT})
        new = [parent for parent in node.parents if parent in known and parent not in seen]
        seen.update(new)
        waiting += new
    return list(found)


def _node(one: Experiment, weight: float, rules: Mapping[str, str], invalid: str, rests_on: Sequence[str]) -> Node:
    spec = one.spec
    return Node(
        id=one.id,
        round=one.round,
        name=spec.name,
        operator=spec.operator,
        family=spec.family,
        status=one.status,
        verdict=one.verdict,
        score=one.score,
        stderr=one.stderr,
        parents=spec.parents,
        sources=tuple(found for cited in spec.sources for found in source(cited, rules)),
        weight=weight,
        invalid=invalid,
        rests_on=tuple(rests_on),
    )


__all__ = ["Credit", "Lineage", "Node", "Source", "credit_line", "credits", "lineage", "source"]
