"""One object for all tables of a campaign's registry; each table's own file has the verbs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.errors import CampaignError, EngineBusy
from podium.records import AuditFinding, Learning, dumps, from_json
from podium.registry.blends import Blends
from podium.registry.candidates import Candidates
from podium.registry.database import Database
from podium.registry.deliveries import Deliveries
from podium.registry.events import Events
from podium.registry.experiments import Experiments
from podium.registry.export import export
from podium.registry.external import ExternalData
from podium.registry.extras import Extras
from podium.registry.imported import ImportedPool
from podium.registry.inbox import Inbox
from podium.registry.journal import Journal
from podium.registry.ledger import Ledger
from podium.registry.lock import EngineLock
from podium.registry.probes import Probes
from podium.registry.proxies import Proxies
from podium.registry.runs import Runs
from podium.registry.submissions import Submissions
from podium.registry.transcripts import Transcripts


class Registry:
    """The campaign's facts. `create` is the engine's (hold the lock first); `open` is everybody else's."""

    FILE = "podium.db"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.journal = Journal(database)
        self.experiments = Experiments(database)
        self.runs = Runs(database)
        self.blends = Blends(database)
        self.submissions = Submissions(database)
        self.candidates = Candidates(database)
        self.imported = ImportedPool(database)
        self.proxies = Proxies(database)
        self.probes = Probes(database)
        self.ledger = Ledger(database)
        self.inbox = Inbox(database)
        self.events = Events(database)
        self.transcripts = Transcripts(database)
        self.deliveries = Deliveries(database)
        self.extras = Extras(database)
        self.external = ExternalData(database)

    @classmethod
    def create(cls, campaign: Path) -> Registry:
        """Create or migrate, and take over as the one engine that writes."""
        database = Database.create(campaign / cls.FILE)
        database.take_over()
        return cls(database)

    @classmethod
    def open(cls, campaign: Path) -> Registry:
        """For readers, and for writers of the inbox. What an older Podium made is brought up to date first, unless an engine is
        at work on it. Raises CampaignError where there is no campaign, or none that can be."""
        path = campaign / cls.FILE
        if not path.is_file():
            raise CampaignError(
                f"{campaign} is not a campaign",
                expected=f"a folder with {cls.FILE}",
                found="no such folder" if not campaign.is_dir() else "a folder without one",
                remedy="start one with `podium run PATH --campaign DIR`",
            )
        database = Database(path)
        try:
            if database.is_behind() and not EngineLock.is_held(campaign):
                _bring_up_to_date(path)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def setting(self, key: str) -> Any | None:
        """A value fixed at creation (or the engine's state of the moment), from JSON."""
        row = self.database.row("SELECT value FROM meta WHERE key=?", key)
        return None if row is None else json.loads(row["value"])

    def set(self, key: str, value: Any) -> None:
        with self.database.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, dumps(value)))

    def set_audit(self, findings: tuple[AuditFinding, ...]) -> None:
        with self.database.write() as db:
            for position, finding in enumerate(findings):
                db.execute("INSERT OR REPLACE INTO audit VALUES (?,?)", (position, dumps(finding)))

    def audit(self) -> tuple[AuditFinding, ...]:
        rows = self.database.rows("SELECT finding FROM audit ORDER BY position")
        return tuple(from_json(AuditFinding, json.loads(row["finding"])) for row in rows)

    def add_learning(self, learning: Learning, round_: int) -> None:
        with self.database.write() as db:
            db.execute("INSERT OR REPLACE INTO learnings VALUES (?,?,?)", (learning.id, dumps(learning), round_))

    def learnings(self) -> tuple[Learning, ...]:
        rows = self.database.rows("SELECT learning FROM learnings ORDER BY id")
        return tuple(from_json(Learning, json.loads(row["learning"])) for row in rows)

    def export(self) -> Mapping[str, list[dict[str, Any]]]:
        return export(self.database)

    def close(self) -> None:
        self.database.close()


def _bring_up_to_date(path: Path) -> None:
    lock = EngineLock(path.parent)
    try:
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path} cannot be written")
        lock.acquire()
        Database.create(path).close()
    except EngineBusy:
        return  # one has just begun, and does it itself
    except OSError as problem:
        raise CampaignError(
            f"{path.parent} was made by an older Podium and cannot be brought up to date",
            expected="a folder that can be written", found=str(problem), remedy="copy it to one",
        ) from problem  # fmt: skip
    finally:
        lock.release()
