"""What carried blends, data set by data set, in PODIUM_HOME/recipes.json: the warm start of later campaigns on like data.

A campaign's blend is better evidence of what works than any list made beforehand, but only for data of its kind: how alike
two data sets are is judged by their traits alone (Gower 1971), never by rows. After Feurer et al. 2015, who start a search
from what won on the nearest data sets.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError
from podium.records import Competition, DataFacts, Recalled, Recipe, dumps, from_json
from podium.team.memory.file import locked, replaced
from podium.team.memory.rules import LONGEST

FILE = "recipes.json"
VERSION = 1
MOST = 300  # data sets kept, the newest
PER_DATA = 12  # recipes of one
NEAREST = 5  # data sets that are asked
LED = 0.5  # of the columns, from where on texts carry the rows
FAR = 0.5  # apart, from where on two data sets have nothing to tell each other
RECALLED = 6  # recipes handed to a campaign
PER_FAMILY = 2
WEIGHTS = {"rows": 0.4, "columns": 0.15, "outputs": 0.1, "numbers": 0.15, "categories": 0.1, "texts": 0.1}
SPANS = {"rows": math.log(1000), "columns": math.log(100), "outputs": math.log(30)}  # from there on two are all apart


@dataclass(frozen=True)
class Traits:
    """What two data sets are compared by. Shares are of columns that vary."""

    task_type: str
    rows: int
    columns: int
    outputs: int
    numbers: float
    categories: float
    texts: float


@dataclass(frozen=True)
class Carried:
    """A member of a blend and its weight, 0..1."""

    recipe: Recipe
    weight: float


@dataclass(frozen=True)
class Played:
    """What one campaign's best blend was made of. `data`: which data set, as in learnings."""

    data: str
    campaign: str
    competition: str
    traits: Traits
    carried: tuple[Carried, ...]


@dataclass(frozen=True)
class _Book:
    played: tuple[Played, ...]


def traits_of(competition: Competition, facts: DataFacts) -> Traits:
    kinds = Counter(column.kind for column in facts.columns if column.kind != "constant")
    total = max(1, sum(kinds.values()))
    return Traits(
        task_type=competition.task_type,
        rows=facts.n_train + facts.n_vault,
        columns=total,
        outputs=max(facts.n_outputs, facts.target_cardinality if competition.classes else 1),
        numbers=round(kinds["numeric"] / total, 4),
        categories=round((kinds["categorical"] + kinds["code"] + kinds["boolean"]) / total, 4),
        texts=round(kinds["text"] / total, 4),
    )


def apart(a: Traits, b: Traits) -> float:
    """0 for data sets that look the same, 1 for such as have nothing in common; 1 where the tasks differ, or
    texts carry the rows of one alone."""
    if a.task_type != b.task_type or (a.texts >= LED) != (b.texts >= LED):
        return 1.0
    far = {
        name: abs(math.log(max(1, getattr(a, name)) / max(1, getattr(b, name)))) / span for name, span in SPANS.items()
    }
    far |= {name: abs(getattr(a, name) - getattr(b, name)) for name in WEIGHTS if name not in SPANS}
    return sum(weight * min(1.0, far[name]) for name, weight in WEIGHTS.items())


def recall(played: Iterable[Played], traits: Traits, without: str = "") -> tuple[Recalled, ...]:
    """What carried the blends of the nearest data sets, by weight there and likeness, at most two of a family; `without`: a
    data set that is left out, since it is the one at hand."""
    distances = ((apart(one.traits, traits), one) for one in played if one.data != without)
    nearest = sorted((pair for pair in distances if pair[0] < FAR), key=lambda pair: (pair[0], pair[1].data))[:NEAREST]
    worth: defaultdict[str, float] = defaultdict(float)
    told: dict[str, tuple[Recipe, Played]] = {}
    for distance, one in nearest:
        for member in one.carried:
            mark = dumps(member.recipe)
            worth[mark] += member.weight * (1 - distance)
            told.setdefault(mark, (member.recipe, one))
    families: Counter[str] = Counter()
    found = []
    for mark in sorted(worth, key=lambda mark: (-worth[mark], mark)):
        recipe, source = told[mark]
        families[recipe.model] += 1
        if families[recipe.model] <= PER_FAMILY:
            found.append(Recalled(recipe, round(worth[mark], 4), f"{source.competition} ({source.traits.rows:,} rows)"))
    return tuple(found[:RECALLED])


def read(folder: Path) -> tuple[Played, ...]:
    """What this home holds, oldest first; nothing where it has no such file. Raises UserError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["version"] > VERSION:
            raise UserError(f"{path} was written by a newer Podium", remedy="upgrade Podium")
        played = from_json(_Book, {"played": found["played"]}).played
        if any(len(one.competition) > LONGEST or not one.competition.isprintable() for one in played):
            raise ValueError(f"a name that is longer than {LONGEST} characters, or no line of text")
        return played
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise UserError(
            f"{path} holds no recipes", expected="a file that a campaign wrote", found=f"{type(problem).__name__}: {problem}",
            remedy="restore it, or move it away",
        ) from problem  # fmt: skip


def keep(folder: Path, one: Played) -> None:
    """Add what a campaign's blend was made of, instead of what is known of the same data set. Raises UserError, OSError."""
    with locked(folder):
        others = [known for known in read(folder) if known.data != one.data]
        replaced(folder / FILE, {"version": VERSION, "played": [*others, one][-MOST:]})
