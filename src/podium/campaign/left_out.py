"""What would be tried as well, were it installed: said before a campaign has spent its time without it."""

from __future__ import annotations

from podium.recipes import extras
from podium.records import AuditFinding, Competition, DataFacts


def left_out(competition: Competition, facts: DataFacts) -> tuple[AuditFinding, ...]:
    """One finding, `install`, with the command; none where no family is left out."""
    wanting = extras.wanting(facts, competition)
    if not wanting:
        return ()
    named = "; ".join(f"{', '.join(names)} ({extra})" for extra, names in wanting.items())
    text = f"not tried, for want of a library: {named}: pip install 'podium[{','.join(wanting)}]'"
    return (AuditFinding("install", "info", None, float(sum(map(len, wanting.values()))), text),)
