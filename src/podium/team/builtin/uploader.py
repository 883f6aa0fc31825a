"""The uploader: wishes for a submission or holds. The engine decides, counts the quota and sends."""

from __future__ import annotations

from podium.records import Brief, Facts, Findings
from podium.team.builtin import history
from podium.team.citations import cite, cite_worth


def wish(brief: Brief) -> Findings:
    submit, why = recommend(brief.facts)
    return Findings(f"# Round {brief.round}: submission\n\n**{'submit' if submit else 'hold'}** {why}\n", (), submit)


def recommend(facts: Facts) -> tuple[bool, str]:
    """Submit the first blend, and whenever the newest is the best and beats every older one by the noise floor."""
    if not facts.blends:
        return False, "There is no blend yet."
    *older, newest = facts.blends
    score = cite_worth(newest)
    if not older:
        return True, f"The first valid blend scores {score}; a valid submission is worth having early."
    before = max(older, key=facts.worth)
    won = history.gain(facts, newest, before)
    compared = f"The blend scores {score}, against {cite_worth(before)} before"
    if won >= history.noise(facts):
        return True, f"{compared}: a gain above the noise floor."
    if won <= 0:
        return False, f"{compared}: no gain; quota is kept."
    return (
        False,
        f"{compared}: less than the noise floor {cite(facts.noise_floor, 'facts', 'noise_floor')}; quota is kept.",
    )
