"""What `podium init` shows of the audit: a few lines of each check, columns named, the gravest first."""

from __future__ import annotations

from typing import Any

from podium.cli.understanding import audit_lines


def finding(check: str, severity: str, message: str, column: str | None = None) -> dict[str, Any]:
    return {"check": check, "severity": severity, "message": message, "column": column, "figure": 0.1}


def test_the_gravest_come_first_and_columns_are_named_once() -> None:
    lines = audit_lines(
        [
            finding("skew", "info", "price is skewed", "price"),
            finding("leak", "warn", "alone gives the target away", "answer"),
        ]
    )
    assert lines[0].startswith("warn  leak") and lines[0].endswith("answer alone gives the target away")
    assert lines[1].endswith("price is skewed")


def test_many_findings_of_a_check_are_counted() -> None:
    lines = audit_lines([finding("missing", "info", f"x{i} has gaps", f"x{i}") for i in range(12)])
    assert len(lines) == 4
    assert lines[-1].endswith("and 9 more of this kind")


def test_single_columns_share_a_line() -> None:
    lines = audit_lines([finding("association", "info", f"AUC 0.{9 - i} alone", f"x{i}") for i in range(5)])
    assert len(lines) == 1 and "x0 AUC 0.9 alone, x1 AUC 0.8 alone" in lines[0]
