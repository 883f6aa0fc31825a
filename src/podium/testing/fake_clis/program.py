"""A program for the command seat: a brief on stdin, a deliverable on stdout. Also an example of how little it takes."""

from __future__ import annotations

import json
import sys

from podium.testing.fake_clis import acts


def main(settings_json: str) -> None:
    settings = json.loads(settings_json)
    document = sys.stdin.read()
    assert json.loads(document)["schema_version"] == 1
    act = acts.perform(settings, document)
    print(act.text if act.broken is None else act.broken)
    sys.exit(act.status)
