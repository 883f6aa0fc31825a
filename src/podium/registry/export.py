"""The registry as plain values, without anything measured by a clock: what two equal campaigns agree on.

Left out: times, CPU seconds, process facts, attempts that came to nothing, events, and the model files' hashes (a pickle
may differ where its predictions do not).
"""

from __future__ import annotations

import json
from typing import Any

from podium.registry.database import Database

_QUERIES = {
    "steps": "SELECT key, round, phase, result FROM steps ORDER BY key",
    "experiments": "SELECT id, round, spec, seed, fingerprint, solution_sha, status, verdict, score, stderr, fold_scores, merit, "
    "paired, alarms, external FROM experiments ORDER BY id",
    "runs": "SELECT key, experiment, kind, part, json_extract(exit, '$.outcome') AS outcome, "
    "json_extract(exit, '$.files.\"predictions.npy\"') AS predictions FROM runs ORDER BY key",
    "gates": "SELECT experiment, fold, gate FROM gates ORDER BY experiment",
    "audit": "SELECT position, finding FROM audit ORDER BY position",
    "blends": "SELECT round, weights, space, score, stderr, vault_score, merit FROM blends ORDER BY round",
    "submissions": "SELECT tag, round, sha256, state, expected FROM submissions ORDER BY tag",
    "imported": "SELECT id, name, state, oof_sha, holdout_sha, score, stderr, message FROM imported ORDER BY id",
    "imported_blends": "SELECT round, weights, space, score, stderr FROM imported_blends ORDER BY round",
    "external": "SELECT id, source, what, why, licence, state, sha256, round, used_as, rows, dropped, message FROM external "
    "ORDER BY id",
    "external_trials": "SELECT * FROM external_trials ORDER BY round, experiment",
    "probes": "SELECT experiment, probe, outcome, probed FROM probes ORDER BY experiment, probe",
    "learnings": "SELECT id, learning FROM learnings ORDER BY id",
}
_WORDS = ("source", "what", "why", "licence", "message")  # people's and models' own, never JSON


def export(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Table → rows, in key order."""
    return {table: [_plain(row) for row in database.rows(query)] for table, query in _QUERIES.items()}


def _plain(row: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict(row)
    for key, value in values.items():
        if isinstance(value, str) and key not in _WORDS and value.startswith(("[", "{")):
            values[key] = json.loads(value)
    return values
