"""`podium learnings list|show|export|import`: what outlives a campaign, in PODIUM_HOME."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli.output import Json, result, short
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.team.memory import Evidence, Home, Remembered
    from podium.team.memory.recipes import Played

ACTIONS = ("list", "show", "export", "import")


def learnings(
    action: Annotated[str, typer.Argument(metavar="list|show|export|import")],
    what: Annotated[str, typer.Argument(metavar="[ID|FILE]", help="A learning's id to show; a file otherwise.")] = "",
    as_json: Json = False,
) -> None:
    """Rules with the evidence of every campaign that tried them: in force, contradicted, or retired by later evidence."""
    if action not in ACTIONS:
        raise UserError("podium learnings cannot do that", expected=" or ".join(ACTIONS), found=repr(action))
    if action != "list" and not what:
        raise UserError(f"{action} what?", expected="a learning's id" if action == "show" else "a file")
    from podium.team.memory import Home

    home = Home.of_user()
    if home is None:
        raise UserError("PODIUM_HOME is empty, so nothing is remembered", remedy="set it to a folder, or unset it")
    values, words = {"list": _list, "show": _show, "export": _export, "import": _import}[action](home, what)
    result({"home": str(home.path), **values}, words, as_json=as_json)


def _list(home: Home, what: str) -> tuple[dict[str, Any], str]:
    from podium.records import to_json
    from podium.team.memory import recipes

    rules = sorted(home.rules(), key=lambda one: one.id)
    width = max(len(one.id) for one in rules)
    head = f"{'id':{width}}  {'state':12}  {'for':>4} : {'against':7}  rule"
    lines = [f"{r.id:{width}}  {r.state:12}  {r.support:4d} : {r.contradicted:<7d}  {r.rule}" for r in rules]
    played = recipes.read(home.path.parent)
    if played:
        lines += ["", "What carried blends, for campaigns on like data:", *map(_carried_text, played)]
    values = {"learnings": [_summary(one) for one in rules], "carried": [to_json(one) for one in played]}
    return values, "\n".join([head, *lines])


def _show(home: Home, what: str) -> tuple[dict[str, Any], str]:
    from podium.records import to_json

    rules = home.rules()
    found = next((one for one in rules if one.id == what), None)
    if found is None:
        known = ", ".join(sorted(one.id for one in rules)[:12])
        raise UserError("there is no such learning", expected=known, found=repr(what))
    lines = [f"{found.id}  {found.state}, {found.support} for, {found.contradicted} against", found.rule]
    lines += [f"applies to  {found.applies_to}", *(_evidence_text(one) for one in found.evidence)]
    return {**_summary(found), "evidence": to_json(found.evidence)}, "\n".join(lines)


def _export(home: Home, what: str) -> tuple[dict[str, Any], str]:
    from podium.team.memory.home import write

    rules, path = home.rules(), Path(what)
    try:
        write(path, rules)
    except OSError as problem:
        raise UserError(f"{path} cannot be written ({problem.strerror})", remedy="name another file") from problem
    return {"file": str(path.absolute()), "learnings": len(rules)}, f"{short(path)}  {len(rules)} learnings"


def _import(home: Home, what: str) -> tuple[dict[str, Any], str]:
    from podium.team.memory.home import read

    path = Path(what)
    if not path.is_file():
        raise UserError(
            f"no such file: {what}", expected="a file of `podium learnings export`", remedy="check the path"
        )
    before = {one.id: one for one in home.rules()}
    try:
        after = {one.id: one for one in home.take_in(read(path))}
    except OSError as problem:
        raise UserError(
            f"{home.path} cannot be written ({problem.strerror})", remedy="set PODIUM_HOME to a folder you may write"
        ) from problem
    new = [id_ for id_ in after if id_ not in before]
    changed = [id_ for id_, rule in after.items() if id_ in before and rule != before[id_]]
    return {"new": new, "changed": changed}, f"{len(new)} new, {len(changed)} with more evidence, {len(after)} in all"


def _summary(rule: Remembered) -> dict[str, Any]:
    return {
        "id": rule.id,
        "state": rule.state,
        "rule": rule.rule,
        "applies_to": rule.applies_to,
        "support": rule.support,
        "contradicted": rule.contradicted,
        "campaigns": len(rule.evidence),
    }


def _carried_text(one: Played) -> str:
    members = ", ".join(f"{member.recipe.model} {member.weight:.2f}" for member in one.carried)
    return f"  {one.competition}  {one.traits.rows:,} rows, {one.traits.columns} columns: {members}"


def _evidence_text(one: Evidence) -> str:
    effect = ""
    if one.effect is not None and one.low is not None and one.high is not None:
        effect = f"; effect {one.effect:+.4g} {one.metric} (90 %: {one.low:+.4g} to {one.high:+.4g})"
    return f"  {one.competition} ({one.kind}): {one.support} for, {one.contradicted} against{effect}. {one.text}"
