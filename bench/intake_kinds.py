"""What `podium init --json` understands of real competitions, beside what is known of them.

    python bench/intake_kinds.py TASKS_FOLDER [ID …]

TASKS_FOLDER/<id>/public is what a contestant gets, <id>/meta.json what is true: kind, metric, direction, target, id.
Config.json must be absent. A row is right, refused (with its question), or WRONG; the exit status is the number of WRONG ones.
What meta.json calls by other words is mapped here: METRICS, TASKS. A target that is no column of train ("boxes",
"items", "next character") is right where intake calls the answer so, or names the columns it is made of.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

METRICS = {
    "ROC AUC": "auc",
    "mean ROC AUC": "auc",
    "accuracy": "accuracy",
    "multi-class log loss": "log_loss",
    "RMSLE": "rmsle",
    "mean column-wise RMSLE": "rmsle",
    "RMSE of log prices": "rmse_log",
    "quadratic weighted kappa": "qwk",
    "Pearson correlation": "pearson",
    "sMAPE": "smape",
    "NDCG@10": "ndcg@10",
    "bits per character": "bits_per_character",
    "mean word-level Jaccard": "word_jaccard",
    "mean average precision over IoU thresholds": "mask_ap",
    "mAP@[.50:.95]": "box_map|coco_map",  # by the definition's "all points" the former
}
TASKS = (  # modality, a pattern of meta.json's kind, task types that are right
    ("detection", "", ("object_detection",)),
    ("segmentation", "", ("segmentation",)),
    ("recsys", "", ("recommendation",)),
    ("lm", "", ("language_modelling",)),
    ("timeseries", "forecasting", ("forecasting",)),
    ("", "span extraction", ("span_extraction",)),
    ("", "ordinal", ("ordinal_regression",)),
    ("", "multi-label", ("multilabel_classification",)),
    ("", r"binary( image)? classification", ("binary_classification",)),
    ("", "class", ("multiclass_classification",)),
    ("", "regression", ("regression",)),
)
PARTS_OF_BOXES = {"xmin", "bbox", "x_min", "predictionstring"}


def main(arguments: list[str]) -> int:
    tasks = Path(arguments[0])
    chosen = [tasks / name for name in arguments[1:]] or sorted(
        t for t in tasks.iterdir() if (t / "meta.json").is_file()
    )
    tally: dict[str, int] = {}
    print(f"{'competition':45}{'task':27}{'target':24}{'id':14}{'metric':20}{'direction':10}verdict")
    for task in chosen:
        verdict, found = judge(task)
        tally[verdict] = tally.get(verdict, 0) + 1
        shown = [
            str(found.get(k) or "–") for k in ("task_type", "target_column", "id_column", "metric", "metric_direction")
        ]
        print(f"{task.name[:44]:45}{shown[0]:27}{shown[1][:23]:24}{shown[2]:14}{shown[3]:20}{shown[4]:10}{verdict}")
        for line in found.get("told", []):
            print(f"    {line}")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.items(), key=lambda item: -item[1])))
    return tally.get("WRONG", 0)


def judge(task: Path) -> tuple[str, dict[str, Any]]:
    """(right, refused or WRONG; what init said, and what was wrong with it)."""
    if (task / "public" / "config.json").exists():
        return "WRONG", {"told": ["config.json is there: it would tell the answers"]}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "podium",
            "init",
            str(task / "public"),
            "--campaign",
            f"{folder}/c",
            "--json",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == 2:
        return "refused", {"told": [done.stderr.strip()]}
    if done.returncode:
        return "WRONG", {"told": [f"exit {done.returncode}: {done.stderr.strip()[-300:]}"]}
    found = json.loads(done.stdout)["competition"]
    wrong = differences(found, json.loads((task / "meta.json").read_text()))
    return ("WRONG" if wrong else "right"), {**found, "told": wrong}


def differences(found: dict[str, Any], meta: dict[str, Any]) -> list[str]:
    name = re.sub(r" over (\d+ targets|IoU thresholds [\d.:]+)$", lambda m: " over IoU thresholds" if "IoU" in m[0] else "",
                  meta["metric"]["name"])  # fmt: skip
    metric = METRICS[name]
    best = "higher" if meta["higher_is_better"] else "lower"
    checks = {
        "metric": (found["metric"], found["metric"] in metric.split("|"), metric),
        "metric_direction": (found["metric_direction"], found["metric_direction"] == best, best),
        "id_column": (found["id_column"], found["id_column"] == meta["id_column"], meta["id_column"]),
        "target": (found["target_columns"], right_target(found, meta["target"]), meta["target"]),
        "task_type": (found["task_type"], found["task_type"] in right_tasks(meta), "/".join(right_tasks(meta))),
    }
    return [f"{key}: {value}, which should be {right}" for key, (value, ok, right) in checks.items() if not ok]


def right_target(found: dict[str, Any], truth: str) -> bool:
    if truth == found["target_column"] or truth == found.get("target_name"):
        return True
    if truth == "boxes":
        return bool(PARTS_OF_BOXES & {c.lower() for c in found["target_columns"]})
    return sorted(found["target_columns"]) == sorted(part.strip() for part in truth.split(","))


def right_tasks(meta: dict[str, Any]) -> tuple[str, ...]:
    modality, kind = meta["modality"], meta["task_type"].lower()
    for of, words, tasks in TASKS:
        if (not of or of == modality) and re.search(words, kind):
            return tasks
    return ("unknown",)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
