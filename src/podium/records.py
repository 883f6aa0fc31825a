"""The nouns that travel between packages: frozen, JSON-able, without behaviour beyond reading themselves.

`to_json(record)` and `from_json(Type, data)` turn any of them into plain JSON values and back.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from podium.protocol import Column

Direction = Literal["higher", "lower"]
Role = Literal["manager", "cto", "researcher", "builder", "qa", "reviewer", "reflector", "uploader"]
Phase = Literal[
    "eda", "charter", "stack", "retro", "research", "plan", "review", "revise", "checks", "build",
    "run", "verify", "decide", "submit", "learn",
]  # fmt: skip
SubmissionKind = Literal[
    "label", "probability", "value", "labels", "ranking", "boxes", "mask", "image", "series", "text", "distribution"
]
Operator = Literal["draft", "improve", "debug", "crossover", "ablate", "replicate"]
Status = Literal["queued", "running", "killed", "failed", "done"]
Verdict = Literal["invalid", "pooled", "champion"]
RunKind = Literal["prepare", "fit", "predict"]


# ---------------------------------------------------------------- what is asked


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


# ---------------------------------------------------------------- what is tried


@dataclass(frozen=True)
class Recipe:
    """What the built-in builder turns into a `solution.py`: a model on features, with parameters.

    `kind` is a recipes package (tabular, text); `model` a family known to its catalog (lightgbm, extra_trees, …).
    """

    kind: str
    model: str
    features: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentSpec:
    """One planned experiment. Seats that write code themselves leave `recipe` None."""

    name: str  # short, human, e.g. "LightGBM, slow and deep"
    hypothesis: str
    operator: Operator
    family: str  # for coverage and diversity: usually the model's name
    parents: tuple[str, ...] = ()
    expected_gain: float = 0.0  # in the metric's unit, of the blend, >= 0
    cost_s: float = 0.0  # static estimate, all folds, one core
    kill_rule: str = "stop when solo and blend gain cannot be positive after the first fold"
    recipe: Recipe | None = None
    seed_offset: int = 0  # replicates only
    sources: tuple[str, ...] = ()  # learnings, papers, notebooks, experiments this idea came from


@dataclass(frozen=True)
class Limits:
    """What one run may use. The supervisor enforces all of it."""

    wall_s: float
    memory_mb: int
    processes: int = 64
    disk_mb: int = 2048
    tmp_mb: int = 1024


@dataclass(frozen=True)
class RunExit:
    """How a run ended, as its supervisor wrote it to `exit.json`. Only `done` is ever cached as a result.

    `outcome`: done; error (the solution raised or broke the protocol); timeout, memory, disk, processes (a limit);
    lost (sandbox or supervisor died: try again); cancelled.
    """

    outcome: Literal["done", "error", "timeout", "memory", "disk", "processes", "lost", "cancelled"]
    wall_s: float
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    start_s: float = 0.0  # request read → solution's code entered
    sandbox_level: str = "process"
    message: str = ""  # last line of the error, for people and for the debug operator
    files: Mapping[str, str] = field(default_factory=dict)  # name → sha256, e.g. predictions.npy, model.pkl
    notes: Mapping[str, Any] = field(default_factory=dict)  # recorded facts: best_iteration, …


# ---------------------------------------------------------------- what roles see and hand back


@dataclass(frozen=True)
class ExperimentFact:
    """An experiment as a role sees it: figures from the registry, never from text."""

    id: str
    round: int
    name: str
    family: str
    operator: Operator
    hypothesis: str
    parents: tuple[str, ...]
    status: Status
    verdict: Verdict | None
    score: float | None  # on all folds it has
    stderr: float | None
    fold_scores: tuple[float, ...]
    cost_s: float  # CPU seconds measured over its runs; the static estimate where time must not decide
    expected_gain: float
    recipe: Recipe | None
    correlation: float | None = None  # of its OOF with the champion's
    blend_weight: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""  # why it failed or was killed


@dataclass(frozen=True)
class BlendFact:
    round: int
    score: float  # nested estimate
    stderr: float
    weights: Mapping[str, float]
    vault_score: float | None = None


@dataclass(frozen=True)
class Learning:
    """A rule with its evidence, carried from campaign to campaign."""

    id: str
    rule: str
    evidence: str
    applies_to: str = "any"
    support: int = 1
    contradicted: int = 0


@dataclass(frozen=True)
class Budget:
    """What is left. `time_left_s` is None where experiments are counted instead; `experiments_left` likewise."""

    time_left_s: float | None
    time_total_s: float | None
    experiments_left: int | None
    slots: int  # runs at a time
    threads: int  # threads a run
    speed: float = 1.0  # measured / estimated cost so far; always 1.0 where experiments are counted


@dataclass(frozen=True)
class Explained:
    """One line of why the blend errs, by the referee. `text` quotes names and values of the data; `columns` it speaks of."""

    kind: str  # slice, units, unused, left, metric, confidence, disagreement, labels, boxes
    columns: tuple[str, ...]
    figure: float | None
    text: str


@dataclass(frozen=True)
class Reopened:
    """An experiment that was given up too early, and how to try it again. `recipe` None: as its builder sees fit."""

    experiment: str
    why: str
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Facts:
    """Everything a brief says in figures. Flat as rounds pile up: at most the best 40 and the newest 20 experiments."""

    competition: Competition
    data: DataFacts
    audit: tuple[AuditFinding, ...]
    hardware: Hardware
    budget: Budget
    round: int
    seed: int
    experiments: tuple[ExperimentFact, ...]
    n_experiments: int
    families: Mapping[str, int]  # family → experiments tried
    champion: str | None
    noise_floor: float  # standard error of the champion's paired difference to its neighbours; 0 before there is one
    correlations: Mapping[str, Mapping[str, float]]  # pool × pool, OOF
    blends: tuple[BlendFact, ...]  # newest last, at most 20
    learnings: tuple[Learning, ...]
    fingerprints: tuple[str, ...] = ()  # hashes of recipes already tried, so that no idea is tried twice
    notes: tuple[str, ...] = ()  # from people, by `podium note`
    hypotheses: tuple[Hypothesis, ...] = ()  # this round's research
    plan: tuple[ExperimentSpec, ...] = ()  # this round's plan, once there is one
    review: Review | None = None  # this round's review, once there is one
    charter: Charter | None = None
    stack: Stack | None = None
    suggestions: tuple[Suggestion, ...] = ()  # of the search policy, for a builder that plans
    reopened: tuple[Reopened, ...] = ()  # by the newest retro
    explained: tuple[Explained, ...] = ()  # why the blend errs, as last looked at; at most a dozen lines
    external: tuple[str, ...] = ()  # what solutions have from elsewhere, and whether its rows pay
    sources: tuple[ExternalSource, ...] = ()  # known to the engine, not proposed yet: of the user's catalogue, of links


@dataclass(frozen=True)
class Requirement:
    """Something that every valid result of this competition satisfies; QA's checks cite it by id."""

    id: str  # Q1, Q2 …
    text: str


@dataclass(frozen=True)
class Charter:
    """What the team is to do, written once by the manager, who implements nothing.

    `reading`: config.json's keys as the manager reads the description. The engine compares it with what intake fixed; a
    disagreement is shown and changes nothing.
    """

    text: str  # markdown
    requirements: tuple[Requirement, ...]
    reading: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """What solutions may be built with on this machine, fixed once by the cto from the measured hardware."""

    libraries: tuple[str, ...]  # import names beside the standard library and podium
    text: str  # markdown


@dataclass(frozen=True)
class QaCheck:
    """One check of an experiment's predictions, written without seeing any solution.

    `kind`: one of the engine's own (`podium.referee.qa.KINDS`) with its `params`, or "source": a Python file with
    `check(frame, predictions)` (polars features of the scored rows; float64 `(n, k)`), run in the sandbox, that raises
    AssertionError. A builder is told `name` and `message`, and nothing else.
    """

    name: str
    message: str  # what is expected, for the builder
    kind: str
    requirement: str = ""  # id of the charter's requirement
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Checks:
    checks: tuple[QaCheck, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Suggestion:
    """What the search policy would have a builder do next: an operator on parents, with a cue of how far to go.

    `complexity` grows with depth: minimal, moderate, advanced. `siblings` are ideas tried beside it, to differ from;
    `failures` what its ancestors failed with; `target` the component whose ablation mattered most.
    """

    operator: Operator
    parents: tuple[str, ...]
    why: str
    complexity: Literal["minimal", "moderate", "advanced"] = "moderate"
    siblings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Brief:
    """What a seat is given. `facts` are the figures; paths are relative to the campaign folder."""

    id: str  # e.g. R03_plan
    round: int
    phase: Phase
    role: Role
    campaign: str
    facts: Facts
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage:
    """What a seat spent on one brief. The loop charges it."""

    wall_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0  # None: unknown, which is not zero


@dataclass(frozen=True)
class Hypothesis:
    id: str
    text: str
    family: str
    expected_gain: float
    why: str  # cites audit findings, experiments, learnings or playbook entries
    sources: tuple[str, ...] = ()
    recipe: Recipe | None = None


@dataclass(frozen=True)
class ExternalSource:
    """Data from elsewhere that the researcher would have. Nothing is fetched until the user approves it."""

    url: str  # https, of one table, or of an archive of pictures with their labels
    what: str  # which rows and columns it holds
    why: str  # what it should help
    licence: str  # as the source states it; unknown where it states none


@dataclass(frozen=True)
class ResearchBrief:
    hypotheses: tuple[Hypothesis, ...]
    brief: str  # markdown, new findings only, under 500 words
    raw: str  # markdown, never fed back whole
    external: tuple[ExternalSource, ...] = ()


@dataclass(frozen=True)
class Plan:
    experiments: tuple[ExperimentSpec, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Check:
    """One of the six checks of a review, with the figure it rests on."""

    name: Literal[
        "tunnel_vision", "forgotten_learnings", "narrow_search", "weak_ensemble", "missing_bold_moves", "poor_return"
    ]
    passed: bool
    figure: float | None
    message: str


@dataclass(frozen=True)
class Review:
    verdict: Literal["APPROVED", "REVISE"]
    reason: str
    checks: tuple[Check, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Build:
    """One `solution.py` for each planned experiment, in plan order."""

    solutions: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """What was learned. Figures cited as `[E007.score]` must exist in the registry; the engine checks."""

    text: str  # markdown
    learnings: tuple[Learning, ...] = ()
    submit: bool = False  # the uploader's wish; the engine decides and sends
    reopened: tuple[Reopened, ...] = ()  # a retro's: what was given up too early


Deliverable = Charter | Stack | Checks | ResearchBrief | Plan | Review | Build | Findings


@dataclass(frozen=True)
class Reply:
    deliverable: Deliverable
    usage: Usage = Usage()


# ---------------------------------------------------------------- JSON

T = TypeVar("T")


def to_json(record: Any) -> Any:
    """Plain JSON values (dict, list, str, int, float, bool, None) of a record, its fields in order."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {str(key): to_json(value) for key, value in record.items()}
    if isinstance(record, (list, tuple, set, frozenset)):
        return [to_json(value) for value in record]
    if isinstance(record, enum.Enum):
        return record.value
    if hasattr(record, "item") and not isinstance(record, (str, bytes)):  # numpy scalars
        return record.item()
    return record


def from_json(kind: type[T], data: Any) -> T:
    """A record of type `kind` from plain JSON values. Raises ValueError naming the field that does not fit."""
    return typing.cast(T, _build(kind, data, kind.__name__))


def dumps(record: Any) -> str:
    """One line of canonical JSON: the same record gives the same text."""
    return json.dumps(to_json(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _build(kind: Any, data: Any, where: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return data
    if origin in (Union, types.UnionType):
        return _build_union(kind, data, where)
    if origin is Literal:
        if data not in get_args(kind):
            raise ValueError(f"{where}: expected one of {', '.join(map(str, get_args(kind)))}; found {data!r}")
        return data
    if origin is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{where}: expected a list; found {type(data).__name__}")
        item = get_args(kind)[0]
        return tuple(_build(item, value, f"{where}[{i}]") for i, value in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise ValueError(f"{where}: expected an object; found {type(data).__name__}")
        value_kind = get_args(kind)[1]
        return {key: _build(value_kind, value, f"{where}.{key}") for key, value in data.items()}
    if dataclasses.is_dataclass(kind):
        return _build_record(kind, data, where)
    return _build_scalar(kind, data, where)


def _build_union(kind: Any, data: Any, where: str) -> Any:
    options = get_args(kind)
    if data is None and type(None) in options:
        return None
    problems = []
    for option in (o for o in options if o is not type(None)):
        try:
            return _build(option, data, where)
        except ValueError as problem:
            problems.append(str(problem))
    raise ValueError(problems[0] if len(problems) == 1 else f"{where}: fits none of its types ({'; '.join(problems)})")


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)  # compiles every annotation: most of what reading a row costs


def _build_record(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected an object; found {type(data).__name__}")
    hints, values = _hints(kind), {}
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(known)}")
    for name, spec in known.items():
        if name in data:
            values[name] = _build(hints[name], data[name], f"{where}.{name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise ValueError(f"{where}: missing field {name!r}")
    return kind(**values)


def _build_scalar(kind: Any, data: Any, where: str) -> Any:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and (not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool)):
        raise ValueError(f"{where}: expected {kind.__name__}; found {data!r:.60}")
    return data
