"""What is asked: the competition as intake fixed it, the data's facts, the hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from podium.protocol import Column
from podium.records.words import Direction, SubmissionKind


@dataclass(frozen=True)
class Evidence:
    """Why intake believes a value: the sentence or the measurement, and how sure it is (0..1)."""

    value: str
    why: str
    confidence: float


@dataclass(frozen=True)
class Brought:
    """What the user brings beside the data, from config.json: absolute paths, copied into the campaign as it is made."""

    existing_oof_dir: str | None = None  # predictions nobody saw made: an untrusted pool
    use_imported: bool = False  # whether submissions may blend them
    deadline: str | None = (
        None  # ISO 8601 in UTC, the config's own: it binds; one read in a description may be of years ago
    )
    best_pipeline_script: str | None = None
    scraper_path: str | None = None
    run_scraper: bool = False  # leave to execute it, once
    kaggle_username: str | None = None
    submission_time_zone: str = (
        "UTC"  # of the day that max_submissions_per_day counts by, where the platform tells no quota
    )
    team: Mapping[str, str] = field(default_factory=dict)  # role → seat
    external_files: tuple[str, ...] = ()  # data from elsewhere that the user names, or keeps in `external/`
    weights: tuple[str, ...] = ()  # pretrained weights that the user names (podium.weights)


@dataclass(frozen=True)
class Competition:
    """What is asked, in `config.json`'s keys. Fixed in code at intake, before any role speaks."""

    competition: str  # slug
    data_dir: str
    task_type: str  # binary_classification, multiclass_classification, multilabel_classification, regression, ordinal…
    metric: str  # canonical name in podium.metrics
    metric_direction: Direction
    target_columns: tuple[str, ...]
    id_column: str | None
    submission_columns: tuple[str, ...]  # the header, in order, id included
    submission_kind: SubmissionKind  # what a cell of the submission holds
    classes: tuple[str, ...] = ()  # as spelled in train, in submission order; () for regression
    train_file: str = ""  # relative to data_dir
    test_file: str = ""
    sample_file: str = ""
    group_column: str | None = None
    time_column: str | None = None
    label_side_columns: tuple[str, ...] = ()  # train has them, test does not
    cv_strategy: str = "stratified"  # podium.competition.splits.STRATEGIES
    cv_folds: int = 5
    cv_gap: float = 0.0  # time between training and validation: days for dates, else the time column's unit
    cv_horizon: float = 0.0  # length of a validation window in the same unit (last_n: rows a group); 0: by rows
    deadline: str | None = None
    max_submissions_per_day: int | None = None
    knowledge_files: tuple[str, ...] = ()
    description: str = ""
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    metric_title: str = ""  # what people are shown; the canonical name where empty
    proxy_for: str = ""  # the competition's own score, where its formula is unknown and `metric` stands in for it
    proxy_direction: Direction | None = None  # which way that score is better
    brought: Brought = field(default_factory=Brought)
    id_columns: tuple[
        str, ...
    ] = ()  # several that name a row together; `id_column` is then their names joined by commas
    inputs: tuple[str, ...] = ("table",)  # what a row's features are: table, image, audio, video, file, text, series …
    train_one_in: int = 1  # of so many rows of train, one is read: more do not fit in memory
    labels_file: str = ""  # joined to train: a table of its labels
    table_files: tuple[str, ...] = ()  # side tables, joined where a key allows
    target_name: str = ""  # what the answer is called where it is no column of train: boxes, next character
    external_data: str = "ask"  # whether the rules allow data from elsewhere: yes, no; ask where they are silent
    pretrained: str = "ask"  # whether they allow pretrained models; used unless they say no
    surrogate: str = (
        ""  # a smooth metric that the search goes by, where `metric` moves in steps; empty: `metric` itself
    )

    @property
    def metric_shown(self) -> str:
        """The metric as people are told of it: a file's NAME, or which score a proxy stands in for."""
        return self.metric_title or self.metric

    @property
    def looks_forward(self) -> bool:
        """Whether a run may see nothing later than its fold: test is predicted by a final refit."""
        return self.cv_strategy in ("forward", "last_n")


@dataclass(frozen=True)
class AuditFinding:
    """One thing the audit saw. `severity`: info, warn, block."""

    check: str  # leak, duplicate, drift, missing, cardinality, order, id, imbalance, noise, label_side, structure …
    severity: Literal["info", "warn", "block"]
    column: str | None
    figure: float | None
    message: str


@dataclass(frozen=True)
class Probed:
    """What one probe of an experiment came to (`podium.referee.probes.NAMES`); skipped: not probed, the message says why."""

    probe: str
    outcome: Literal["passed", "warned", "failed", "skipped"]
    figure: float | None
    bound: float | None  # what the figure is held against
    message: str
    detail: Mapping[str, float] = field(
        default_factory=dict
    )  # further figures: importance by column, skill before and after


@dataclass(frozen=True)
class DataFacts:
    """Size and shape of the dealt data, as measured at intake."""

    n_train: int  # rows with folds: vault excluded
    n_vault: int
    n_test: int
    n_folds: int
    columns: tuple[Column, ...]
    n_outputs: int
    target_cardinality: int  # classes, or distinct values of a regression target
    n_groups: int = 0
    target_skew: float = 0.0  # sample skewness of a single regression target, else 0
    target_min: float = 0.0


@dataclass(frozen=True)
class Hardware:
    cores: int
    memory_mb: int
    gpus: tuple[str, ...] = ()
    sandbox_level: str = "process"  # bubblewrap, landlock, process
