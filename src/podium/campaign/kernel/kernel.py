"""An inference kernel for a code competition: the campaign's best blend, on test rows that are found at run time.

    <folder>/kernel/    infer.py  kernel-metadata.json
    <folder>/dataset/   podium-kernel.json  schema.json  joined/  members/<id>/  source/podium/  requirements.txt
                        dataset-metadata.json

What cannot predict rows that come later, each on its own, is refused in one line: see `objection`.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble, tasks, weights
from podium.campaign import blending, solutions
from podium.campaign.bundle import Scrub
from podium.campaign.environment import here
from podium.campaign.kernel import kernel_check
from podium.campaign.kernel.inference import FILE, Member, Plan
from podium.campaign.prepared import has_prepare
from podium.campaign.request import context
from podium.campaign.submission import filing
from podium.campaign.tracks import holdout_track
from podium.competition.arrow import write_json
from podium.competition.folder import TableFiles
from podium.competition.source import read_source
from podium.errors import CampaignError, NoSubmission, UserError
from podium.execution.worker import declares
from podium.metrics import custom
from podium.records import Brought, Competition, dumps

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

PARTS = (
    "__init__.py", "py.typed", "errors.py", "protocol.py", "alphabet.py", "packing.py", "pixels.py", "records",
    "home.py", "markup.py", "drawing.py", "weights", "metrics", "competition", "tasks", "execution", "ensemble", "recipes",
    "campaign/__init__.py", "campaign/kernel/__init__.py", "campaign/kernel/inference.py",
)  # fmt: skip
LIBRARIES = (
    "numpy", "scipy", "scikit-learn", "polars", "lightgbm", "xgboost-cpu", "xgboost", "catboost", "pillow", "torch",
    "tabm", "rtdl-num-embeddings",
    "statsforecast",
)  # fmt: skip
SESSION_H = 9.0  # of a Kaggle kernel on a CPU or GPU
NOBODY = "INSERT_USERNAME"
HIDDEN = {
    "unlabelled": "reads rows without labels while fitting, and a hidden test set is not there then",
    "tables": "reads side tables by the rows of the visible test set",
    "_source": "reads rows that it was not dealt",
}


@dataclass(frozen=True)
class Written:
    """`seconds`: what predicting the known test rows takes at most, by the campaign's own runs. `check`: what was compared."""

    folder: Path
    members: tuple[str, ...]
    size: int
    seconds: float
    check: kernel_check.Check


def write(engine: Engine, folder: Path, *, user: str = "", gpu: str = "") -> Written:
    """Write the kernel of the best blend into `folder`, which must not exist, and run it on the known test rows.

    `gpu`: a machine's name as Kaggle spells it (NvidiaTeslaT4); none by default, for Podium's models run on CPUs.
    Raises NoSubmission without a blend, UserError where a kernel cannot do what the campaign does, CampaignError for a
    folder that is there or data that are gone.
    """
    row = blending.best_blend(engine)
    if row is None:
        raise NoSubmission(f"{engine.campaign} has no blend to predict with")
    if folder.exists():
        raise CampaignError(f"{folder} is there already", remedy="choose another with -o, or remove it")
    members = [_experiment(engine, id_) for id_, weight in row.weights.items() if weight > 0]
    _refuse(engine, members)
    raw, decision = filing.holdout_raw(engine, row, lambda: math.inf)  # the campaign's time may be over; the user waits
    seconds = _seconds(engine, members)
    if seconds > SESSION_H * 3600:
        raise UserError(
            f"the runs that predicted the known test rows took {seconds / 3600:.1f} h",
            expected=f"{SESSION_H:g} h at most, a kernel's session",
            remedy="a campaign with cheaper models fits",
        )
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        plan = _plan(engine, blending.blend_of(row), decision, members)
        _write_dataset(engine, part / "dataset", plan, members, user)
        _write_kernel(part / "kernel", engine.competition.competition, user, gpu)
        checked = kernel_check.check(
            part, engine.competition.competition, Path(engine.competition.data_dir),
            raw[: len(engine.dataset.test)], trusted=all(one.builtin for one in members),
        )  # fmt: skip
        _write_readme(engine, part, members, seconds, checked)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Written(folder, tuple(one.id for one in members), size, seconds, checked)


def objection(source: str, *, dealt: bool = False) -> str:
    """Why a solution cannot be part of a kernel; "" where it can. Told from its syntax: nothing of it is run. `dealt`: the
    kernel makes rows and side tables anew."""
    if declares(source, "unlabelled"):
        return HIDDEN["unlabelled"]
    if declares(source, "models"):
        return "reads what other experiments predict, and a kernel runs each on its own"
    if weights.asked(source):
        return "reads pretrained weights, which a kernel does not carry"
    if has_prepare(source):
        return "makes its features in `prepare`, over all rows at once, and hidden rows are not among them"
    used = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }
    known = {"tables"} if dealt else set()
    return next((why for name, why in HIDDEN.items() if name in used - known), "")


def _refuse(engine: Engine, members: list[Experiment]) -> None:
    scrub = Scrub.of(engine.campaign, engine.competition)
    for one in members:
        source = solutions.ensure(engine, one)
        why = objection(source, dealt=_deals(engine))
        if not why and scrub(source) != source:
            why = "names a folder of this machine or holds a credential"
        if why:
            raise UserError(
                f"{one.id} cannot be part of a kernel: it {why}", remedy=f"invalidate {one.id}, or use --as bundle"
            )


def _deals(engine: Engine) -> bool:
    """Whether rows are made from files, or are units of their kind's own: then a kernel deals the folder that it finds as the
    campaign did."""
    return engine.dataset.competition.task_type not in tasks.ROWS or engine.dataset.files is not None


def _experiment(engine: Engine, id_: str) -> Experiment:
    found = engine.registry.experiments.get(id_)
    assert found is not None, f"blend member {id_} is not in the registry"
    return found


def _models(engine: Engine, one: Experiment) -> list[Path]:
    """The pickles that predict the test rows, in the order in which the campaign takes their mean."""
    if engine.competition.looks_forward:
        runs = [run for run in engine.registry.runs.of(one.id) if run.part.startswith("refit")]
        return [engine.campaign / run.folder / "model.pkl" for run in runs]
    return [part.model for part in holdout_track(engine, one).ready if part.model is not None]


def _seconds(engine: Engine, members: list[Experiment]) -> float:
    """What the runs took that predicted the test rows. Where rows are ordered in time these fit, too: at most so long."""
    runs = [run for one in members for run in engine.registry.runs.of(one.id)]
    return sum(run.exit.wall_s for run in runs if run.part.startswith(("holdout_", "refit")))


def _plan(engine: Engine, blend: ensemble.Blend, decision: Mapping[str, Any], members: list[Experiment]) -> Plan:
    competition = engine.competition
    data = Path(competition.data_dir)
    if not data.is_dir():
        raise CampaignError(
            f"{data} is gone", expected="the competition's folder, to see how its test rows are read",
            remedy="put it back",
        )  # fmt: skip
    names = competition.id_columns or (competition.id_column or "",)
    test = None if _deals(engine) else read_source(data, TableFiles.of(competition), names).test
    return Plan(
        competition=_public(competition, whole=_deals(engine)),
        context=context(engine),
        blend=blend,
        decision=decision,
        members=tuple(
            Member(one.id, one.seed, tuple(f"{at}.pkl" for at, _ in enumerate(_models(engine, one), 1)))
            for one in members
        ),
        threads=engine.purse.threads,
        text_columns=() if test is None else tuple(name for name, of in test.schema.items() if str(of) == "String"),
        versions=here().versions,
        seed=engine.dataset.seed,
        dealt=_deals(engine),
    )


def _public(competition: Competition, *, whole: bool) -> Competition:
    """Without what belongs to this machine or its user; `whole`: with what units are made by."""
    kept = dataclasses.replace(competition, data_dir="", brought=Brought(), knowledge_files=())
    return kept if whole else dataclasses.replace(kept, description="", evidence={})


def _write_dataset(engine: Engine, folder: Path, plan: Plan, members: list[Experiment], user: str) -> None:
    folder.mkdir(parents=True)
    for one in members:
        place = folder / "members" / one.id
        place.mkdir(parents=True)
        (place / "solution.py").write_text(solutions.ensure(engine, one), "utf-8")
        for at, model in enumerate(_models(engine, one), 1):
            if not model.is_file():
                raise CampaignError(f"{model} is gone", expected="the model that predicted the test rows")
            shutil.copyfile(model, place / f"{at}.pkl")
    data = engine.dataset.folder
    shutil.copyfile(data / "schema.json", folder / "schema.json")
    if (data / "joined").is_dir():
        shutil.copytree(data / "joined", folder / "joined")
    if custom.is_users(engine.competition.metric):
        shutil.copyfile(data / custom.FILE, folder / custom.FILE)
    _copy_source(folder / "source" / "podium")
    pins = [f"{name}=={plan.versions[name]}" for name in LIBRARIES if name in plan.versions]
    (folder / "requirements.txt").write_text("\n".join(pins) + "\n")
    title = _named(engine.competition.competition, "models")
    about = {"title": title, "id": f"{user or NOBODY}/{title}", "licenses": [{"name": "other"}]}
    write_json(about, folder / "dataset-metadata.json")
    (folder / FILE).write_text(dumps(plan), "utf-8")


def _copy_source(to: Path) -> None:
    package = Path(__file__).parents[2]  # src/podium
    for name in PARTS:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        if (package / name).is_dir():
            shutil.copytree(package / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "attack"))
        elif (package / name).is_file():
            shutil.copyfile(package / name, to / name)


def _write_kernel(folder: Path, slug: str, user: str, gpu: str) -> None:
    folder.mkdir(parents=True)
    (folder / "infer.py").write_text(_template("infer.txt").substitute(slug=slug), "utf-8")
    owner, title = user or NOBODY, _named(slug, "inference")
    about = {
        "id": f"{owner}/{title}",
        "title": title,
        "code_file": "infer.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_gpu": bool(gpu),
        "enable_tpu": False,
        "enable_internet": False,
        "machine_shape": gpu,
        "dataset_sources": [f"{owner}/{_named(slug, 'models')}"],
        "competition_sources": [slug],
        "kernel_sources": [],
        "model_sources": [],
    }
    write_json(about, folder / "kernel-metadata.json")


def _write_readme(
    engine: Engine, folder: Path, members: list[Experiment], seconds: float, checked: kernel_check.Check
) -> None:
    text = _template("readme.txt").substitute(
        slug=engine.competition.competition,
        members=", ".join(one.id for one in members),
        seconds=f"{max(1.0, np.ceil(seconds)):.0f}",
        rows=len(engine.dataset.test),
        hours=f"{SESSION_H:g}",
        checked=checked.told,
    )
    (folder / "README.md").write_text(text, "utf-8")


def _named(slug: str, what: str) -> str:
    """A title whose slug is itself, at most 50 characters, as Kaggle wants it."""
    plain = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    return f"{plain[: 50 - len(what) - 8]}-podium-{what}"


def _template(name: str) -> Template:
    return Template((resources.files("podium.campaign.kernel") / "kernel_files" / name).read_text("utf-8"))


__all__ = ["PARTS", "Written", "objection", "write"]
