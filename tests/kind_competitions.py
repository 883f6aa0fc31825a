"""Lookalikes of well-known competitions, generated from memory of what their hosts ship: names, columns, wordings."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

RNG = np.random.default_rng(7)
N, M = 120, 40  # rows of train, of test


@dataclass(frozen=True)
class Expected:
    """What intake must find; `refused`: words of the line where asking is right."""

    task_type: str = ""
    metric: str = ""
    target: str = ""
    id_column: str | None = ""
    unplayable: bool = False
    kind: str = ""  # of submission
    inputs: tuple[str, ...] = ()
    refused: str = ""


CASES: dict[str, tuple[Callable[[Path], None], Expected]] = {}


def lookalike(**expected: Any) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def register(make: Callable[[Path], None]) -> Callable[[Path], None]:
        CASES[make.__name__] = (make, Expected(**expected))
        return make

    return register


def csv(folder: Path, name: str, **columns: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns, strict=False).write_csv(path)


def says(folder: Path, about: str, scored: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "description.md").write_text(
        f"# A contest\n\n## Description\n\n{about}\n\n## Evaluation\n\n{scored}\n", "utf-8"
    )


def files(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")


def ids(n: int, start: int = 0, prefix: str = "") -> list[str]:
    return [f"{prefix}{i + start}" for i in range(n)]


def hexes(n: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [rng.bytes(6).hex() for _ in range(n)]


def numbers(n: int) -> list[float]:
    return RNG.normal(size=n).round(4).tolist()  # type: ignore[no-any-return]


def choice(of: Sequence[Any], n: int) -> list[Any]:
    return [of[i] for i in RNG.integers(len(of), size=n)]


def dates(n: int, start: str = "2017-01-01") -> list[str]:
    days = np.datetime64(start) + np.arange(n)
    return [str(d) for d in days]


WORDS = [
    "the",
    "old",
    "harbour",
    "was",
    "quiet",
    "and",
    "a",
    "grey",
    "ship",
    "lay",
    "at",
    "anchor",
    "while",
    "men",
    "waited",
    "for",
    "rain",
    "to",
    "stop",
    "over",
    "hills",
]


def sentence(k: int, n: int = 9) -> str:
    rng = np.random.default_rng(k)
    return " ".join(rng.choice(WORDS, n)) + f" {k}"


# ---------------------------------------------------------------- images


@lookalike(
    task_type="binary_classification",
    metric="log_loss",
    target="label",
    id_column="id",
    inputs=("image",),
)
def dogs_against_cats(f: Path) -> None:
    files(
        f, [f"train/{w}.{i}.jpg" for w in ("cat", "dog") for i in range(60)] + [f"test/{i + 1}.jpg" for i in range(M)]
    )
    csv(f, "sample_submission.csv", id=range(1, M + 1), label=[0.5] * M)
    says(f, "Tell dogs from cats. For each image you must predict the probability that the image is a dog (1 = dog, 0 = cat).",
         "Submissions are scored on the log loss.")  # fmt: skip


@lookalike(task_type="multiclass_classification", metric="accuracy", target="label", id_column="image_id",
           inputs=("image",),
           kind="label")  # fmt: skip
def cassava(f: Path) -> None:
    train, test = [f"{i}.jpg" for i in range(1000, 1000 + N)], [f"{i}.jpg" for i in range(5000, 5000 + M)]
    files(f, [f"train_images/{n}" for n in train] + [f"test_images/{n}" for n in test])
    csv(f, "train.csv", image_id=train, label=choice(range(5), N))
    csv(f, "sample_submission.csv", image_id=test, label=[4] * M)
    (f / "label_num_to_disease_map.json").write_text(json.dumps({"0": "blight", "1": "streak"}))
    says(f, "Classify each cassava image into four disease categories or a fifth.",
         "Submissions will be evaluated based on their categorization accuracy.")  # fmt: skip


@lookalike(
    task_type="multilabel_classification",
    metric="auc",
    target="healthy",
    id_column="image_id",
    inputs=("image",),
)
def plant_pathology(f: Path) -> None:
    train, test = ids(N, prefix="Train_"), ids(M, prefix="Test_")
    files(f, [f"images/{n}.jpg" for n in (*train, *test)])
    bits = np.eye(4, dtype=int)[RNG.integers(4, size=N)]
    names = ("healthy", "multiple_diseases", "rust", "scab")
    csv(f, "train.csv", image_id=train, **{c: bits[:, k].tolist() for k, c in enumerate(names)})
    csv(f, "test.csv", image_id=test)
    csv(f, "sample_submission.csv", image_id=test, **{c: [0.25] * M for c in names})
    says(f, "Which disease has the leaf?", "Submissions are evaluated on mean column-wise ROC AUC.")


@lookalike(task_type="multilabel_classification", metric="f1_samples", target="labels", id_column="image", kind="labels",
           inputs=("image",))  # fmt: skip
def plant_pathology_of_many_labels(f: Path) -> None:
    train, test = [f"{h}.jpg" for h in hexes(N, 1)], [f"{h}.jpg" for h in hexes(M, 2)]
    files(f, [f"train_images/{n}" for n in train] + [f"test_images/{n}" for n in test])
    kinds = ["scab", "healthy", "rust", "complex", "scab frog_eye_leaf_spot", "frog_eye_leaf_spot", "rust frog_eye_leaf_spot",
             "scab frog_eye_leaf_spot complex", "powdery_mildew complex", "powdery_mildew", "rust complex"]  # fmt: skip
    csv(f, "train.csv", image=train, labels=choice(kinds, N))
    csv(f, "sample_submission.csv", image=test, labels=["healthy"] * M)
    says(f, "Leaves may have several diseases.", "The evaluation metric for this competition is Mean F1-Score.")


@lookalike(task_type="multilabel_classification", metric="f1_macro", target="Target", id_column="Id", kind="labels",
           inputs=("image",))  # fmt: skip
def human_protein(f: Path) -> None:
    train, test = hexes(N, 3), hexes(M, 4)
    files(
        f,
        [f"{s}/{n}_{c}.png" for s, names in (("train", train), ("test", test)) for n in names for c in ("red", "blue")],
    )
    sets = [" ".join(map(str, RNG.choice(28, size=k, replace=False))) for k in RNG.integers(1, 4, size=N)]
    csv(f, "train.csv", Id=train, Target=sets)
    csv(f, "sample_submission.csv", Id=test, Predicted=["0"] * M)
    says(f, "Multi-label classification of proteins.", "Submissions will be evaluated based on their macro F1 score.")


@lookalike(task_type="multiclass_classification", metric="map@5", target="Id", id_column="Image", kind="ranking",
           inputs=("image",))  # fmt: skip
def whales(f: Path) -> None:
    train, test = [f"{h}.jpg" for h in hexes(N, 5)], [f"{h}.jpg" for h in hexes(M, 6)]
    files(f, [f"train/{n}" for n in train] + [f"test/{n}" for n in test])
    names = ["new_whale", *(f"w_{h[:7]}" for h in hexes(20, 7))]
    csv(f, "train.csv", Image=train, Id=choice(names, N))
    csv(f, "sample_submission.csv", Image=test, Id=[" ".join(names[:5])] * M)
    says(
        f,
        "Identify whales by their flukes.",
        "Submissions are evaluated according to the Mean Average Precision @ 5 (MAP@5): up to 5 predictions a picture.",
    )


@lookalike(task_type="multiclass_classification", metric="f1_micro", target="species", id_column="file", kind="label",
           inputs=("image",))  # fmt: skip
def seedlings(f: Path) -> None:
    kinds = ["Black-grass", "Charlock", "Common Chickweed"]
    files(f, [f"train/{k}/{h}.png" for j, k in enumerate(kinds) for h in hexes(40, 10 + j)])
    test = [f"{h}.png" for h in hexes(M, 20)]
    files(f, [f"test/{n}" for n in test])
    csv(f, "sample_submission.csv", file=test, species=["Charlock"] * M)
    says(
        f,
        "Determine the species of a seedling from an image.",
        "Submissions are evaluated on MeanFScore: a micro-averaged F1-score.",
    )


@lookalike(
    task_type="multiclass_classification",
    metric="log_loss",
    target="breed",
    id_column="id",
    inputs=("image",),
)
def dog_breeds(f: Path) -> None:
    train, test, breeds = hexes(N, 21), hexes(M, 22), ["beagle", "boxer", "briard", "pug"]
    files(f, [f"train/{n}.jpg" for n in train] + [f"test/{n}.jpg" for n in test])
    csv(f, "labels.csv", id=train, breed=choice(breeds, N))
    csv(f, "sample_submission.csv", id=test, **{b: [0.25] * M for b in breeds})
    says(
        f,
        "Which breed is it?",
        "Submissions are evaluated on Multi Class Log Loss between the predicted probability and the target.",
    )


@lookalike(
    task_type="ordinal_regression",
    metric="qwk",
    target="diagnosis",
    id_column="id_code",
    inputs=("image",),
)
def blindness(f: Path) -> None:
    train, test = hexes(N, 23), hexes(M, 24)
    files(f, [f"train_images/{n}.png" for n in train] + [f"test_images/{n}.png" for n in test])
    csv(f, "train.csv", id_code=train, diagnosis=choice(range(5), N))
    csv(f, "test.csv", id_code=test)
    csv(f, "sample_submission.csv", id_code=test, diagnosis=[0] * M)
    says(
        f,
        "Rate the severity.",
        "Submissions are scored based on the quadratic weighted kappa, which measures the agreement.",
    )


@lookalike(
    task_type="regression",
    metric="rmse",
    target="Pawpularity",
    id_column="Id",
    inputs=("table", "image"),
)
def pet_pictures(f: Path) -> None:
    train, test = hexes(N, 25), hexes(M, 26)
    files(f, [f"train/{n}.jpg" for n in train] + [f"test/{n}.jpg" for n in test])
    csv(f, "train.csv", Id=train, Eyes=choice([0, 1], N), Blur=choice([0, 1], N), Pawpularity=choice(range(1, 100), N))
    csv(f, "test.csv", Id=test, Eyes=choice([0, 1], M), Blur=choice([0, 1], M))
    csv(f, "sample_submission.csv", Id=test, Pawpularity=[50.0] * M)
    says(f, "Predict engagement.", "Submissions are scored on the root mean squared error RMSE.")


@lookalike(task_type="image_to_image", metric="rmse", target="value", id_column="id")
def dirty_documents(f: Path) -> None:
    files(
        f,
        [f"{d}/{i}.png" for d in ("train", "train_cleaned") for i in range(10, 40)]
        + [f"test/{i}.png" for i in (1, 4, 7)],
    )
    csv(f, "sampleSubmission.csv", id=[f"{i}_{r}_{c}" for i in (1, 4, 7) for r in range(1, 13) for c in range(1, 9)],
        value=[1] * (3 * 96))  # fmt: skip
    says(
        f,
        "Clean the noisy documents.",
        "Submissions are evaluated on the root mean squared error between the cleaned pixel intensities and the actual ones.",
    )


# ---------------------------------------------------------------- boxes and masks


@lookalike(refused="metric")
def wheat(f: Path) -> None:
    train, test = hexes(30, 30), hexes(10, 31)
    files(f, [f"train/{n}.jpg" for n in train] + [f"test/{n}.jpg" for n in test])
    boxes = [f"[{float(x)}, {float(y)}, 56.0, 36.0]" for x, y in RNG.integers(900, size=(N, 2))]
    csv(
        f,
        "train.csv",
        image_id=choice(train, N),
        width=[1024] * N,
        height=[1024] * N,
        bbox=boxes,
        source=["usask_1"] * N,
    )
    csv(f, "sample_submission.csv", image_id=test, PredictionString=["1.0 0 0 50 50"] * 10)
    says(
        f,
        "Detect wheat heads with bounding boxes.",
        "This competition is evaluated on the mean average precision at different intersection over union (IoU) thresholds.",
    )


@lookalike(
    task_type="object_detection",
    metric="coco_map",
    target="PredictionString",
    id_column="image_id",
    kind="boxes",
)
def chest_findings(f: Path) -> None:
    train, test = hexes(30, 32), hexes(10, 33)
    files(f, [f"train/{n}.dicom.png" for n in train] + [f"test/{n}.dicom.png" for n in test])
    corners = {c: RNG.integers(0, 500, N) + (500 if "max" in c else 0) for c in ("x_min", "y_min", "x_max", "y_max")}
    csv(
        f,
        "train.csv",
        image_id=choice(train, N),
        class_name=choice(["nodule", "mass"], N),
        class_id=choice([0, 1], N),
        **corners,
    )
    csv(f, "sample_submission.csv", image_id=test, PredictionString=["14 1 0 0 1 1"] * 10)
    says(
        f,
        "Localise findings with bounding boxes.",
        "The challenge uses the COCO mAP, averaged over IoU 0.5:0.95, of the boxes.",
    )


@lookalike(task_type="object_detection", metric="coco_map", target="boxes", id_column="image_id", kind="boxes")
def cattle_in_coco(f: Path) -> None:
    files(f, [f"train/images/{i}.jpg" for i in range(30)] + [f"test/images/{i}.jpg" for i in range(40, 50)])
    notes = [{"id": i, "image_id": i % 30, "category_id": 1, "bbox": [1, 2, 30, 40]} for i in range(60)]
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in range(30)]
    (f / "train" / "annotations.json").write_text(
        json.dumps({"images": images, "annotations": notes, "categories": []})
    )
    csv(f, "sample_submission.csv", image_id=range(40, 50), label=["cow"] * 10, confidence=[0.5] * 10,
        x=[1] * 10, y=[1] * 10, w=[1] * 10, h=[1] * 10)  # fmt: skip
    says(f, "Object detection of cattle.", "Scored by mAP@[.5:.95] over bounding boxes, as COCO does.")


@lookalike(task_type="object_detection", metric="coco_map", target="boxes", id_column="image", kind="boxes")
def masks_in_voc(f: Path) -> None:
    xml = "<annotation><object><name>mask</name><bndbox><xmin>1</xmin></bndbox></object></annotation>"
    for i in range(30):
        files(f, [f"train/JPEGImages/{i}.jpg"])
        path = f / "train" / "Annotations" / f"{i}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(xml)
    files(f, [f"test/{i}.jpg" for i in range(30, 40)])
    csv(f, "sample_submission.csv", image=[f"{i}.jpg" for i in range(30, 40)], class_name=["mask"] * 10, score=[0.5] * 10,
        x1=[1] * 10, y1=[1] * 10, x2=[9] * 10, y2=[9] * 10)  # fmt: skip
    says(f, "Detect faces with masks: draw bounding boxes.", "Evaluated by COCO mAP of the bounding boxes.")


RUNS = " ".join(f"{41 * at + 5} {at % 7 + 2}" for at in range(12))


@lookalike(refused="metric")
def ships_in_runs(f: Path) -> None:
    train, test = [f"{h}.jpg" for h in hexes(60, 34)], [f"{h}.jpg" for h in hexes(20, 35)]
    files(f, [f"train_v2/{n}" for n in train] + [f"test_v2/{n}" for n in test])
    csv(
        f,
        "train_ship_segmentations_v2.csv",
        ImageId=choice(train, N),
        EncodedPixels=choice([RUNS, None, RUNS + " 900 3"], N),
    )
    csv(f, "sample_submission_v2.csv", ImageId=test, EncodedPixels=["1 1"] * 20)
    says(f, "Locate ships with an aligned segmentation of each.",
         "This competition is evaluated on the F2 Score at different intersection over union (IoU) thresholds.")  # fmt: skip


@lookalike(
    task_type="segmentation",
    metric="dice",
    target="EncodedPixels",
    id_column="ImageId_ClassId",
    kind="mask",
)
def steel(f: Path) -> None:
    train, test = [f"{h}.jpg" for h in hexes(30, 36)], [f"{h}.jpg" for h in hexes(10, 37)]
    files(f, [f"train_images/{n}" for n in train] + [f"test_images/{n}" for n in test])
    csv(
        f,
        "train.csv",
        ImageId_ClassId=[f"{n}_{k}" for n in train for k in range(1, 5)],
        EncodedPixels=choice([RUNS, None], 120),
    )
    csv(
        f,
        "sample_submission.csv",
        ImageId_ClassId=[f"{n}_{k}" for n in test for k in range(1, 5)],
        EncodedPixels=["1 409600"] * 40,
    )
    says(
        f,
        "Segment defects. Use run-length encoding on the pixel values.",
        "This competition is evaluated on the mean Dice coefficient.",
    )


@lookalike(task_type="segmentation", metric="dice", target="rle_mask", id_column="img", kind="mask")
def cars(f: Path) -> None:
    train, test = [f"{h}_01.jpg" for h in hexes(30, 38)], [f"{h}_01.jpg" for h in hexes(10, 39)]
    files(
        f,
        [f"train/{n}" for n in train] + [f"train_masks/{n[:-4]}_mask.gif" for n in train] + [f"test/{n}" for n in test],
    )
    csv(f, "train_masks.csv", img=train, rle_mask=[RUNS] * 30)
    csv(f, "sample_submission.csv", img=test, rle_mask=["1 1"] * 10)
    says(
        f,
        "Cut cars out of their background.",
        "This competition is evaluated on the mean Dice coefficient of run-length masks.",
    )


@lookalike(task_type="segmentation", metric="dice", target="segmentation", id_column="id,class", kind="mask")
def tracts(f: Path) -> None:
    train, test, kinds = (
        ids(40, prefix="case1_day"),
        ids(14, prefix="case2_day"),
        ["large_bowel", "small_bowel", "stomach"],
    )
    files(f, [f"train/{n}.png" for n in train] + [f"test/{n}.png" for n in test])
    csv(
        f,
        "train.csv",
        id=[n for n in train for _ in kinds],
        **{"class": kinds * 40},
        segmentation=choice([RUNS, None], 120),
    )
    csv(f, "sample_submission.csv", id=[n for n in test for _ in kinds], **{"class": kinds * 14}, predicted=[None] * 42)
    says(f, "Segment organs; submit run-length encodings.", "Evaluated by the mean Dice coefficient of the masks.")


# ---------------------------------------------------------------- sound


@lookalike(unplayable=True,
           task_type="multiclass_classification", metric="map@3", target="label", id_column="fname", kind="ranking",
           inputs=("audio",))  # fmt: skip
def sounds(f: Path) -> None:
    train, test, kinds = (
        [f"{h}.wav" for h in hexes(N, 40)],
        [f"{h}.wav" for h in hexes(M, 41)],
        ["Bark", "Laughter", "Cello", "Oboe"],
    )
    files(f, [f"audio_train/{n}" for n in train] + [f"audio_test/{n}" for n in test])
    csv(f, "train.csv", fname=train, label=choice(kinds, N), manually_verified=choice([0, 1], N))
    csv(f, "sample_submission.csv", fname=test, label=["Laughter Oboe Cello"] * M)
    says(f, "Tag sounds.", "Submissions will be evaluated according to the Mean Average Precision @ 3 (MAP@3).")


@lookalike(
    unplayable=True,
    task_type="multiclass_classification",
    metric="accuracy",
    target="label",
    id_column="fname",
    inputs=("audio",),
)
def spoken_words(f: Path) -> None:
    files(f, [f"train/audio/{w}/{h}.wav" for j, w in enumerate(("yes", "no", "up")) for h in hexes(40, 42 + j)])
    test = [f"clip_{h}.wav" for h in hexes(M, 46)]
    files(f, [f"test/audio/{n}" for n in test])
    csv(f, "sample_submission.csv", fname=test, label=["silence"] * M)
    says(f, "Recognise simple commands.", "Submissions are evaluated on Multiclass Accuracy.")


@lookalike(
    unplayable=True,
    task_type="binary_classification",
    metric="auc",
    target="hasbird",
    id_column="itemid",
    inputs=("audio",),
)
def bird_there(f: Path) -> None:
    train, test = hexes(N, 47), hexes(M, 48)
    files(f, [f"train/{n}.wav" for n in train] + [f"test/{n}.wav" for n in test])
    csv(f, "train_labels.csv", itemid=train, hasbird=choice([0, 1], N))
    csv(f, "sample_submission.csv", itemid=test, hasbird=[0.5] * M)
    says(f, "Is a bird heard?", "Area Under the ROC curve (AUC).")


# ---------------------------------------------------------------- recommendation and ranking


@lookalike(task_type="recommendation", metric="map@12", target="prediction", id_column="customer_id", kind="ranking")
def fashion(f: Path) -> None:
    people, things = hexes(40, 50), [f"0{663713000 + i}" for i in range(30)]
    csv(f, "transactions_train.csv", t_dat=sorted(choice(dates(60), 600)), customer_id=choice(people, 600),
        article_id=choice(things, 600), price=numbers(600), sales_channel_id=choice([1, 2], 600))  # fmt: skip
    csv(f, "articles.csv", article_id=things, product_code=things, colour=choice(["red", "blue"], 30))
    csv(f, "customers.csv", customer_id=people, age=choice(range(18, 80), 40))
    csv(f, "sample_submission.csv", customer_id=people, prediction=[" ".join(things[:12])] * 40)
    says(f, "Recommend articles that each customer buys in the next 7 days.",
         "Submissions are evaluated according to the Mean Average Precision @ 12 (MAP@12).")  # fmt: skip


@lookalike(
    unplayable=True,
    task_type="recommendation",
    metric="f1_samples",
    target="products",
    id_column="order_id",
    kind="ranking",
)
def groceries(f: Path) -> None:
    csv(f, "orders.csv", order_id=range(200), user_id=[i // 10 for i in range(200)],
        eval_set=[("prior" if i % 10 < 8 else "train" if i % 10 == 8 else "test") for i in range(200)],
        order_number=[i % 10 for i in range(200)])  # fmt: skip
    prior = [i for i in range(200) if i % 10 < 8]
    train = [i for i in range(200) if i % 10 == 8]
    for name, orders in (("prior", prior), ("train", train)):
        csv(f, f"order_products__{name}.csv", order_id=[o for o in orders for _ in range(6)],
            product_id=choice(range(100, 160), 6 * len(orders)), reordered=choice([0, 1], 6 * len(orders)))  # fmt: skip
    csv(f, "products.csv", product_id=range(100, 160), product_name=ids(60, prefix="thing "))
    csv(f, "sample_submission.csv", order_id=[i for i in range(200) if i % 10 == 9], products=["139 126"] * 20)
    says(f, "Which products will be reordered?", "Submissions will be evaluated based on their mean F1 score.")


@lookalike(refused="metric")
def sessions_in_lines(f: Path) -> None:
    f.mkdir(parents=True, exist_ok=True)
    for name, start in (("train", 0), ("test", 100)):
        lines = [
            json.dumps({"session": start + s, "events": [
                {"aid": int(a), "ts": 1000 + k, "type": "clicks"} for k, a in enumerate(RNG.integers(50, size=5))]})
            for s in range(60)
        ]  # fmt: skip
        (f / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    csv(f, "sample_submission.csv", session_type=[f"{100 + s}_{k}" for s in range(60) for k in ("clicks", "carts", "orders")],
        labels=["1 2 3 4 5"] * 180)  # fmt: skip
    says(
        f,
        "Recommend what users click, add to carts and order next.",
        "Submissions are evaluated on Recall@20 for each action type, and the three recall values are weight-averaged.",
    )


@lookalike(task_type="recommendation", metric="ndcg@20", target="tracks", id_column="playlist", kind="ranking")
def playlists(f: Path) -> None:
    csv(f, "listens.csv", listener=choice(range(30), 500), track=choice(ids(40, prefix="t"), 500), when=range(500))
    csv(f, "test.csv", playlist=range(30))
    csv(f, "sample_submission.csv", playlist=range(30), tracks=[" ".join(ids(20, prefix="t"))] * 30)
    says(f, "Recommend tracks to users.", "The score is NDCG@20 over the recommended list.")


@lookalike(
    task_type="multiclass_classification",
    metric="map@5",
    target="hotel_cluster",
    id_column="id",
    kind="ranking",
)
def hotels(f: Path) -> None:
    csv(f, "train.csv", site_name=choice(range(5), N), user_country=choice(range(9), N), channel=choice(range(4), N),
        is_booking=choice([0, 1], N), hotel_cluster=choice(range(12), N))  # fmt: skip
    csv(
        f,
        "test.csv",
        id=range(M),
        site_name=choice(range(5), M),
        user_country=choice(range(9), M),
        channel=choice(range(4), M),
    )
    csv(f, "sample_submission.csv", id=range(M), hotel_cluster=["3 1 7 9 2"] * M)
    says(
        f,
        "Which hotel group will a user book?",
        "Submissions are evaluated according to the Mean Average Precision @ 5 (MAP@5).",
    )


@lookalike(task_type="ranking", metric="ndcg@5", target="relevance", id_column="doc_id", kind="ranking")
def search_results(f: Path) -> None:
    csv(f, "train.csv", query_id=[i // 6 for i in range(N)], doc_id=range(N), bm25=numbers(N), clicks=numbers(N),
        relevance=choice([0, 1, 2], N))  # fmt: skip
    csv(
        f,
        "test.csv",
        query_id=[100 + i // 6 for i in range(M)],
        doc_id=range(500, 500 + M),
        bm25=numbers(M),
        clicks=numbers(M),
    )
    csv(f, "sample_submission.csv", doc_id=range(500, 500 + M), relevance=[0.0] * M)
    says(f, "Rank documents of a query by relevance.", "Submissions are evaluated on NDCG@5 for each query.")


# ---------------------------------------------------------------- time


@lookalike(task_type="forecasting", metric="wrmsse", id_column="id", kind="series")
def walks_of_sales(f: Path) -> None:
    items = [f"HOBBIES_1_{i:03d}_CA_1_evaluation" for i in range(20)]
    days = {f"d_{k}": choice(range(9), 20) for k in range(1, 61)}
    csv(f, "sales_train_evaluation.csv", id=items, item_id=[i[:13] for i in items], dept_id=["HOBBIES_1"] * 20, **days)
    csv(f, "calendar.csv", date=dates(90), d=[f"d_{k}" for k in range(1, 91)], wday=[k % 7 for k in range(90)])
    csv(f, "sell_prices.csv", store_id=["CA_1"] * 20, item_id=[i[:13] for i in items], sell_price=numbers(20))
    csv(f, "sample_submission.csv", id=items, **{f"F{k}": [0] * 20 for k in range(1, 29)})
    says(f, "Forecast daily sales for the next 28 days.",
         "This competition uses a Weighted Root Mean Squared Scaled Error (RMSSE).")  # fmt: skip


@lookalike(task_type="forecasting", metric="smape", target="Visits", id_column="Id", kind="series")
def page_views(f: Path) -> None:
    pages = [f"Page_{i}_en.wikipedia.org_all-access_spider" for i in range(12)]
    csv(f, "train_1.csv", Page=pages, **{d: choice(range(99), 12) for d in dates(50, "2015-07-01")})
    csv(f, "key_1.csv", Page=[f"{p}_{d}" for p in pages for d in dates(5, "2017-01-01")], Id=hexes(60, 60))
    csv(f, "sample_submission_1.csv", Id=hexes(60, 60), Visits=[0] * 60)
    says(
        f,
        "Forecast future traffic of Wikipedia pages.",
        "Submissions are evaluated on SMAPE between forecasts and actual values.",
    )


@lookalike(task_type="regression", metric="rmsle", target="sales", id_column="id")
def favorite_stores(f: Path) -> None:
    days, stores = dates(60), range(1, 6)
    rows = [(d, s) for d in days for s in stores]
    csv(f, "train.csv", id=range(300), date=[d for d, _ in rows], store_nbr=[s for _, s in rows],
        family=choice(["DAIRY", "EGGS"], 300), sales=np.abs(numbers(300)), onpromotion=choice(range(5), 300))  # fmt: skip
    later = [(d, s) for d in dates(10, "2017-03-02") for s in stores]
    csv(f, "test.csv", id=range(300, 350), date=[d for d, _ in later], store_nbr=[s for _, s in later],
        family=choice(["DAIRY", "EGGS"], 50), onpromotion=choice(range(5), 50))  # fmt: skip
    csv(f, "sample_submission.csv", id=range(300, 350), sales=[0.0] * 50)
    csv(f, "oil.csv", date=dates(70), dcoilwtico=numbers(70))
    says(f, "Use time-series forecasting to forecast store sales.",
         "The evaluation metric for this competition is Root Mean Squared Logarithmic Error.")  # fmt: skip


@lookalike(task_type="regression", metric="rmspe", target="Sales", id_column="Id")
def drug_stores(f: Path) -> None:
    csv(f, "train.csv", Store=[i % 6 for i in range(300)], DayOfWeek=[i // 6 % 7 + 1 for i in range(300)],
        Date=[d for d in dates(50) for _ in range(6)], Sales=choice(range(3000, 9000), 300), Customers=choice(range(999), 300),
        Open=choice([0, 1], 300), Promo=choice([0, 1], 300))  # fmt: skip
    csv(
        f,
        "test.csv",
        Id=range(1, 61),
        Store=[i % 6 for i in range(60)],
        DayOfWeek=[i // 6 % 7 + 1 for i in range(60)],
        Date=[d for d in dates(10, "2017-02-20") for _ in range(6)],
        Open=choice([0, 1], 60),
        Promo=choice([0, 1], 60),
    )
    csv(f, "sample_submission.csv", Id=range(1, 61), Sales=[0] * 60)
    csv(f, "store.csv", Store=range(6), StoreType=choice(["a", "b"], 6), CompetitionDistance=choice(range(999), 6))
    says(
        f, "Forecast sales of 6 stores.", "Submissions are evaluated on the Root Mean Square Percentage Error (RMSPE)."
    )


@lookalike(task_type="regression", metric="smape", target="sales", id_column="id")
def item_demand(f: Path) -> None:
    csv(f, "train.csv", date=[d for d in dates(80) for _ in range(4)], store=[1, 1, 2, 2] * 80, item=[1, 2, 1, 2] * 80,
        sales=choice(range(10, 90), 320))  # fmt: skip
    csv(f, "test.csv", id=range(40), date=[d for d in dates(10, "2017-03-22") for _ in range(4)], store=[1, 1, 2, 2] * 10,
        item=[1, 2, 1, 2] * 10)  # fmt: skip
    csv(f, "sample_submission.csv", id=range(40), sales=[52] * 40)
    says(f, "Predict 3 months of sales.", "Submissions are evaluated on SMAPE between forecasts and actual values.")


# ---------------------------------------------------------------- texts


@lookalike(task_type="multilabel_classification", metric="auc", target="toxic", id_column="id")
def toxic_comments(f: Path) -> None:
    names = ("toxic", "severe_toxic", "obscene", "threat")
    csv(
        f,
        "train.csv",
        id=hexes(N, 70),
        comment_text=[sentence(i) for i in range(N)],
        **{c: choice([0, 0, 1], N) for c in names},
    )
    csv(f, "test.csv", id=hexes(M, 71), comment_text=[sentence(i + 500) for i in range(M)])
    csv(f, "sample_submission.csv", id=hexes(M, 71), **{c: [0.5] * M for c in names})
    says(f, "Detect types of toxicity.", "Submissions are now evaluated on the mean column-wise ROC AUC.")


@lookalike(task_type="binary_classification", metric="log_loss", target="is_duplicate", id_column="test_id")
def question_pairs(f: Path) -> None:
    csv(f, "train.csv", id=range(N), qid1=range(N), qid2=range(N, 2 * N), question1=[sentence(i) for i in range(N)],
        question2=[sentence(i + 1) for i in range(N)], is_duplicate=choice([0, 1], N))  # fmt: skip
    csv(f, "test.csv", test_id=range(M), question1=[sentence(i + 700) for i in range(M)],
        question2=[sentence(i + 701) for i in range(M)])  # fmt: skip
    csv(f, "sample_submission.csv", test_id=range(M), is_duplicate=[1] * M)
    says(
        f,
        "Which pairs mean the same?",
        "Submissions are evaluated on the log loss between the predicted values and the ground truth.",
    )


@lookalike(task_type="text_generation", metric="accuracy", target="after", id_column="id", kind="text")
def spoken_forms(f: Path) -> None:
    def spoken(n: int, offset: int) -> tuple[list[int], list[int], list[str], list[str]]:
        word = [WORDS[(i * 7 + offset) % len(WORDS)] if i % 4 else str(1000 + i) for i in range(n)]
        said = [w if i % 4 else f"one thousand and {WORDS[i % len(WORDS)]}" for i, w in enumerate(word)]
        return [i // 8 for i in range(n)], [i % 8 for i in range(n)], word, said

    s, t, before, after = spoken(400, 0)
    csv(
        f,
        "en_train.csv",
        sentence_id=s,
        token_id=t,
        **{"class": choice(["PLAIN", "CARDINAL"], 400)},
        before=before,
        after=after,
    )
    s, t, before, after = spoken(80, 3)
    csv(f, "en_test.csv", sentence_id=s, token_id=t, before=before)
    csv(f, "en_sample_submission.csv", id=[f"{a}_{b}" for a, b in zip(s, t, strict=True)], after=before)
    says(f, "Text normalization: convert written expressions into spoken forms.",
         "Submissions are evaluated on prediction accuracy (the total percent of correct tokens).")  # fmt: skip


@lookalike(
    unplayable=True,
    task_type="text_generation",
    metric="levenshtein",
    target="InChI",
    id_column="image_id",
    kind="text",
)
def molecules(f: Path) -> None:
    train, test = hexes(N, 72), hexes(M, 73)
    files(f, [f"train/{n[0]}/{n}.png" for n in train] + [f"test/{n[0]}/{n}.png" for n in test])
    csv(f, "train_labels.csv", image_id=train, InChI=[f"InChI=1S/C{i}H{2 * i}O/c1-{i}-2" for i in range(N)])
    csv(f, "sample_submission.csv", image_id=test, InChI=["InChI=1S/H2O/h1H2"] * M)
    says(
        f,
        "Translate images of molecules.",
        "Submissions are evaluated on the mean Levenshtein distance between the strings.",
    )


@lookalike(task_type="regression", metric="rmse", target="target", id_column="id")
def readability(f: Path) -> None:
    csv(f, "train.csv", id=hexes(N, 74), url_legal=[None] * N, license=choice(["CC", None], N),
        excerpt=[sentence(i, 40) for i in range(N)], target=numbers(N), standard_error=np.abs(numbers(N)))  # fmt: skip
    csv(
        f,
        "test.csv",
        id=hexes(M, 75),
        url_legal=[None] * M,
        license=choice(["CC", None], M),
        excerpt=[sentence(i + 900, 40) for i in range(M)],
    )
    csv(f, "sample_submission.csv", id=hexes(M, 75), target=[0.0] * M)
    says(f, "Rate the complexity of passages.", "Submissions are scored on the root mean squared error.")


@lookalike(task_type="regression", metric="rmse", target="content", id_column="student_id")
def summaries(f: Path) -> None:
    csv(f, "summaries_train.csv", student_id=hexes(N, 76), prompt_id=choice(["p1", "p2"], N),
        text=[sentence(i, 30) for i in range(N)],
        content=numbers(N), wording=numbers(N))  # fmt: skip
    csv(
        f,
        "summaries_test.csv",
        student_id=hexes(M, 77),
        prompt_id=choice(["p3"], M),
        text=[sentence(i + 950, 30) for i in range(M)],
    )
    for split, keys in (("train", ["p1", "p2"]), ("test", ["p3"])):
        csv(f, f"prompts_{split}.csv", prompt_id=keys, prompt_question=[sentence(i) for i in range(len(keys))])
    csv(f, "sample_submission.csv", student_id=hexes(M, 77), content=[0.0] * M, wording=[0.0] * M)
    says(f, "Assess summaries.", "Submissions are scored using MCRMSE, mean columnwise root mean squared error.")


@lookalike(task_type="span_extraction", metric="word_jaccard", target="answer_text", id_column="id", kind="text")
def answers_in_context(f: Path) -> None:
    texts = [sentence(i, 30) for i in range(N + M)]
    csv(
        f,
        "train.csv",
        id=hexes(N, 78),
        context=texts[:N],
        question=[sentence(i + 99) for i in range(N)],
        answer_text=[" ".join(t.split()[k % 20 : k % 20 + 4]) for k, t in enumerate(texts[:N])],
        answer_start=range(N),
    )
    csv(f, "test.csv", id=hexes(M, 79), context=texts[N:], question=[sentence(i + 300) for i in range(M)])
    csv(f, "sample_submission.csv", id=hexes(M, 79), PredictionString=[""] * M)
    says(f, "Answer questions about passages.", "The metric in this competition is the word-level Jaccard score.")


@lookalike(task_type="language_modelling", metric="bits_per_byte", id_column="id")
def bytes_to_come(f: Path) -> None:
    f.mkdir(parents=True, exist_ok=True)
    (f / "train.txt").write_text(" ".join(sentence(i) for i in range(300)))
    csv(f, "test.csv", id=range(M), prefix=[sentence(i) for i in range(M)])
    csv(f, "sample_submission.csv", id=range(M), **{f"b{k}": [1 / 64] * M for k in range(64)})
    says(f, "Predict the next byte of English.", "Scored in bits per byte of the held-out text.")


# ---------------------------------------------------------------- tables


@lookalike(task_type="ordinal_regression", metric="qwk", target="AdoptionSpeed", id_column="PetID")
def pet_adoption(f: Path) -> None:
    csv(f, "train/train.csv", Type=choice([1, 2], N), Age=choice(range(90), N), Description=[sentence(i) for i in range(N)],
        PetID=hexes(N, 80), AdoptionSpeed=choice(range(5), N))  # fmt: skip
    csv(f, "test/test.csv", Type=choice([1, 2], M), Age=choice(range(90), M), Description=[sentence(i + 400) for i in range(M)],
        PetID=hexes(M, 81))  # fmt: skip
    csv(f, "test/sample_submission.csv", PetID=hexes(M, 81), AdoptionSpeed=[0] * M)
    says(f, "How quickly is a pet adopted?", "Submissions are scored based on the quadratic weighted kappa.")


@lookalike(task_type="binary_classification", metric="log_loss", target="click", id_column="id")
def clicks(f: Path) -> None:
    csv(f, "train.csv", id=ids(N, 10**9), click=choice([0, 0, 1], N), hour=[14102100 + i // 10 for i in range(N)],
        banner_pos=choice([0, 1], N), site_id=choice(hexes(9, 82), N))  # fmt: skip
    csv(f, "test.csv", id=ids(M, 2 * 10**9), hour=[14103100 + i // 10 for i in range(M)], banner_pos=choice([0, 1], M),
        site_id=choice(hexes(9, 82), M))  # fmt: skip
    csv(f, "sampleSubmission.csv", id=ids(M, 2 * 10**9), click=[0.5] * M)
    says(f, "Will an ad be clicked?", "Submissions are evaluated using the Logarithmic Loss (smaller is better).")


@lookalike(task_type="binary_classification", metric="gini", target="target", id_column="id")
def safe_drivers(f: Path) -> None:
    csv(f, "train.csv", id=range(N), target=choice([0, 0, 1], N), ps_ind_01=choice(range(7), N), ps_reg_01=numbers(N))
    csv(f, "test.csv", id=range(N, N + M), ps_ind_01=choice(range(7), M), ps_reg_01=numbers(M))
    csv(f, "sample_submission.csv", id=range(N, N + M), target=[0.0364] * M)
    says(f, "Predict a claim.", "Submissions are evaluated using the Normalized Gini Coefficient.")


@lookalike(task_type="binary_classification", metric="auc", target="TARGET", id_column="ID")
def satisfaction(f: Path) -> None:
    csv(f, "train.csv", ID=range(1, 2 * N, 2), var3=choice(range(9), N), var15=numbers(N), TARGET=choice([0, 0, 1], N))
    csv(f, "test.csv", ID=range(2, 2 * M + 1, 2), var3=choice(range(9), M), var15=numbers(M))
    csv(f, "sample_submission.csv", ID=range(2, 2 * M + 1, 2), TARGET=[0] * M)
    says(
        f,
        "Are customers satisfied?",
        "Submissions are evaluated on area under the ROC curve between the predicted probability and the observed target.",
    )


@lookalike(task_type="regression", metric="rmsle", target="price", id_column="test_id")
def market_prices(f: Path) -> None:
    names = {"name": [sentence(i, 4) for i in range(N)], "item_condition_id": choice(range(1, 6), N)}
    pl.DataFrame({"train_id": range(N), **names, "price": np.abs(numbers(N))}).write_csv(
        _made(f) / "train.tsv", separator="\t"
    )
    rest = {"name": [sentence(i + 600, 4) for i in range(M)], "item_condition_id": choice(range(1, 6), M)}
    pl.DataFrame({"test_id": range(M), **rest}).write_csv(f / "test.tsv", separator="\t")
    csv(f, "sample_submission.csv", test_id=range(M), price=[26.7] * M)
    says(f, "Suggest prices.", "The evaluation metric for this competition is Root Mean Squared Logarithmic Error.")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@lookalike(task_type="regression", metric="rmsle", target="trip_duration", id_column="id")
def taxi_trips(f: Path) -> None:
    when = [f"{d} 10:00:00" for d in dates(N)]
    csv(f, "train.csv", id=ids(N, prefix="id"), vendor_id=choice([1, 2], N), pickup_datetime=when, dropoff_datetime=when,
        pickup_longitude=numbers(N), trip_duration=choice(range(60, 3000), N))  # fmt: skip
    csv(
        f,
        "test.csv",
        id=ids(M, 900, "id"),
        vendor_id=choice([1, 2], M),
        pickup_datetime=choice(when, M),
        pickup_longitude=numbers(M),
    )
    csv(f, "sample_submission.csv", id=ids(M, 900, "id"), trip_duration=[959] * M)
    says(
        f,
        "Predict the duration of trips.",
        "The evaluation metric for this competition is Root Mean Squared Logarithmic Error.",
    )


@lookalike(task_type="binary_classification", metric="accuracy", target="Survived", id_column="PassengerId")
def shipwreck(f: Path) -> None:
    csv(
        f,
        "train.csv",
        PassengerId=range(1, N + 1),
        Survived=choice([0, 1], N),
        Sex=choice(["male", "female"], N),
        Age=numbers(N),
    )
    csv(f, "test.csv", PassengerId=range(N + 1, N + M + 1), Sex=choice(["male", "female"], M), Age=numbers(M))
    csv(f, "gender_submission.csv", PassengerId=range(N + 1, N + M + 1), Survived=[0] * M)
    says(
        f,
        "Who survived?",
        "Your score is the percentage of passengers you correctly predict. This is known as accuracy.",
    )


@lookalike(task_type="regression", metric="rmse", target="yield", id_column="store,date")
def rows_of_two_keys(f: Path) -> None:
    days = dates(60)
    csv(
        f,
        "train.csv",
        store=[s for s in range(3) for _ in days[:40]],
        date=days[:40] * 3,
        rain=numbers(N),
        **{"yield": numbers(N)},
    )
    csv(f, "test.csv", store=[s for s in range(3) for _ in days[40:]], date=days[40:] * 3, rain=numbers(60))
    csv(
        f,
        "sample_submission.csv",
        store=[s for s in range(3) for _ in days[40:]],
        date=days[40:] * 3,
        **{"yield": [0.0] * 60},
    )
    says(f, "Predict the yield.", "Submissions are scored on RMSE.")


@lookalike(task_type="regression", metric="crps", target="Yards", id_column="PlayId", kind="distribution")
def yards(f: Path) -> None:
    csv(f, "train.csv", PlayId=range(N), Down=choice([1, 2, 3], N), Yards=choice(range(-5, 30), N))
    csv(f, "test.csv", PlayId=range(N, N + M), Down=choice([1, 2, 3], M))
    csv(f, "sample_submission.csv", PlayId=range(N, N + M), **{f"Yards{k}": [0.5] * M for k in range(-99, 100)})
    says(f, "How many yards?", "Submissions will be evaluated on the Continuous Ranked Probability Score (CRPS).")


@lookalike(
    task_type="multiclass_classification",
    metric="log_loss",
    target="interest_level",
    id_column="listing_id",
)
def rentals(f: Path) -> None:
    table = {"listing_id": range(N), "bathrooms": choice([1, 2], N), "price": choice(range(999, 5000), N),
             "interest_level": choice(["low", "medium", "high"], N)}  # fmt: skip
    pl.DataFrame(table).write_json(_made(f) / "train.json")
    pl.DataFrame(
        {"listing_id": range(500, 500 + M), "bathrooms": choice([1, 2], M), "price": choice(range(999, 5000), M)}
    ).write_json(f / "test.json")
    csv(f, "sample_submission.csv", listing_id=range(500, 500 + M), high=[0.2] * M, medium=[0.3] * M, low=[0.5] * M)
    says(f, "How popular is a listing?", "Submissions are evaluated using the multi-class logarithmic loss.")
