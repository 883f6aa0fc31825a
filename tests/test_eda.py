"""`R00_eda.md` and its plots: short, whole, and never more than may be shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from intake_competitions import frames, toy, write

from podium.campaign.views import write_views
from podium.competition import audit, build, eda_markdown, intake, plots
from podium.competition.audit.view import look_at
from podium.competition.dataset import Dataset
from podium.competition.plots.frame import Panel
from podium.records import AuditFinding, Competition
from podium.report.page import render
from podium.testing.fake_campaign import FakeCampaign

HOSTILE = 'x"><script>alert(1)</script>]]>&'


def built(folder: Path) -> tuple[Competition, Dataset]:
    c = intake(folder)
    return c, build(c, folder.parent / f"c_{folder.name}" / "data", 1)


def told(c: Competition, d: Dataset, *more: AuditFinding) -> str:
    return eda_markdown(c, d, (*audit(c, d, 1), *more), plots(c, d, 1))


def test_what_matters_stands_first(tmp_path: Path) -> None:
    train, test = frames(600, 200)
    leaky = train.with_columns(again=pl.col("y") * 2.0 + pl.Series(np.random.default_rng(0).random(600)))
    c, d = built(write(tmp_path / "a", leaky, test.with_columns(again=pl.lit(1.0) + pl.int_range(200))))
    text = told(c, d, AuditFinding("hardware", "info", None, 3.0, "2 cores"))
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert headings[:3] == ["The question", "What matters first", "The data"]
    assert headings[-1] == "How intake knows" and "What this suggests" in headings
    first = text.split("## What matters first")[1].split("\n## ")[0]
    assert "**again alone nearly gives the target away" in first and "the standard error of auc" in first.lower()
    assert "- 2 cores" in text.split("## The data")[1].split("\n## ")[0]
    assert text.index("### Look out") < text.index("### To know")


def test_a_clean_competition_says_so(tmp_path: Path) -> None:
    text = told(*built(toy(tmp_path / "toy", 800, 300)))
    assert "No warnings" in text and "### Look out" not in text


def test_every_plot_is_shown_once_and_every_picture_is_drawn(tmp_path: Path) -> None:
    c, d = built(toy(tmp_path / "toy", 800, 300))
    drawn = plots(c, d, 1)
    shown = re.findall(r"!\[[^\]]+\]\(R00_(\w+)\.svg\)", told(c, d))
    assert sorted(shown) == sorted(drawn) == sorted({"target", "columns", "drift", "labels"})
    assert drawn == plots(c, d, 1), "deterministic"
    assert "R00_" not in eda_markdown(c, d, ())


KINDS = {
    "binary": ("ROC AUC", lambda x, rng: (x > 0).astype(int)),
    "classes": ("accuracy", lambda x, rng: np.digitize(x, [-1, 0, 1])),
    "values": ("RMSE", lambda x, rng: np.exp(3 * x + rng.normal(size=len(x)))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_plots_are_whole_svg_and_escape_what_is_foreign(tmp_path: Path, kind: str) -> None:
    metric, make = KINDS[kind]
    rng = np.random.default_rng(0)
    x = rng.normal(size=900)
    day = pl.date_range(pl.date(2020, 1, 1), pl.date(2022, 6, 18), eager=True)
    frame = pl.DataFrame({
        "id": np.arange(900), HOSTILE: pl.Series(np.where(rng.random(900) < 0.2, np.nan, x), nan_to_null=True), "day": day[:900],
        "kind": rng.choice([HOSTILE, "b", "c"], 900), "y": make(x, rng),
    })[rng.permutation(900)]  # fmt: skip
    test = frame.tail(300).drop("y").with_columns(pl.col(HOSTILE) + 2)
    c, d = built(write(tmp_path / "a", frame.head(600), test, metric=metric))
    drawn = plots(c, d, 1)
    assert {"target", "columns", "time", "drift", "missing"} <= set(drawn)
    for name, svg in drawn.items():
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("aria-label"), name
        assert not [e for e in root.iter() if e.tag.endswith(("script", "image", "foreignObject", "use", "}a"))], name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|nan|inf\b", svg), name
        assert len(svg) < 60_000, name


def test_gaps_and_odd_columns_do_not_stop_the_plots(tmp_path: Path) -> None:
    """A column empty in test, one value, one row of a class, huge and tiny numbers."""
    train, test = frames(120, 30)
    odd = [
        f.with_columns(
            half=pl.when(pl.int_range(f.height) % 2 == 0).then(pl.int_range(f.height)) if at == 0 else pl.lit(None),
            same=pl.lit(3),
            huge=pl.col("x") * 1e300,
            tiny=pl.col("x") * 1e-300,
        )
        for at, f in enumerate((train, test))
    ]
    c, d = built(write(tmp_path / "a", odd[0].with_columns(y=(pl.int_range(120) >= 110).cast(pl.Int64)), odd[1]))
    assert "target" in plots(c, d, 1) and audit(c, d, 1)


def test_no_test_id_and_no_label_of_the_vault(tmp_path: Path) -> None:
    train, test = frames(400, 100)
    c, d = built(write(tmp_path / "a", train, test.with_columns(id=pl.col("id") + 7_000_000)))
    everything = told(c, d) + "".join(plots(c, d, 1).values())
    assert not any(str(7_000_000 + i) in everything for i in range(1000, 1500))
    assert not set(look_at(c, d, 1).rows.tolist()) & set(d.vault.tolist())


def test_plots_lie_beside_the_text_and_on_the_page(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=1, under_way=False).build(tmp_path)
    svg = '<svg class="eda"><text>harbour</text></svg>'
    with registry.database.write() as db:
        db.execute("UPDATE steps SET result=json_set(result, '$.plots', json(?)) WHERE phase='eda'",
                   (json.dumps({"missing": svg, "target": svg}),))  # fmt: skip
    registry.set("state", {"phase": "eda", "round": 0, "paused": False, "finished": None})
    write_views(tmp_path, registry)
    registry.close()
    assert {p.name for p in (tmp_path / "rounds").glob("R00_*.svg")} == {"R00_target.svg", "R00_missing.svg"}
    page = render(tmp_path)
    assert page.count(svg) == 2 and "default-src 'none'" in page


def test_axes_hold_their_marks() -> None:
    panel = Panel.at(10, 20, 100, 50, (0.0, 1.0), (0.0, 4.0))
    marks = "".join(part.text for part in panel.axes())
    assert 'x1="10" x2="110"' in marks and ">0.2<" in marks
    bars = panel.histogram(np.array([4.0, 0.0, 2.0]), "a")
    assert len(bars) == 2 and 'height="50"' in bars[0].text and 'height="25"' in bars[1].text
