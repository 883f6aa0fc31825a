"""Pictures from elsewhere: copies known for copies, labels from tables and folders, taken only where they pay."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("PIL")

from PIL import Image, ImageEnhance

from podium.campaign.external import sources
from podium.campaign.notices import notices
from podium.cli import compose, making
from podium.competition import intake
from podium.competition.dataset import Dataset
from podium.competition.external_files import external_files
from podium.competition.external_prints import Prints, thumb
from podium.registry import Registry
from podium.registry.external import External
from podium.testing.contests import images

SHAPES = {"disc": 0, "oval": 1, "star": 4, "cross": 5}
TRAIN, TEST, GOOD, SHIFTED, COPIES = 70, 30, 160, 90, 12


def drawn(shape: str, rng: np.random.Generator) -> Image.Image:
    """A shape under so much noise that few examples do not teach it."""
    pixels = images.draw(SHAPES[shape], rng) + rng.normal(0, 70, (32, 32, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def saved(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def copied(path: Path, to: Path) -> None:
    """As found elsewhere: enlarged, mirrored, packed anew."""
    with Image.open(path) as image:
        saved(image.resize((48, 48)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), to)


def contest(folder: Path) -> Path:
    """Shapes; `external/good` sorted into folders, copies of test among them; `external/shifted` with labels of other shapes."""
    rng, names = np.random.default_rng(3), list(SHAPES)
    truth = rng.choice(names, TRAIN + TEST)
    ids = [f"p{i:03d}" for i in range(len(truth))]
    for id_, shape in zip(ids, truth, strict=True):
        saved(drawn(shape, rng), folder / "images" / f"{id_}.png")
    pl.DataFrame({"id": ids[:TRAIN], "shape": truth[:TRAIN]}).write_csv(folder / "train.csv")
    even = dict.fromkeys(names, 0.25)
    pl.DataFrame([{"id": id_, **even} for id_ in ids[TRAIN:]]).write_csv(folder / "sample_submission.csv")
    for i, shape in enumerate(rng.choice(names, GOOD)):
        saved(drawn(shape, rng), folder / "external" / "good" / shape.title() / f"{i}.png")
    for i, id_ in enumerate(ids[TRAIN : TRAIN + COPIES]):
        copied(folder / "images" / f"{id_}.png", folder / "external" / "good" / truth[TRAIN + i] / f"c{i}.jpg")
    shutil.copy(folder / "images" / f"{ids[0]}.png", folder / "external" / "good" / truth[0] / "same.png")
    told = rng.choice(names, SHIFTED)
    for i in range(SHIFTED):
        saved(drawn(names[(names.index(told[i]) + 1) % 4], rng), folder / "external" / "shifted" / "all" / f"s{i}.png")
    table = pl.DataFrame({"picture": [f"s{i}.png" for i in range(SHIFTED)], "kind": told})
    table.write_csv(folder / "external" / "shifted" / "kinds.csv")
    (folder / "description.md").write_text(
        "# Shapes\n\n## Evaluation\n\nSubmissions are scored by multi-class log loss.\n"
    )
    (folder / "config.json").write_text(json.dumps({"cv_folds": 2}))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contest(tmp_path_factory.mktemp("contest") / "shapes")


@pytest.fixture(scope="module")
def campaign(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Played: two experiments, then the better one again with either source."""
    to = tmp_path_factory.mktemp("campaign") / "campaign"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("podium.recipes.vision.catalog._nets_learn", lambda facts: False)
        patch.setattr("podium.recipes.vision.backbones.available", tuple)
        made = making.open_or_create(str(folder), campaign=to, experiments=4, threads=1)
        compose.run(made)
    return made


# ---------------------------------------------------------------- copies


def field(rng: np.random.Generator) -> Image.Image:
    """A random field whose amplitudes fall with frequency, as those of photographs do."""
    y = np.fft.fftfreq(64)
    radius = np.hypot(y[:, None], y[None])
    radius[0, 0] = 1.0
    shades = np.fft.ifft2(np.fft.fft2(rng.normal(size=(64, 64))) / radius**1.2).real
    return Image.fromarray((255 * (shades - shades.min()) / np.ptp(shades)).astype(np.uint8)).convert("RGB")


def test_edited_copies_are_known_and_others_are_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    own, others = [field(rng) for _ in range(20)], [field(rng) for _ in range(20)]

    def thumbs(pictures: list[Image.Image]) -> list[np.ndarray | None]:
        for place, picture in enumerate(pictures):
            picture.save(tmp_path / f"{place}.png")
        return [thumb(tmp_path / f"{place}.png") for place in range(len(pictures))]

    def packed(picture: Image.Image) -> Image.Image:
        with io.BytesIO() as file:
            picture.save(file, "JPEG", quality=40)
            return Image.open(io.BytesIO(file.getvalue())).convert("RGB")

    prints = Prints([*thumbs(own), None, np.full((64, 64), 7, dtype=np.uint8)])
    edits = {
        "small": [picture.resize((40, 40)) for picture in own],
        "jpeg": [packed(picture) for picture in own],
        "mirrored": [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in own],
        "turned": [picture.transpose(Image.Transpose.ROTATE_270) for picture in own],
        "lighter": [ImageEnhance.Brightness(picture).enhance(1.3) for picture in own],
        "cut": [picture.crop((2, 0, 62, 60)) for picture in own],
    }
    for name, changed in edits.items():
        known = (prints.copies(thumbs(changed)) == np.arange(20)).mean()
        assert known >= (0.8 if name == "cut" else 1.0), name
    assert (prints.copies(thumbs(others)) == -1).all()
    assert prints.copies([None, np.full((64, 64), 7, dtype=np.uint8)]).tolist() == [-1, -1]  # blank: known by nothing
    assert Prints([]).copies(thumbs(own)).tolist() == [-1] * 20


# ---------------------------------------------------------------- what is a source


def test_a_folder_is_one_source_or_holds_several(folder: Path, tmp_path: Path) -> None:
    def found(pictures: bool = True, **tree: str) -> list[str]:
        home = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, kind in tree.items():
            path = home / "external" / name.replace("__", "/").replace("_png", ".png").replace("_csv", ".csv")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(kind)
        listed = external_files({"external_files": ["external"]}, home, "yes", "", pictures=pictures)
        return [Path(path).relative_to(home).as_posix() for path in listed]

    names = [Path(path).name for path in intake(folder).brought.external_files]
    assert names == ["good", "shifted"]
    assert found(cat__1_png="", dog__2_png="") == ["external"]
    assert found(images__1_png="", labels_csv="a,b\n1,2\n") == ["external"]
    assert found(a__cat__1_png="", b__x__1_png="", old_csv="a,b\n1,2\n") == [
        "external/a",
        "external/b",
        "external/old.csv",
    ]
    assert found(False, cat__1_png="", old_csv="a,b\n1,2\n") == ["external/old.csv"]


def test_an_archive_with_a_table_and_what_cannot_be_used(campaign: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(campaign, tmp_path / "campaign")
    dataset = Dataset.open(tmp_path / "campaign" / "data")
    rng = np.random.default_rng(9)
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        for name, shape in (("a/1.png", "disc"), ("a/2.png", "star"), ("b/3.png", "cross"), ("b/4.png", "disc")):
            with io.BytesIO() as file:
                drawn(shape, rng).save(file, "PNG")
                archive.writestr(name, file.getvalue())
        archive.writestr("b/5.png", b"no picture at all")
        archive.writestr("labels.csv", "file,shape\n1,disc\n2.png,STAR\nb/3.png,cross\n4,hexagon\n5,disc\n6,disc\n")
    one = External("X09", "https://example.org/more.zip", "", "", "CC0", "approved")
    found = sources.admitted(tmp_path / "campaign", dataset, one, tmp_path / "more.zip", 3)
    assert (found.state, found.used_as, found.rows, found.dropped, found.round) == ("used", "rows", 3, 2, 3)
    assert found.message == "1 rows: no label of train's; 1 rows: no picture"
    kept = pl.read_ipc(tmp_path / "campaign" / "external" / "X09" / "labels.arrow")
    assert kept["shape"].to_list() == ["disc", "star", "cross"]
    assert sorted(path.name for path in (tmp_path / "campaign" / "data" / "files" / "X09").iterdir()) == [
        "0.png",
        "1.png",
        "2.png",
    ]
    saved(drawn("disc", rng), tmp_path / "bare" / "1.png")
    refused = sources.admitted(tmp_path / "campaign", dataset, one, tmp_path / "bare", 3)
    assert refused.state == "refused"
    assert "its 1 pictures have no labels; expected a table with shape that names them, or folders" in refused.message


# ---------------------------------------------------------------- a whole campaign


def test_copies_are_dropped_good_rows_are_used_and_shifted_ones_are_not(campaign: Path) -> None:
    registry = Registry.open(campaign)
    good, shifted = registry.external.all()
    assert (good.used_as, good.rows + good.dropped) == ("rows", GOOD + COPIES + 1)
    assert f"{COPIES} rows: a near-copy of a test picture" in good.message
    assert "1 rows: equal to a train picture" in good.message
    assert (shifted.used_as, shifted.rows) == ("rows", SHIFTED)
    outcomes = {one.source: one.outcome for one in registry.external.trials()}
    assert outcomes["X01"] == "pays"
    assert outcomes["X02"] in ("hurts", "no proof")
    assert registry.external.standing(9) == {"X01": 1.0}
    champion = registry.experiments.get(registry.experiments.champion() or "")
    assert champion is not None
    assert champion.external == {"X01": 1.0}
    lines = [line for line in notices(registry) if line.startswith("external data")]
    assert any(line.startswith("external data X01 (good): its 160 rows pay: ") for line in lines)
    assert any(
        line.startswith("external data X02 (shifted): its 90 rows ") and "tried at weight 0.25" in line
        for line in lines
    )
    registry.close()
    assert (campaign / "submission.csv").is_file()
