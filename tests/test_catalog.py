"""The catalog: what it offers fits the data, mutations stay valid, estimates are deterministic and monotone."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.protocol import Column
from podium.recipes import catalog, source
from podium.recipes.tabular import catalog as tabular
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

HARDWARE = Hardware(cores=2, memory_mb=4096)
NUMERIC = tuple(Column(f"x{k}", "numeric", 500) for k in range(8))


def facts(n: int = 5000, columns: tuple[Column, ...] = NUMERIC, outputs: int = 1, values: int = 2) -> DataFacts:
    return DataFacts(n, 0, n // 4, 5, columns, outputs, values)


def competition(task_type: str = "binary_classification", cv: str = "stratified") -> Competition:
    return Competition(
        competition="test",
        data_dir=".",
        task_type=task_type,
        metric="rmse" if task_type == "regression" else "log_loss",
        metric_direction="lower",
        target_columns=("y",),
        id_column="id",
        submission_columns=("id", "y"),
        submission_kind="value",
        cv_strategy=cv,
    )


CASES = {
    "binary": (facts(), competition()),
    "wide multiclass": (
        facts(50000, tuple(Column(f"x{k}", "numeric", 90) for k in range(93)), 9, 9),
        competition("multiclass_classification"),
    ),
    "small regression": (facts(1000, values=800), competition("regression")),
    "two targets": (facts(2000, values=1800, outputs=2), competition("regression")),
    "mixed": (
        facts(columns=(*NUMERIC, Column("c", "categorical", 30), Column("code", "code", 900), Column("d", "date", 99))),
        competition(),
    ),
    "text": (facts(columns=(Column("t", "text", 5000, mean_length=150),), outputs=3, values=3),
             competition("multiclass_classification")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_portfolio_is_diverse_and_starts_cheap(case: str) -> None:
    known, asked = CASES[case]
    recipes = catalog.portfolio(known, asked, HARDWARE)
    costs = [catalog.cost_s(recipe, known, known.n_train) for recipe in recipes]
    assert len({recipe.model for recipe in recipes}) >= 3
    assert len({catalog.fingerprint(recipe) for recipe in recipes}) == len(recipes)
    assert costs[0] <= sorted(costs)[len(costs) // 2]
    assert {recipe.model for recipe in recipes} <= set(catalog.families(known, asked))


def test_smooth_models_lead_where_classes_are_many() -> None:
    asked = competition("multiclass_classification")
    few, many = (
        [one.model for one in catalog.portfolio(facts(2000, outputs=n, values=n), asked, HARDWARE)[1:]] for n in (5, 32)
    )
    assert sorted(few) == sorted(many) and few[0] in ("lightgbm", "hist")
    assert many[:2] == ["kernel", "linear"] and many.index("mlp") < many.index("lightgbm")


def test_deep_trees_are_drafted_early_where_values_are_predicted() -> None:
    """Values may follow from the columns almost exactly; labels seldom do, and shallow trees serve them better."""

    def deepest(known: DataFacts, asked: Competition) -> int:
        early = [one for one in catalog.portfolio(known, asked, HARDWARE) if one.model == "lightgbm"][:4]
        return max(int(one.params["num_leaves"]) for one in early)

    assert deepest(facts(10000, values=9000), competition("regression")) == 127
    assert deepest(facts(10000), competition()) <= 31


def test_baseline_of_ten_thousand_rows_is_estimated_at_seconds() -> None:
    known = facts(10000)
    assert 5 * catalog.cost_s(catalog.portfolio(known, competition(), HARDWARE)[0], known, 8000) < 4


def test_text_alone_has_no_tabular_recipe() -> None:
    known, asked = CASES["text"]
    assert tabular.families(known, asked) == ()
    assert {recipe.kind for recipe in catalog.portfolio(known, asked, HARDWARE)} == {"text"}


def test_missing_library_leaves_a_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "loads", lambda package: False)
    known, asked = CASES["binary"]
    assert "hist" in tabular.families(known, asked)
    assert catalog.portfolio(known, asked, HARDWARE)[0].model == "hist"


def test_little_memory_leaves_out_what_does_not_fit() -> None:
    known, asked = CASES["wide multiclass"]
    small = Hardware(cores=2, memory_mb=1200)
    kept = catalog.portfolio(known, asked, small)
    assert kept and all(catalog.memory_mb(recipe, known) <= 1024 for recipe in kept)


def test_files_are_measured_once_unless_folds_are_forward() -> None:
    known = facts(2000, (*NUMERIC, Column("file", "file", 2000)), values=900)
    once = catalog.portfolio(known, competition("regression", "random"), HARDWARE)[0]
    each = catalog.portfolio(known, competition("regression", "forward"), HARDWARE)[0]
    assert "def prepare" in source.solution(once, "t", "h")
    assert "def prepare" not in source.solution(each, "t", "h")


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(sorted(CASES)), pick=st.integers(0, 30), seed=st.integers(0, 2**32))
def test_neighbours_are_new_deterministic_and_make_solutions(case: str, pick: int, seed: int) -> None:
    known, asked = CASES[case]
    recipes = catalog.portfolio(known, asked, HARDWARE)
    recipe = recipes[pick % len(recipes)]
    changed = catalog.neighbours(recipe, random.Random(seed), known, asked)
    assert changed == catalog.neighbours(recipe, random.Random(seed), known, asked)
    assert (changed.kind, changed.model) == (recipe.kind, recipe.model)
    assert catalog.fingerprint(changed) != catalog.fingerprint(recipe)
    assert catalog.cost_s(changed, known, known.n_train) > 0
    compile(source.solution(changed, "A title", "why"), "solution.py", "exec")


@pytest.mark.parametrize("case", sorted(CASES))
def test_mutations_name_only_what_a_library_heeds(case: str) -> None:
    """CatBoost's bootstrap draws a share of the rows, of several classes it weighs them: each ignores the other's option."""
    known, asked = CASES[case]
    start = Recipe("tabular", "catboost", {}, {"rounds": 200, "learning_rate": 0.1})
    found = [catalog.neighbours(start, random.Random(seed), known, asked).params for seed in range(300)]
    named = {name for params in found for name in params}
    bayesian = asked.task_type == "multiclass_classification"
    assert ("bagging_temperature" in named, "subsample" in named) == (bayesian, not bayesian)


def test_a_parameter_moved_back_to_its_default_is_not_named() -> None:
    known, asked = facts(2000), competition()
    start = Recipe("tabular", "lightgbm", {}, {"rounds": 100, "bagging_fraction": 0.85, "bagging_freq": 1})
    found = [catalog.neighbours(start, random.Random(seed), known, asked).params for seed in range(300)]
    back = [params for params in found if "bagging_fraction" not in params]
    assert back and all("bagging_freq" not in params for params in back)


def test_a_kernel_keeps_no_more_rows_than_there_are() -> None:
    start = Recipe("tabular", "kernel", {}, {"rows": 2500})
    few, many = (
        {
            catalog.neighbours(start, random.Random(seed), facts(n), competition()).params.get("rows")
            for seed in range(99)
        }
        for n in (1200, 9000)
    )
    assert few == {2500} and {1500, 4000} <= many


@settings(max_examples=40, deadline=None)
@given(case=st.sampled_from(sorted(CASES)), rows=st.integers(200, 100000), more=st.integers(1, 100000))
def test_cost_grows_with_rows(case: str, rows: int, more: int) -> None:
    known, asked = CASES[case]
    for recipe in catalog.portfolio(known, asked, HARDWARE):
        if recipe.kind == "tabular":
            assert catalog.cost_s(recipe, known, rows) <= catalog.cost_s(recipe, known, rows + more) + 1e-9


def test_crossover_takes_features_from_one_and_parameters_from_the_other() -> None:
    a = Recipe("tabular", "lightgbm", {"sums": True, "texts": 0}, {"rounds": 10})
    b = Recipe("tabular", "mlp", {"numbers": "rank", "target": True}, {"epochs": 3})
    children = {
        "lightgbm": Recipe("tabular", "lightgbm", {"texts": 0, "target": True}, {"rounds": 10}),
        "mlp": Recipe("tabular", "mlp", {"numbers": "rank", "sums": True}, {"epochs": 3}),
    }
    found = [catalog.crossover(a, b, random.Random(seed)) for seed in range(8)]
    assert {child.model for child in found} == set(children) and all(child == children[child.model] for child in found)
    assert catalog.crossover(a, replace(b, kind="text"), random.Random(0)) == a


def test_fingerprint_ignores_the_order_of_keys() -> None:
    a = Recipe("tabular", "lightgbm", {}, {"rounds": 10, "num_leaves": 7})
    b = Recipe("tabular", "lightgbm", {}, {"num_leaves": 7, "rounds": 10})
    assert catalog.fingerprint(a) == catalog.fingerprint(b)
    assert catalog.fingerprint(a) != catalog.fingerprint(replace(a, params={"rounds": 11, "num_leaves": 7}))


def test_solution_reads_as_documented_and_survives_hostile_words() -> None:
    recipe = Recipe("tabular", "lightgbm", {"target": True}, {"rounds": 10})
    text = source.solution(recipe, 'Quick """ trees', "a \\ 'b'\nhypothesis: c" * 20)
    found: dict[str, object] = {"__name__": "solution"}
    exec(compile(text, "solution.py", "exec"), found)
    assert found["PARAMS"] == {"rounds": 10} and found["FEATURES"] == {"target": True}
    assert "requires: lightgbm" in str(found["__doc__"])
    assert callable(found["fit"]) and callable(found["predict"])


def test_unknown_recipes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a model known"):
        source.solution(Recipe("tabular", "oracle"), "t", "h")
    with pytest.raises(ValueError, match=r"expected one of .*tabular, text"):
        catalog.cost_s(Recipe("music", "cnn"), facts(), 100)


def test_what_another_has_measured_costs_nothing() -> None:
    pictured = facts(1000, (Column("picture", "file", 1000, pixels=64),))
    blocks = {"blocks": ["thumb"], "files": "prepare"}
    one = Recipe("vision", "picture_linear", {**blocks, "components": 100}, {})
    like, other = (
        Recipe("vision", "picture_boost", blocks, {}),
        Recipe("vision", "picture_boost", {**blocks, "blocks": ["colour"]}, {}),
    )
    assert catalog.as_made(one, [other]) == one
    made = catalog.as_made(one, [other, like])
    assert catalog.cost_s(made, pictured, 800) < catalog.cost_s(one, pictured, 800)
    assert catalog.as_made(Recipe("tabular", "linear", {}, {}), [like]).features == {}


def test_what_only_categories_feel_is_not_moved_without_any() -> None:
    lightgbm, rng = Recipe("tabular", "lightgbm", {}, {}), random.Random(0)

    def moved(one: DataFacts) -> bool:
        found = (catalog.neighbours(lightgbm, rng, one, competition()) for _ in range(300))
        return any("cat_smooth" in recipe.params for recipe in found)

    assert moved(CASES["mixed"][0]) and not moved(facts())


@pytest.mark.parametrize("metric", ["rmsle", "rmse"])
def test_no_mutation_says_what_is_so_anyway(metric: str) -> None:
    """`crosses: 0` beside no word of crosses would be the same experiment under another fingerprint."""
    from podium.recipes.tabular.search import USUAL, USUAL_OPTIONS
    from podium.recipes.tabular.target import curve_of

    columns = (
        *(Column(f"x{k}", "numeric", 500) for k in range(10)),
        Column("c", "categorical", 30),
        Column("t", "text", 500),
    )
    facts = DataFacts(4000, 0, 1000, 5, columns, 1, 500)
    asked = Competition("c", "", "regression", metric, "lower", ("y",), "id", ("id", "y"), "value")
    rng = random.Random(0)
    for family in tabular.FAMILIES:
        for _ in range(120):
            found = catalog.neighbours(Recipe("tabular", family, {}, {}), rng, facts, asked)
            assert found.features or found.params
            usual = {**USUAL.get(family, {}), "curve": curve_of(metric)}
            assert all(
                usual.get(name, "unknown") != value for name, value in found.params.items() if name != "bagging_freq"
            )
            assert all(
                value not in (False, 0, "raw", [10]) or name in USUAL_OPTIONS for name, value in found.features.items()
            )
            assert all(found.features.get(name) != value for name, value in USUAL_OPTIONS.items())


def test_no_mutation_of_texts_says_what_is_so_anyway_or_what_nobody_reads() -> None:
    from podium.recipes.spans import catalog as spans
    from podium.recipes.text import catalog as text
    from podium.recipes.text import sentence_recipes

    rng = random.Random(0)
    texts = (Column("a", "text", 4000, mean_length=30.0), Column("b", "text", 4000, mean_length=30.0))
    facts = DataFacts(4000, 0, 1000, 5, texts, 1, 500)
    values = Competition("c", "", "regression", "rmse", "lower", ("y",), "id", ("id", "y"), "value")
    usual = {**text.USUAL, **sentence_recipes.USUALLY, **spans.USUAL, "sentence_linear": {}}
    for kind, module in (("text", text), ("spans", spans)):
        for family in module.FAMILIES:
            read = {"weights": sentence_recipes.USUAL, "length": 32} if family.startswith("sentence") else {}
            for _ in range(80):
                found = catalog.neighbours(Recipe(kind, family, read, {}), rng, facts, values)
                assert all(usual[family].get(name) != value for name, value in found.params.items()), (family, found)
                assert "table" not in found.params and "smoothing" not in found.params
                assert found.features.get("length", 0) <= 64
            assert found.features or found.params or family == "span_rules"


def test_what_is_usual_of_texts_is_what_their_models_do() -> None:
    import inspect

    from podium.recipes import spans, text
    from podium.recipes.spans import catalog as of_spans
    from podium.recipes.text import catalog as of_text
    from podium.recipes.text import sentence_recipes

    for package, module, usual in (
        (text, of_text, {**of_text.USUAL, **sentence_recipes.USUALLY}),
        (spans, of_spans, of_spans.USUAL),
    ):
        for family, params in usual.items():
            if not all(loads(package) for package in module.FAMILIES[family].requires if package != "scikit-learn"):
                continue
            model = getattr(package, module.FAMILIES[family].class_name)
            told = inspect.signature(model).parameters
            for name, value in params.items():
                default = told[name].default
                assert (list(default) if isinstance(default, tuple) else default) == value, (family, name)


def test_options_that_the_other_model_does_not_read_are_not_exchanged() -> None:
    grams = Recipe("text", "nb_stack", {"grams": ["word 1-1"], "style": True}, {"alphas": [0.1]})
    tuned = Recipe("text", "sentence_tuned", {"weights": "w", "length": 64, "together": True}, {"epochs": 3})
    assert catalog.heeds(tuned, "length") and not catalog.heeds(tuned, "grams")
    assert catalog.crossover(grams, tuned, random.Random(0)) == grams
    plain = Recipe("text", "nbsvm", {"grams": ["word 1-2"]}, {"C": 1.0})
    for seed in range(6):
        child = catalog.crossover(grams, plain, random.Random(seed))
        assert child.features.keys() == (grams if child.model == "nb_stack" else plain).features.keys()
    tree = Recipe("tabular", "lightgbm", {}, {})
    assert catalog.heeds(tree, "target") and not catalog.heeds(tree, "numbers")
