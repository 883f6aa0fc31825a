"""The few words that fields of records may be."""

from __future__ import annotations

from typing import Literal

Direction = Literal["higher", "lower"]
Role = Literal["manager", "cto", "researcher", "builder", "qa", "reviewer", "reflector", "uploader"]
Phase = Literal[
    "eda", "charter", "stack", "retro", "research", "plan", "review", "revise", "checks", "build",
    "run", "verify", "decide", "submit", "learn",
]  # fmt: skip
SubmissionKind = Literal[
    "label", "probability", "value", "labels", "ranking", "boxes", "mask", "image", "series", "text", "distribution"
]
Operator = Literal["draft", "improve", "debug", "crossover", "ablate", "stack", "replicate"]
Status = Literal["queued", "running", "killed", "failed", "done"]
Verdict = Literal["invalid", "pooled", "champion"]
RunKind = Literal["prepare", "fit", "predict"]
