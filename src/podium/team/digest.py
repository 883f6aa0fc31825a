"""A brief's facts as flat text for a mind with a context limit. Each part has its own bound, so that a brief of round 80
is as long as one of round 8: figures, the best and newest experiments, findings, paths; never history."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from podium.records import Brief, ExperimentFact, Facts
from podium.team.citations import blend_name, cite_worth
from podium.team.quoting import clip, quote
from podium.team.roles import SCOPES

BEST, NEWEST = 10, 8  # experiments shown in full
LINE_CHARS = 320
LEAST_CHARS = 700  # of a part, however short a digest is to be
Part = Callable[[Facts, int], str]


def digest(brief: Brief, share: float = 1.0) -> str:
    """Markdown of what the role is shown (its scope is applied again here). At most `limit()` characters.

    `share` of each part's bound, where a mind has little room.
    """
    facts = SCOPES[brief.role].shown(brief.facts)
    texts = [(title, part(facts, max(LEAST_CHARS, int(share * chars))).strip()) for title, chars, part in PARTS]
    texts.append(("Files you may read", _paths(brief, int(share * PATH_CHARS))))
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in texts if text)


def limit() -> int:
    """Characters that no digest exceeds."""
    return sum(chars + len(title) + 80 for title, chars, _ in PARTS) + PATH_CHARS + 80


def lines(texts: Iterable[str], chars: int) -> str:
    """Whole lines, in order, as many as fit; each at most `LINE_CHARS` long. Says how many are left out."""
    kept: list[str] = []
    size, left_out = 0, 0
    for text in texts:
        line = clip(" ".join(text.split()), LINE_CHARS)
        if left_out or size + len(line) + 1 > chars - 40:
            left_out += 1
            continue
        kept.append(line)
        size += len(line) + 1
    if left_out:
        kept.append(f"- … and {left_out} more")
    return "\n".join(kept)


# ---------------------------------------------------------------- parts


def _competition(facts: Facts, chars: int) -> str:
    """What the engine fixed; and, fenced, every name that came out of the competition's files."""
    it = facts.competition
    fixed = {
        "task": it.task_type,
        "metric": f"{it.metric} ({it.metric_direction} is better)",
        "a cell of the submission": f"a {it.submission_kind}",
        "folds": f"{facts.data.n_folds}, {it.cv_strategy}",
        "data from elsewhere": it.external_data,
        "pretrained models": it.pretrained,
        "submissions a day": str(it.max_submissions_per_day or ""),
    }
    names = {
        "competition": it.competition,
        "metric as its owner calls it": it.metric_title if it.metric_title != it.metric else "",
        "target": ", ".join(it.target_columns[:20]) + (" …" if len(it.target_columns) > 20 else ""),
        "classes": ", ".join(it.classes[:20]) + (" …" if len(it.classes) > 20 else ""),
        "id": it.id_column or "",
        "columns of the submission": ", ".join(it.submission_columns[:20]),
        "group": it.group_column or "",
        "time": it.time_column or "",
        "label-side columns (train only)": ", ".join(it.label_side_columns),
        "deadline": it.deadline or "",
    }
    head, listed = (lines((f"- {name}: {v}" for name, v in said.items() if v), chars // 2) for said in (fixed, names))
    return f"{head}\n{_fenced(listed, 'names in the files', chars // 2)}"


def _description(facts: Facts, chars: int) -> str:
    return _fenced(facts.competition.description, "the competition's description", chars)


def _data(facts: Facts, chars: int) -> str:
    data = facts.data
    head = f"{data.n_train} labelled rows, {data.n_test} test rows, {data.n_vault} held out from everyone"
    more = f"; {len(data.columns)} columns" + (f"; {data.n_groups} groups" if data.n_groups else "")
    columns = (
        f"{c.name}: {c.kind}, {c.n_unique} values" + (f", {c.missing:.1%} missing" if c.missing else "")
        for c in data.columns
    )
    listed = lines(columns, chars - 400)
    if facts.external:
        more += f"; from elsewhere: {'; '.join(facts.external)}"[:600]
    return f"{head}{more}; predictions are {data.n_outputs} wide.\n" + _fenced(listed, "columns", chars)


def _machine(facts: Facts, chars: int) -> str:
    hardware, budget = facts.hardware, facts.budget
    said = [
        f"- {hardware.cores} cores, {hardware.memory_mb} MB, {', '.join(hardware.gpus) or 'no GPU'}",
        f"- {budget.slots} runs at a time, {budget.threads} threads a run",
        f"- round {facts.round}; {facts.n_experiments} experiments so far",
    ]
    if budget.time_left_s is not None:
        said.append(f"- {budget.time_left_s:.0f} s left of {budget.time_total_s or 0:.0f} s")
    if budget.experiments_left is not None:
        said.append(f"- {budget.experiments_left} experiments left")
    return lines(said, chars)


def _charter(facts: Facts, chars: int) -> str:
    if facts.charter is None:
        return ""
    asked = lines((f"- {one.id}: {one.text}" for one in facts.charter.requirements), chars // 2)
    return asked + "\n\n" + _fenced(facts.charter.text, "the charter's text", chars // 2 - 2)  # it names columns


def _stack(facts: Facts, chars: int) -> str:
    if facts.stack is None:
        return ""
    return clip(f"Libraries: {', '.join(facts.stack.libraries)}\n\n{facts.stack.text}", chars)


def _audit(facts: Facts, chars: int) -> str:
    order = {"block": 0, "warn": 1, "info": 2}
    found = sorted(facts.audit, key=lambda one: order[one.severity])
    return _fenced(
        lines((f"- {one.severity} {one.check}: {one.message}" for one in found), chars - 120), "audit", chars
    )


def _experiments(facts: Facts, chars: int) -> str:
    if not facts.experiments:
        return "None yet."
    scored = [e for e in facts.experiments if e.score is not None]
    best = sorted(scored, key=lambda e: (-facts.worth(e), e.id))[:BEST]
    newest = [e for e in sorted(facts.experiments, key=lambda e: e.id)[-NEWEST:] if e not in best]
    families = ", ".join(f"{name} {count}" for name, count in sorted(facts.families.items(), key=lambda f: -f[1])[:20])
    text = f"Champion: {facts.champion or 'none yet'}. Noise floor: {facts.noise_floor:.3g}. Tried by family: {families}.\n\n"
    asked = facts.competition
    if asked.surrogate:
        text += (
            f"{asked.metric} moves in steps, so experiments are compared by merit (from {asked.surrogate}, more is better); "
            "gains and the noise floor are in its unit.\n\n"
        )
    half = (chars - len(text) - 80) // 2
    text += "The best:\n" + lines(map(_experiment, best), half)
    return text + ("\n\nThe newest besides:\n" + lines(map(_experiment, newest), half) if newest else "")


def _experiment(one: ExperimentFact) -> str:
    figures = "no score" if one.score is None else f"score {one.score:.6g} [{one.id}.score]"
    if one.stderr is not None:
        figures += f" ± {one.stderr:.2g}"
    if one.merit is not None:
        figures += f", merit {one.merit:.6g} [{one.id}.merit]"
    of = f" of {', '.join(one.parents)}" if one.parents else ""
    more = [f"{one.cost_s:.0f} s"]
    if one.correlation is not None:
        more.append(f"correlation with the champion {one.correlation:.3f}")
    if one.blend_weight:
        more.append(f"weight in the blend {one.blend_weight:.2f}")
    return (
        f"- {one.id}, round {one.round}: {one.operator}{of}, {one.family}, {one.verdict or one.status}; {figures}; "
        f"{'; '.join(more)}. {one.name}: {clip(one.hypothesis, 120)}"
    )


def _failures(facts: Facts, chars: int) -> str:
    failed = [e for e in sorted(facts.experiments, key=lambda e: e.id, reverse=True) if e.message][:NEWEST]
    told = lines((f"- {e.id} {e.status}: {clip(e.message, 200)}" for e in failed), chars - 120)
    return _fenced(told, "messages of runs", chars)


def _blends(facts: Facts, chars: int) -> str:
    newest = facts.blends[-5:]
    return lines(
        (
            f"- {blend_name(b)}: score {cite_worth(b)} (the score ± {b.stderr:.2g}); "
            + ", ".join(f"{id_} {weight:.2f}" for id_, weight in sorted(b.weights.items(), key=lambda w: -w[1])[:8])
            for b in reversed(newest)
        ),
        chars,
    )


def _correlations(facts: Facts, chars: int) -> str:
    pairs = {
        tuple(sorted((a, b))): value for a, row in facts.correlations.items() for b, value in row.items() if a != b
    }
    closest = sorted(pairs.items(), key=lambda item: (-abs(item[1]), item[0]))
    return lines((f"- {a}, {b}: {value:.4f}" for (a, b), value in closest[:12]), chars)


def _learnings(facts: Facts, chars: int) -> str:
    best = sorted(facts.learnings, key=lambda one: (one.contradicted - one.support, one.id))
    return lines((f"- {one.id} (+{one.support} −{one.contradicted}): {one.rule}" for one in best), chars)


def _recalled(facts: Facts, chars: int) -> str:
    """Fenced: names of other competitions came with other data."""
    told = lines(
        (f"- {one.recipe.model} {dict(one.recipe.features)}: {one.source}" for one in facts.recalled), chars - 120
    )
    return _fenced(told, "blends of earlier campaigns", chars) if told else ""


def _reopened(facts: Facts, chars: int) -> str:
    """Fenced: a reason may quote the message of a run."""
    told = lines((f"- {one.experiment}: {one.why}" for one in facts.reopened), chars - 120)
    return _fenced(told, "the newest retro", chars) if told else ""


def _explained(facts: Facts, chars: int) -> str:
    """Fenced: conditions quote names and values of the data."""
    told = lines((f"- {one.kind}: {one.text}" for one in facts.explained), chars - 120)
    return _fenced(told, "where the blend errs, by the referee", chars) if told else ""


def _notes(facts: Facts, chars: int) -> str:
    return lines((f"- {note}" for note in reversed(facts.notes)), chars)


def _sources(facts: Facts, chars: int) -> str:
    """Fenced: links and their words are the description's, or the user's catalogue's."""
    told = lines((f"- {one.url} (licence: {one.licence}): {one.what}" for one in facts.sources), chars - 120)
    return _fenced(told, "sources that may be proposed", chars) if told else ""


def _hypotheses(facts: Facts, chars: int) -> str:
    return lines(
        (f"- {h.id} ({h.family}, {h.expected_gain:.3g}): {h.text} Because: {h.why}" for h in facts.hypotheses), chars
    )


def _plan(facts: Facts, chars: int) -> str:
    return lines(
        (
            f"- {i}. {spec.name} ({spec.operator}{' of ' + ', '.join(spec.parents) if spec.parents else ''}, {spec.family}, "
            f"gain {spec.expected_gain:.3g}, {spec.cost_s:.0f} s): {spec.hypothesis}"
            for i, spec in enumerate(facts.plan, 1)
        ),
        chars,
    )


def _review(facts: Facts, chars: int) -> str:
    if facts.review is None:
        return ""
    failed = lines(
        (f"- failed: {check.name}: {check.message}" for check in facts.review.checks if not check.passed), chars // 2
    )
    return f"{facts.review.verdict}: {clip(facts.review.reason, 300)}\n{failed}\n{clip(facts.review.text, chars // 2 - 340)}"


def _paths(brief: Brief, chars: int) -> str:
    return lines((f"- {path}" for path in reversed(brief.reads)), chars)


def _fenced(text: str, source: str, chars: int) -> str:
    return quote(clip(text, chars - 120), source)


PARTS: tuple[tuple[str, int, Part], ...] = (
    ("The competition", 1600, _competition),
    ("Its description", 3500, _description),
    ("Data", 2600, _data),
    ("Machine and budget", 500, _machine),
    ("Charter", 3000, _charter),
    ("Stack", 1200, _stack),
    ("Audit", 2200, _audit),
    ("Experiments", 4400, _experiments),
    ("What failed", 1500, _failures),
    ("Blends, newest first", 900, _blends),
    ("Closest pairs (correlation of OOF)", 500, _correlations),
    ("Where the blend errs", 2100, _explained),
    ("Learnings", 1900, _learnings),
    ("What carried blends on like data", 600, _recalled),
    ("Data from elsewhere that may be proposed", 420, _sources),
    ("Given up too early, says the retro", 900, _reopened),
    ("Notes from people, newest first", 1200, _notes),
    ("This round's hypotheses", 2800, _hypotheses),
    ("This round's plan", 3000, _plan),
    ("This round's review", 1600, _review),
)
PATH_CHARS = 1500
