"""`podium experiment DIR list|show|run`: look at what was tried, and hand in a solution beside the rounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from podium.cli.output import Folder, Json, result, short
from podium.errors import BadDeliverable, Refused, UserError

if TYPE_CHECKING:
    from podium.records import Brief, ExperimentSpec, Role
    from podium.registry import Registry

ACTIONS = ("list", "show", "run")


def experiment(
    folder: Folder,
    action: Annotated[str, typer.Argument(metavar="list|show|run")],
    what: Annotated[
        str, typer.Argument(metavar="[ID|FILE]", help="An experiment's id to show; a solution to run.")
    ] = "",
    hypothesis: Annotated[str, typer.Option("--hypothesis", metavar="TEXT", help="run: why it should help.")] = "",
    parents: Annotated[str, typer.Option("--parents", metavar="E001,…", help="run: what it builds on.")] = "",
    family: Annotated[str, typer.Option("--family", metavar="NAME", help="run: its kind of model.")] = "handed_in",
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="list, show: only what this role may see.")] = "",
    as_json: Json = False,
) -> None:
    """List and show experiments, or hand a solution file to the engine: the next build takes it, checked like any other."""
    if action not in ACTIONS:
        raise UserError("podium experiment cannot do that", expected=" or ".join(ACTIONS), found=repr(action))
    if action != "list" and not what:
        raise UserError(f"{action} what?", expected="an experiment's id" if action == "show" else "a solution's file")
    from podium.registry import Registry

    registry = Registry.open(folder)
    try:
        if action == "list":
            rows = listed(folder, registry, role)
            values, words = {"experiments": rows}, _table(rows)
        elif action == "show":
            values = shown(folder, registry, what, role)
            plain = {key: value for key, value in values.items() if key != "probes" and value not in (None, "", [], {})}
            words = "\n".join([*(f"{key:14}{value}" for key, value in plain.items()), *_probe_lines(values["probes"])])
        else:
            values = handed_in(registry, Path(what), hypothesis, parents, family)
            words = f"{what}: accepted; the next build takes it"
    finally:
        registry.close()
    result({"campaign": str(folder.absolute()), **values}, words, as_json=as_json)


def listed(folder: Path, registry: Registry, role: str = "") -> list[dict[str, Any]]:
    """All experiments, oldest first, as `podium status --json` has them. Raises Refused where the role sees none."""
    from podium.report.snapshot import read_snapshot

    _role(role)
    experiments: list[dict[str, Any]] = read_snapshot(folder, registry)["experiments"]
    return experiments


def shown(folder: Path, registry: Registry, id_: str, role: str = "") -> dict[str, Any]:
    """One experiment with its hypothesis, recipe, runs and files, as far as the role may see them.

    Raises UserError where there is no such experiment, Refused where the role sees none.
    """
    from podium.records import to_json
    from podium.team.roles import SCOPES

    seen = _role(role)
    found = registry.experiments.get(id_)
    if found is None:
        ids = [one.id for one in registry.experiments.all()]
        known = ", ".join(ids[-5:]) or "none yet"
        raise UserError("there is no such experiment", expected=known, found=repr(id_))
    row = next(one for one in listed(folder, registry) if one["id"] == id_)
    spec = to_json(found.spec)
    if seen is not None and not SCOPES[seen].recipes:
        spec.pop("recipe")
    values = {**row, "hypothesis": found.spec.hypothesis, "seed": found.seed, "spec": spec}
    values["alarms"] = [dict(alarm) for alarm in registry.experiments.alarms(id_)]
    values["probes"] = [to_json(one) for one in registry.probes.of(id_)]
    name = f"runs/{id_}/solution.py"
    may_read = seen is None or SCOPES[seen].may_read(name)
    values["solution"] = str(folder.absolute() / name) if may_read and (folder / name).is_file() else None
    return values


def _role(name: str) -> Role | None:
    """The role, whose scope shows experiments; None for nobody's. Raises UserError, Refused."""
    from podium.records import Role
    from podium.team.roles import SCOPES

    if not name:
        return None
    role = next((one for one in get_args(Role) if one == name), None)
    if role is None:
        raise UserError("there is no such role", expected=", ".join(get_args(Role)), found=repr(name))
    if "experiments" not in SCOPES[role].facts:
        raise Refused(f"the {role} is shown no experiments")
    found: Role = role
    return found


# ---------------------------------------------------------------- handing in


def handed_in(registry: Registry, path: Path, hypothesis: str, parents: str, family: str) -> dict[str, Any]:
    """Check the solution as the build phase would, and leave it for the next build. Raises UserError, Refused."""
    from podium.campaign import checks, ideas
    from podium.cli.deliver import text_of
    from podium.records import Build, ExperimentSpec, Plan

    if not hypothesis.strip():
        raise UserError(
            "an experiment needs a hypothesis", expected="--hypothesis TEXT", remedy="say why it should help"
        )
    _check_under_way(registry)
    source = text_of(str(path))
    ids = tuple(filter(None, (part.strip() for part in parents.split(","))))
    spec = ExperimentSpec(path.stem, hypothesis.strip(), "improve" if ids else "draft", family, ids)
    brief = _brief(registry, spec)
    try:
        checks.plan(Plan((spec,), ""), brief)
        checks.build(Build((source,)), brief)
        mark = ideas.fingerprint(source)
    except BadDeliverable as problem:
        raise Refused(f"{path.name} refused: {problem}") from problem
    _check_new(registry, source)
    registry.extras.put(spec, source, mark)
    return {"accepted": True, "file": short(path), "hypothesis": spec.hypothesis, "parents": list(ids)}


def _check_under_way(registry: Registry) -> None:
    finished = (registry.setting("state") or {}).get("finished")
    if finished not in (None, "stopped", "plan_empty"):
        raise Refused(f"the campaign is finished ({finished}): no build will come; extend it with podium run first")


def _check_new(registry: Registry, source: str) -> None:
    """A built-in solution is known by its recipe, so its text is compared too."""
    import hashlib

    sha = hashlib.sha256(source.encode()).hexdigest()
    same = next((one.id for one in registry.experiments.all() if one.solution_sha == sha), None)
    if same is not None:
        raise Refused(f"{same} is this very solution; change something")


def _brief(registry: Registry, spec: ExperimentSpec) -> Brief:
    """As much of a build's brief as its checks read."""
    from podium.records import Brief, Budget, Competition, DataFacts, Facts, Hardware, Stack, from_json
    from podium.registry.experiments import fact

    stack = registry.journal.find("R00_stack")
    facts = Facts(
        competition=from_json(Competition, registry.setting("competition")),
        data=from_json(DataFacts, registry.setting("data")),
        audit=(),
        hardware=from_json(Hardware, registry.setting("hardware")),
        budget=Budget(None, None, None, 1, 1),
        round=0,
        seed=0,
        experiments=tuple(fact(one, cost_s=one.static_cost_s) for one in registry.experiments.all()),
        n_experiments=registry.experiments.count(),
        families={},
        champion=None,
        noise_floor=0.0,
        correlations={},
        blends=(),
        learnings=(),
        fingerprints=registry.experiments.fingerprints(),
        plan=(spec,),
        stack=None if stack is None else from_json(Stack, stack),
    )
    return Brief("R00_build", 0, "build", "builder", "", facts)


def _probe_lines(probes: list[dict[str, Any]]) -> list[str]:
    """One line a probe; the columns that matter most below theirs."""
    lines = ["probes"] if probes else []
    for one in probes:
        lines.append(f"  {one['outcome']:8}{one['probe']:10}{one['message']}")
        if one["probe"] == "column" and one["detail"]:
            ranked = sorted(one["detail"].items(), key=lambda item: -item[1])[:8]
            lines.append(f"{'':20}" + ", ".join(f"{name} {share:.0%}" for name, share in ranked))
    return lines


def _table(rows: list[dict[str, Any]]) -> str:
    """One line an experiment."""
    from podium.report.figures import one_line, score_text

    if not rows:
        return "no experiments yet"
    head = f"{'id':6}{'status':9}{'verdict':10}{'score':>18}  {'weight':>6}  name"
    lines = [
        f"{row['id']:6}{row['status']:9}{row['verdict'] or '–':10}{score_text(row['score'], row['stderr']):>18}  "
        f"{row['blend_weight']:6.2f}  {one_line(row['name'], 60)}"
        for row in rows
    ]
    return "\n".join((head, *lines))
