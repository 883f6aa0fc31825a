"""The manager: writes the charter from what intake fixed. It plans nothing and implements nothing."""

from __future__ import annotations

from podium.records import Brief, Charter, Competition, DataFacts, Requirement


def charter(brief: Brief) -> Charter:
    facts = brief.facts
    wanted = tuple(Requirement(f"Q{n}", text) for n, text in enumerate(_requirements(facts.competition), 1))
    return Charter(_text(facts.competition, facts.data, wanted), wanted)


def _requirements(competition: Competition) -> list[str]:
    """What any valid result of this kind of task satisfies."""
    wanted = ["Every row that is asked for has a finite prediction."]
    if competition.task_type.endswith("_classification"):
        wanted.append("Predictions are probabilities; of exclusive classes they sum to 1.")
        wanted.append("Mean probabilities stay near the classes' shares: labels are read the right way round.")
    else:
        wanted.append("Predictions stay in the neighbourhood of the labels' range.")
        wanted.append("No prediction repeats a label to its last digit: labels of scored rows are known to nobody.")
    wanted.append("Predictions differ between rows: the features are used.")
    return wanted


def _text(competition: Competition, data: DataFacts, wanted: tuple[Requirement, ...]) -> str:
    better = "higher" if competition.metric_direction == "higher" else "lower"
    targets = ", ".join(f"`{name}`" for name in competition.target_columns[:12])
    targets += f" and {len(competition.target_columns) - 12} more" if len(competition.target_columns) > 12 else ""
    lines = [
        "# Charter",
        "",
        f"Predict {targets} ({competition.task_type.replace('_', ' ')}) for {data.n_test:,} rows; scored by "
        f"**{competition.metric_shown}**, {better} is better.",
        "",
        f"What counts is the honest estimate on {data.n_train:,} rows in {data.n_folds} folds "
        f"({competition.cv_strategy}), not the mean of a lucky run: a champion's gain stands above the noise.",
        "",
        "Every valid result satisfies:",
        "",
        *(f"- **{one.id}** {one.text}" for one in wanted),
        "",
        "The manager writes these terms and implements nothing; QA checks them without seeing any solution.",
    ]
    return "\n".join(lines) + "\n"
