"""What outlives a campaign: rules with the evidence of every campaign that tried them, in PODIUM_HOME/learnings.json."""

from podium.team.memory.home import Home
from podium.team.memory.rules import Evidence, Remembered, State, merged

__all__ = ["Evidence", "Home", "Remembered", "State", "merged"]
