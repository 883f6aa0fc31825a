"""The researcher: ranks hypotheses from the audit, the registry's figures, learnings and the written playbook.

Each hypothesis says what it rests on (`P08`, `column:Cabin`, `audit:drift`, `F:regression:mlp`, `E004`) and carries a
recipe that was not tried. The brief tells what is new, in fewer than 500 words; everything else is in the raw notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from podium.records import AuditFinding, Brief, ExperimentFact, Facts, Hypothesis, Recipe, ResearchBrief
from podium.team.builtin import carried, history, learnings, novelty, playbook
from podium.team.builtin.candidates import parents
from podium.team.builtin.playbook import Entry
from podium.team.builtin.stock import Catalog
from podium.team.citations import blend_name, cite

MOST_HYPOTHESES = 8
MOST_WORDS = 450
RETIRED_AFTER = 2  # attempts without any blend gain
SECOND_FAMILY = 0.6  # of an entry's gain, once it has been applied to one family
RESEARCH_OVER_TUNING = 1.1  # L3, while evidence has not overturned it


def research(brief: Brief, catalog: Catalog) -> ResearchBrief:
    """Hypotheses by expected gain (in the metric's unit), the brief, the raw notes, and sources to ask the user's leave for."""
    found = _ranked(brief, catalog)
    return ResearchBrief(found, _brief_text(brief, found), _raw_text(brief, found), brief.facts.sources)


def _ranked(brief: Brief, catalog: Catalog) -> tuple[Hypothesis, ...]:
    facts, seen = brief.facts, novelty.seen(brief.facts, catalog)
    unique: dict[str, Hypothesis] = {}
    for hypothesis in [*_from_playbook(facts, catalog), *_transfers(facts, catalog)]:
        assert hypothesis.recipe is not None
        mark = catalog.fingerprint(hypothesis.recipe)
        if mark not in seen:
            unique[mark] = _joined(unique[mark], hypothesis) if mark in unique else hypothesis
    ranked = sorted(unique.values(), key=lambda h: (-h.expected_gain, h.text))[:MOST_HYPOTHESES]
    return tuple(replace(h, id=f"R{brief.round:02d}.H{n}") for n, h in enumerate(ranked, start=1))


def _joined(one: Hypothesis, other: Hypothesis) -> Hypothesis:
    """Two reasons for the same recipe: the stronger, resting on the evidence of both."""
    strong, weak = (one, other) if one.expected_gain >= other.expected_gain else (other, one)
    return replace(strong, sources=tuple(dict.fromkeys([*strong.sources, *weak.sources])))


def _from_playbook(facts: Facts, catalog: Catalog) -> Iterator[Hypothesis]:
    available = catalog.families(facts.data, facts.competition)
    first: dict[str, Recipe] = {}
    for recipe in carried.portfolio(facts, catalog):
        first.setdefault(recipe.model, recipe)
    bases = {e.family: (e.recipe, e) for e in reversed(parents(facts)) if e.recipe is not None}
    for entry in playbook.shipped():
        evidence, worth = entry.evidence(facts), _worth(entry, facts)
        if evidence is None or worth <= 0:
            continue
        if entry.names_family:
            untried = [
                f for f in entry.families if f in available and f in first and f not in history.tried_families(facts)
            ]
            for family in untried:
                yield _hypothesis(facts, entry, evidence, worth, first[family], None)
        else:
            for recipe, base in bases.values():
                if entry.suits(recipe):
                    yield _hypothesis(facts, entry, (*evidence, base.id), worth, entry.applied_to(recipe), base)


def _hypothesis(
    facts: Facts, entry: Entry, evidence: Sequence[str], worth: float, recipe: Recipe, base: ExperimentFact | None
) -> Hypothesis:
    known = learnings.find(facts.learnings, learnings.family_id(facts, recipe.model))
    sources = (entry.id, *evidence, *([known.id] if known else []))
    units = worth * learnings.family_factor(facts, recipe.model)
    units *= RESEARCH_OVER_TUNING if learnings.in_force(facts, "L3") else 1.0
    where = recipe.model.replace("_", " ") + (f" on {base.id}" if base else "")
    return Hypothesis(
        id="",
        text=f"{entry.title} ({where})",
        family=recipe.model,
        expected_gain=units * history.noise(facts),
        why=f"{entry.why} [{', '.join(sources)}]",
        sources=sources,
        recipe=recipe,
    )


def _worth(entry: Entry, facts: Facts) -> float:
    """The entry's gain in noise floors after what the campaign saw of it: 0 once it is retired."""
    credit = history.credit(facts)
    tries = [e for e in facts.experiments if f"{entry.id}," in e.hypothesis or f"{entry.id}]" in e.hypothesis]
    settled = [e for e in tries if e.status in ("done", "killed", "failed")]
    if not settled or entry.names_family:
        return entry.gain
    won = sum(credit.get(e.id, 0.0) for e in settled) / history.noise(facts)
    if won <= 0:
        return 0.0 if len(settled) >= RETIRED_AFTER else entry.gain * SECOND_FAMILY
    return SECOND_FAMILY * (entry.gain + won) / (1 + len(settled))


def _transfers(facts: Facts, catalog: Catalog) -> Iterator[Hypothesis]:
    """Feature options that gained on one family, for the other leaders."""
    by_id = {e.id: e for e in facts.experiments}
    leaders = parents(facts)
    for e in history.scored(facts):
        parent = by_id.get(e.parents[0]) if e.parents else None
        if parent is None or parent.recipe is None or e.recipe is None or e.recipe.model != parent.recipe.model:
            continue
        options = {k: v for k, v in e.recipe.features.items() if parent.recipe.features.get(k) != v}
        won = history.gain(facts, e, parent) if parent.score is not None else 0.0
        if not options or won < history.noise(facts):
            continue
        for other in leaders:
            if other.recipe is None or other.recipe.kind != e.recipe.kind or other.family == e.family:
                continue
            heard = {k: v for k, v in options.items() if catalog.heeds(other.recipe, k)}
            if not heard:
                continue
            recipe = replace(other.recipe, features={**other.recipe.features, **heard})
            names = ", ".join(f"{k}={v}" for k, v in heard.items())
            yield Hypothesis(
                id="",
                text=f"{names} carries over to {other.family.replace('_', ' ')} on {other.id}",
                family=other.family,
                expected_gain=min(won, 3 * history.noise(facts)) * SECOND_FAMILY,
                why=f"gained {won:.3g} from {parent.id} to {e.id} [{parent.id}, {e.id}, {other.id}]",
                sources=(parent.id, e.id, other.id),
                recipe=recipe,
            )


def _brief_text(brief: Brief, found: Sequence[Hypothesis]) -> str:
    facts = brief.facts
    lines = [f"# Round {brief.round}: research", "", "## New", "", *_news(facts, brief.round), "", "## Hypotheses", ""]
    if not found:
        lines.append("Nothing new: every idea that the playbook and the registry suggest has been tried.")
    for h in found:
        units = h.expected_gain / history.noise(facts)
        line = f"1. **{h.text}** — {units:.1f} noise floors. {h.why}"
        if len(" ".join([*lines, line]).split()) > MOST_WORDS:
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _news(facts: Facts, round_number: int) -> list[str]:
    """Round 1: what the audit warns of. Later: what the last round's experiments showed."""
    if not facts.experiments:
        loud = [a for a in facts.audit if a.severity != "info"]
        return [_audit_line(a) for a in loud[:6]] or ["- The audit found nothing that would change the approach."]
    lines = []
    for e in [e for e in facts.experiments if e.round == round_number - 1][:8]:
        outcome = cite(e.score, e.id) if e.score is not None else f"{e.status}: {e.message[:60]}"
        lines.append(f"- {e.id} {e.name} ({e.operator}): {outcome}")
    if facts.blends:
        newest = facts.blends[-1]
        lines.append(f"- Blend: {cite(newest.score, blend_name(newest))}, {len(newest.weights)} members")
    if history.plateau(facts):
        lines.append("- Plateau: the blend gained less than the noise floor over the last rounds.")
    return lines or ["- Nothing ran since the last brief."]


def _audit_line(finding: AuditFinding) -> str:
    where = f" `{finding.column}`" if finding.column else ""
    return f"- {finding.check}{where}: {' '.join(finding.message.split()[:30])}"


def _raw_text(brief: Brief, found: Sequence[Hypothesis]) -> str:
    """Every playbook entry with whether it applies, every audit finding, and the learnings in force."""
    facts = brief.facts
    lines = [f"# Round {brief.round}: research, raw notes", "", "## Playbook", ""]
    for entry in playbook.shipped():
        evidence = entry.evidence(facts)
        state = "does not apply" if evidence is None else f"applies ({', '.join(evidence) or 'always'})"
        lines.append(
            f"- {entry.id} {entry.title}: {state}; worth {_worth(entry, facts):.2f} noise floors; {entry.source}"
        )
    lines += ["", "## Audit", "", *(f"- {a.severity} {a.check} {a.column or ''}: {a.message}" for a in facts.audit)]
    lines += ["", "## Learnings", ""]
    for known in facts.learnings:
        state = "in force" if learnings.in_force(facts, known.id) else "overturned"
        lines.append(f"- {known.id} {state} ({known.support} for, {known.contradicted} against): {known.rule}")
    lines += ["", "## Hypotheses", "", *(f"- {h.id} {h.text}: {h.expected_gain:.4g}; {h.why}" for h in found)]
    return "\n".join(lines) + "\n"
