"""More lookalikes, written before intake was tried on them: hosts' oddities beside the usual shapes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
from kind_competitions import RUNS, M, N, choice, csv, dates, files, hexes, ids, lookalike, numbers, says, sentence


@lookalike(task_type="regression", metric="rmse", target="Class1.1", id_column="GalaxyID", inputs=("image",))
def galaxies(f: Path) -> None:
    train, test = range(100000, 100000 + N), range(200000, 200000 + M)
    files(f, [f"images_training_rev1/{n}.jpg" for n in train] + [f"images_test_rev1/{n}.jpg" for n in test])
    names = ("Class1.1", "Class1.2", "Class1.3")
    csv(f, "training_solutions_rev1.csv", GalaxyID=train, **{c: np.abs(numbers(N)) for c in names})
    csv(f, "all_zeros_benchmark_sample.csv", GalaxyID=test, **{c: [0.0] * M for c in names})
    says(
        f,
        "Classify galaxies: predict how people answer.",
        "Your score is the Root Mean Squared Error over all answers.",
    )


@lookalike(task_type="binary_classification", metric="auc", target="label", id_column="id", inputs=("image",))
def tumours(f: Path) -> None:
    train, test = hexes(N, 200), hexes(M, 201)
    files(f, [f"train/{n}.tif" for n in train] + [f"test/{n}.tif" for n in test])
    csv(f, "train_labels.csv", id=train, label=choice([0, 1], N))
    csv(f, "sample_submission.csv", id=test, label=[0] * M)
    says(f, "Identify metastatic tissue.",
        "Submissions are evaluated on area under the ROC curve between probability and target.")  # fmt: skip


@lookalike(task_type="binary_classification", metric="auc", target="target", id_column="image_name",
           inputs=("table", "image"))  # fmt: skip
def moles(f: Path) -> None:
    train, test = ids(N, prefix="ISIC_0"), ids(M, 900, "ISIC_0")
    files(f, [f"jpeg/train/{n}.jpg" for n in train] + [f"jpeg/test/{n}.jpg" for n in test])
    csv(f, "train.csv", image_name=train, patient_id=choice(ids(90), N), sex=choice(["male", "female"], N), age=numbers(N),
        diagnosis=choice(["nevus", "unknown"], N), target=choice([0, 0, 1], N))  # fmt: skip
    csv(
        f, "test.csv", image_name=test, patient_id=choice(ids(90), M), sex=choice(["male", "female"], M), age=numbers(M)
    )
    csv(f, "sample_submission.csv", image_name=test, target=[0] * M)
    says(f, "Identify melanoma.", "Submissions are evaluated on area under the ROC curve.")


@lookalike(task_type="binary_classification", metric="auc", target="Insult", id_column=None)
def insults_without_ids(f: Path) -> None:
    csv(f, "train.csv", Insult=choice([0, 1], N), Date=choice(dates(90), N), Comment=[sentence(i) for i in range(N)])
    csv(f, "test.csv", Date=choice(dates(90), M), Comment=[sentence(i + 400) for i in range(M)])
    csv(f, "sample_submission_null.csv", Insult=[0] * M)
    says(f, "Is a comment insulting?", "This is a prediction contest evaluated on AUC.")


@lookalike(task_type="binary_classification", metric="auc",
           target="requester_received_pizza", id_column="request_id")  # fmt: skip
def pizza(f: Path) -> None:
    def rows(n: int, start: int) -> list[dict[str, object]]:
        return [{"request_id": f"t3_{start + i}", "request_text": sentence(i), "karma": i * 7 % 50} for i in range(n)]

    f.mkdir(parents=True)
    answers = choice([True, False], N)
    (f / "train.json").write_text(
        json.dumps([{**r, "requester_received_pizza": a} for r, a in zip(rows(N, 0), answers, strict=True)])
    )
    (f / "test.json").write_text(json.dumps(rows(M, 500)))
    csv(f, "sampleSubmission.csv", request_id=[f"t3_{500 + i}" for i in range(M)], requester_received_pizza=[0] * M)
    says(f, "Who gets a pizza?", "Submissions are evaluated on area under the ROC curve.")


@lookalike(refused="no train table")
def pairs_of_comments(f: Path) -> None:
    csv(f, "validation_data.csv", worker=choice(range(9), N), less_toxic=[sentence(i) for i in range(N)],
        more_toxic=[sentence(i + 200) for i in range(N)])  # fmt: skip
    csv(f, "comments_to_score.csv", comment_id=range(M), text=[sentence(i + 900) for i in range(M)])
    csv(f, "sample_submission.csv", comment_id=range(M), score=[0.5] * M)
    says(f, "Rank comments by severity.", "Submissions are evaluated on Average Agreement with Annotators.")


@lookalike(task_type="regression", metric="rmse", target="fare_amount", id_column="key")
def fares(f: Path) -> None:
    when = [f"{d} 09:{i % 60:02d}:00 UTC" for i, d in enumerate(dates(N))]
    csv(f, "train.csv", key=[f"{w[:-4]}.000{i}" for i, w in enumerate(when)], fare_amount=np.abs(numbers(N)),
        pickup_datetime=when,
        passenger_count=choice([1, 2], N))  # fmt: skip
    later = choice(when, M)
    csv(f, "test.csv", key=[f"{w[:-4]}.900{i}" for i, w in enumerate(later)], pickup_datetime=later,
        passenger_count=choice([1, 2], M))  # fmt: skip
    csv(f, "sample_submission.csv", key=[f"{w[:-4]}.900{i}" for i, w in enumerate(later)], fare_amount=[11.35] * M)
    says(f, "Predict fares.", "The evaluation metric for this competition is the root mean-squared error or RMSE.")


@lookalike(task_type="multiclass_classification", metric="accuracy", target="Cover_Type", id_column="Id")
def cover_types(f: Path) -> None:
    csv(f, "train.csv", Id=range(N), Elevation=choice(range(999), N), Slope=choice(range(60), N),
        Cover_Type=choice(range(1, 8), N))  # fmt: skip
    csv(f, "test.csv", Id=range(N, N + M), Elevation=choice(range(999), M), Slope=choice(range(60), M))
    csv(f, "sample_submission.csv", Id=range(N, N + M), Cover_Type=[2] * M)
    says(f, "Which trees?", "Submissions are evaluated on multi-class classification accuracy.")


@lookalike(refused="metric")
def couplings(f: Path) -> None:
    csv(f, "train.csv", id=range(N), molecule_name=ids(N, prefix="dsgdb9nsd_"), atom=choice(range(9), N),
        type=choice(["1JHC", "2JHH"], N),
        scalar_coupling_constant=numbers(N))  # fmt: skip
    csv(f, "test.csv", id=range(N, N + M), molecule_name=ids(M, 900, "dsgdb9nsd_"), atom=choice(range(9), M),
        type=choice(["1JHC", "2JHH"], M))  # fmt: skip
    csv(f, "sample_submission.csv", id=range(N, N + M), scalar_coupling_constant=[0] * M)
    says(
        f,
        "Predict interactions between atoms.",
        "Submissions are evaluated on the Log of the Mean Absolute Error, calculated for each type, and then averaged.",
    )


@lookalike(task_type="regression", metric="spearman", target="question_well_written", id_column="qa_id")
def questions_rated(f: Path) -> None:
    names = ("question_well_written", "answer_helpful", "answer_level")
    csv(f, "train.csv", qa_id=range(N), question_title=[sentence(i) for i in range(N)],
        answer=[sentence(i + 50, 30) for i in range(N)],
        **{c: choice([0.0, 0.33, 0.66, 1.0], N) for c in names})  # fmt: skip
    csv(f, "test.csv", qa_id=range(N, N + M), question_title=[sentence(i + 500) for i in range(M)],
        answer=[sentence(i + 600, 30) for i in range(M)])  # fmt: skip
    csv(f, "sample_submission.csv", qa_id=range(N, N + M), **{c: [0.5] * M for c in names})
    says(f, "Rate questions and answers.",
        "Submissions are evaluated on the mean column-wise Spearman's correlation coefficient.")  # fmt: skip


@lookalike(task_type="ordinal_regression", metric="qwk", target="score", id_column="essay_id")
def essays(f: Path) -> None:
    csv(
        f,
        "train.csv",
        essay_id=hexes(N, 203),
        full_text=[sentence(i, 60) for i in range(N)],
        score=choice(range(1, 7), N),
    )
    csv(f, "test.csv", essay_id=hexes(M, 204), full_text=[sentence(i + 700, 60) for i in range(M)])
    csv(f, "sample_submission.csv", essay_id=hexes(M, 204), score=[3] * M)
    says(f, "Score essays.", "Submissions are scored based on the quadratic weighted kappa, which measures agreement.")


@lookalike(task_type="regression", metric="mae", target="pressure", id_column="id")
def breaths(f: Path) -> None:
    csv(f, "train.csv", id=range(1, 401), breath_id=[i // 10 for i in range(400)], time_step=[i % 10 / 30 for i in range(400)],
        u_in=numbers(400), pressure=numbers(400))  # fmt: skip
    csv(f, "test.csv", id=range(401, 501), breath_id=[50 + i // 10 for i in range(100)],
        time_step=[i % 10 / 30 for i in range(100)],
        u_in=numbers(100))  # fmt: skip
    csv(f, "sample_submission.csv", id=range(401, 501), pressure=[0] * 100)
    says(f, "Simulate a ventilator.",
        "The competition is scored as the mean absolute error between predicted and actual pressures.")  # fmt: skip


@lookalike(task_type="forecasting", metric="wmae", target="Weekly_Sales", id_column="Id")
def departments(f: Path) -> None:
    weeks = dates(400)[::7]
    rows = [(s, d, w) for s in (1, 2) for d in (1, 2, 3) for w in weeks]
    train, test = [r for r in rows if r[2] < "2017-12-01"], [r for r in rows if r[2] >= "2017-12-01"]
    for name, part in (("train", train), ("test", test)):
        extra = {"Weekly_Sales": numbers(len(part))} if name == "train" else {}
        csv(f, f"{name}.csv", Store=[r[0] for r in part], Dept=[r[1] for r in part], Date=[r[2] for r in part], **extra,
            IsHoliday=choice([True, False], len(part)))  # fmt: skip
    csv(f, "sampleSubmission.csv", Id=[f"{s}_{d}_{w}" for s, d, w in test], Weekly_Sales=[0] * len(test))
    csv(f, "stores.csv", Store=[1, 2], Type=["A", "B"], Size=[100, 200])
    says(
        f, "Project sales of departments.", "This competition is evaluated on the weighted mean absolute error (WMAE)."
    )


@lookalike(task_type="forecasting", metric="smape", id_column="id", kind="series")
def monthly_series(f: Path) -> None:
    names = ids(15, 1, "M")
    csv(f, "Monthly-train.csv", V1=names, **{f"V{k}": numbers(15) for k in range(2, 60)})
    csv(f, "sample_submission.csv", id=names, **{f"F{k}": [0.0] * 15 for k in range(1, 19)})
    says(f, "Forecast the next 18 months of each series.", "Scored by sMAPE.")


@lookalike(task_type="forecasting", metric="mase", target="load", id_column="row", kind="series")
def power(f: Path) -> None:
    csv(f, "history.csv", meter=[m for m in "abc" for _ in range(80)], hour=[t for _ in "abc" for t in range(80)],
        load=numbers(240))  # fmt: skip
    csv(f, "test.csv", row=[f"{m}-{h}" for m in "abc" for h in range(1, 13)], meter=[m for m in "abc" for _ in range(12)],
        steps_ahead=[h for _ in "abc" for h in range(1, 13)])  # fmt: skip
    csv(f, "sample_submission.csv", row=[f"{m}-{h}" for m in "abc" for h in range(1, 13)], load=[0.0] * 36)
    says(
        f,
        "Forecast the load of each meter over a horizon of 12 hours.",
        "Evaluated by the mean absolute scaled error (MASE).",
    )


@lookalike(task_type="regression", metric="rmsle", target="ConfirmedCases", id_column="ForecastId")
def epidemic(f: Path) -> None:
    places = ["Italy", "France", "Spain"]
    csv(f, "train.csv", Id=range(180), Country=[p for p in places for _ in range(60)], Date=dates(60) * 3,
        ConfirmedCases=choice(range(999), 180), Fatalities=choice(range(99), 180))  # fmt: skip
    csv(
        f,
        "test.csv",
        ForecastId=range(60),
        Country=[p for p in places for _ in range(20)],
        Date=dates(20, "2017-03-02") * 3,
    )
    csv(f, "submission.csv", ForecastId=range(60), ConfirmedCases=[1] * 60, Fatalities=[1] * 60)
    says(f, "Forecast cases.", "Submissions are evaluated using the column-wise root mean squared logarithmic error.")


@lookalike(task_type="recommendation", metric="recall@10", target="items", id_column="user", kind="ranking")
def lists_by_comma(f: Path) -> None:
    csv(f, "train.csv", user=choice(range(40), 600), item=choice(range(60), 600), ts=range(600))
    csv(f, "test.csv", user=range(40))
    csv(f, "sample_submission.csv", user=range(40), items=[",".join(map(str, range(10)))] * 40)
    says(f, "Recommend ten items to each user.", "The metric is Recall@10.")


@lookalike(refused="no train table")
def nothing_to_recommend_by(f: Path) -> None:
    csv(f, "users.csv", user=range(40), age=range(40))
    csv(f, "sample_submission.csv", user=range(40), items=["1 2 3"] * 40)
    says(f, "Recommend ten items to each user.", "The metric is MAP@10.")


@lookalike(task_type="ranking", metric="ndcg@38", id_column="srch_id,prop_id", kind="ranking")
def hotel_search(f: Path) -> None:
    csv(f, "train.csv", srch_id=[i // 6 for i in range(N)], prop_id=choice(range(900), N), price=numbers(N),
        position=choice(range(9), N),
        click_bool=choice([0, 1], N), booking_bool=choice([0, 1], N))  # fmt: skip
    key = {"srch_id": [100 + i // 5 for i in range(M)], "prop_id": range(M)}
    csv(f, "test.csv", **key, price=numbers(M))
    csv(f, "testOrder.csv", SearchId=key["srch_id"], PropertyId=key["prop_id"])
    csv(f, "sample_submission.csv", **key)
    says(
        f,
        "Rank hotels of a search.",
        "The evaluation metric is Normalized Discounted Cumulative Gain: NDCG@38 for each query.",
    )


@lookalike(task_type="segmentation", metric="dice", target="EncodedPixels", id_column="Image_Label", kind="mask")
def clouds(f: Path) -> None:
    train, test, kinds = [f"{h}.jpg" for h in hexes(30, 210)], [f"{h}.jpg" for h in hexes(10, 211)], ("Fish", "Flower")
    files(f, [f"train_images/{n}" for n in train] + [f"test_images/{n}" for n in test])
    csv(f, "train.csv", Image_Label=[f"{n}_{k}" for n in train for k in kinds], EncodedPixels=choice([RUNS, None], 60))
    csv(f, "sample_submission.csv", Image_Label=[f"{n}_{k}" for n in test for k in kinds], EncodedPixels=["1 1"] * 20)
    says(f, "Identify regions with cloud formations.", "This competition is evaluated on the mean Dice coefficient.")


@lookalike(task_type="segmentation", metric="mask_ap", target="EncodedPixels", id_column="ImageId", kind="mask")
def nuclei(f: Path) -> None:
    train, test = hexes(30, 212), hexes(10, 213)
    files(
        f,
        [f"stage1_train/{n}/images/{n}.png" for n in train]
        + [f"stage1_train/{n}/masks/{n}{k}.png" for n in train for k in "ab"],
    )
    files(f, [f"stage1_test/{n}/images/{n}.png" for n in test])
    csv(f, "stage1_train_labels.csv", ImageId=choice(train, N), EncodedPixels=[RUNS] * N)
    csv(f, "stage1_sample_submission.csv", ImageId=test, EncodedPixels=[None] * 10)
    says(
        f,
        "Spot nuclei; a mask for each, run-length encoded.",
        "Evaluated on the mean average precision at different intersection over union (IoU) thresholds of the masks.",
    )


@lookalike(task_type="segmentation", metric="iou", target="mask", id_column="image", kind="mask")
def pets_cut_out(f: Path) -> None:
    files(
        f,
        [f"train/{d}/{i}.png" for d in ("images", "masks") for i in range(40)]
        + [f"test/images/{i}.png" for i in range(50, 60)],
    )
    csv(f, "sample_submission.csv", image=range(50, 60), mask=["1 5"] * 10)
    says(f, "Segment pets. Masks are run-length encoded.", "Mean IoU over images.")


@lookalike(task_type="binary_classification", metric="f1", target="target", id_column="qid")
def insincere(f: Path) -> None:
    csv(f, "train.csv", qid=hexes(N, 214), question_text=[sentence(i) for i in range(N)], target=choice([0, 0, 1], N))
    csv(f, "test.csv", qid=hexes(M, 215), question_text=[sentence(i + 800) for i in range(M)])
    csv(f, "sample_submission.csv", qid=hexes(M, 215), prediction=[0] * M)
    says(
        f,
        "Is a question sincere?",
        "Submissions are evaluated on F1 Score between the predicted and the observed targets.",
    )


@lookalike(task_type="multiclass_classification", metric="accuracy", target="Sentiment", id_column="PhraseId")
def phrases(f: Path) -> None:
    f.mkdir(parents=True)
    table = {
        "PhraseId": range(1, N + 1),
        "SentenceId": [i // 4 for i in range(N)],
        "Phrase": [sentence(i) for i in range(N)],
    }
    pl.DataFrame({**table, "Sentiment": choice(range(5), N)}).write_csv(f / "train.tsv", separator="\t")
    rest = {"PhraseId": range(N + 1, N + M + 1), "SentenceId": [90 + i // 4 for i in range(M)],
        "Phrase": [sentence(i) for i in range(M)]}  # fmt: skip
    pl.DataFrame(rest).write_csv(f / "test.tsv", separator="\t")
    csv(f, "sampleSubmission.csv", PhraseId=rest["PhraseId"], Sentiment=[2] * M)
    says(f, "How positive is a phrase?",
        "Submissions are evaluated on classification accuracy (the percent of labels predicted right).")  # fmt: skip


@lookalike(
    task_type="multilabel_classification",
    metric="f1_samples",
    target="Tags",
    id_column="Id",
    kind="labels",
)
def tags(f: Path) -> None:
    sets = ["php", "mysql", "c#", "java", "php mysql", "java c#", "mysql java", "php java mysql", "c# mysql"]
    csv(f, "Train.csv", Id=range(1, 301), Title=[sentence(i) for i in range(300)], Body=[sentence(i, 30) for i in range(300)],
        Tags=choice(sets, 300))  # fmt: skip
    csv(f, "Test.csv", Id=range(301, 401), Title=[sentence(i + 400) for i in range(100)],
        Body=[sentence(i, 30) for i in range(100)])  # fmt: skip
    csv(f, "SampleSubmission.csv", Id=range(301, 401), Tags=["javascript c# python"] * 100)
    says(f, "Predict the tags.", "The evaluation metric for this competition is Mean F1-Score.")


@lookalike(task_type="regression", metric="rmspe", target="target", id_column="row_id")
def volatility(f: Path) -> None:
    csv(
        f,
        "train.csv",
        stock_id=choice(range(9), N),
        time_id=choice(range(300), N),
        bid=numbers(N),
        target=np.abs(numbers(N)),
    )
    stock, time = choice(range(9), M), range(300, 300 + M)
    csv(f, "test.csv", stock_id=stock, time_id=time, bid=numbers(M),
        row_id=[f"{s}-{t}" for s, t in zip(stock, time, strict=True)])  # fmt: skip
    csv(f, "sample_submission.csv", row_id=[f"{s}-{t}" for s, t in zip(stock, time, strict=True)], target=[0.003] * M)
    says(f, "Forecast volatility.", "Submissions are evaluated using the root mean square percentage error (RMSPE).")


@lookalike(task_type="text_generation", metric="bleu", target="german", id_column="id", kind="text")
def translations(f: Path) -> None:
    csv(
        f,
        "train.csv",
        id=range(N),
        english=[sentence(i) for i in range(N)],
        german=[sentence(i + 5000) for i in range(N)],
    )
    csv(f, "test.csv", id=range(N, N + M), english=[sentence(i + 100) for i in range(M)])
    csv(f, "sample_submission.csv", id=range(N, N + M), german=["ein Schiff"] * M)
    says(f, "Translate English into German.", "The score is corpus BLEU.")


@lookalike(task_type="multiclass_classification", metric="accuracy", target="label", id_column="ImageId")
def digits(f: Path) -> None:
    csv(f, "train.csv", label=choice(range(10), N), **{f"pixel{k}": choice(range(256), N) for k in range(20)})
    csv(f, "test.csv", **{f"pixel{k}": choice(range(256), M) for k in range(20)})
    csv(f, "sample_submission.csv", ImageId=range(1, M + 1), Label=[0] * M)
    says(
        f,
        "Read digits.",
        "The evaluation metric is the categorization accuracy: the proportion of test images that are right.",
    )


@lookalike(task_type="language_modelling", metric="perplexity", id_column="id")
def words_to_come(f: Path) -> None:
    f.mkdir(parents=True)
    (f / "train_corpus.txt").write_text("\n".join(sentence(i, 20) for i in range(300)))
    csv(f, "test.csv", id=range(M), context=[sentence(i) for i in range(M)])
    csv(f, "sample_submission.csv", id=range(M), **{w: [1 / 25] * M for w in map("w{}".format, range(25))})
    says(f, "Predict the next word.", "Models are scored by perplexity.")


@lookalike(unplayable=True, task_type="regression", metric="mae", target="age", id_column="clip", inputs=("audio",))
def ages_of_voices(f: Path) -> None:
    train, test = [f"{h}.flac" for h in hexes(N, 220)], [f"{h}.flac" for h in hexes(M, 221)]
    files(f, [f"clips/{n}" for n in (*train, *test)])
    csv(f, "train.csv", clip=train, age=choice(range(18, 80), N))
    csv(f, "test.csv", clip=test)
    csv(f, "sample_submission.csv", clip=test, age=[40] * M)
    says(f, "How old is the speaker?", "Mean absolute error.")


@lookalike(task_type="object_detection", metric="coco_map", target="bbox", id_column="id", kind="boxes")
def helmets_without_sample_boxes(f: Path) -> None:
    train, test = hexes(30, 222), hexes(10, 223)
    files(f, [f"images/{n}.jpg" for n in (*train, *test)])
    csv(f, "train.csv", id=choice(train, N), cls=choice(["helmet", "head"], N), left=choice(range(90), N),
        top=choice(range(90), N),
        width=choice(range(5, 30), N), height=choice(range(5, 30), N))  # fmt: skip
    csv(f, "test.csv", id=test)
    csv(f, "sample_submission.csv", id=test, bbox=["helmet 0.9 1 1 20 20"] * 10)
    says(f, "Detect helmets.", "mAP@[.50:.95] of the boxes, as in COCO.")


@lookalike(task_type="multilabel_classification", metric="auc", target="a", id_column="id")
def without_a_sample(f: Path) -> None:
    csv(f, "train.csv", id=range(N), x=numbers(N), a=choice([0, 1], N), b=choice([0, 1], N))
    csv(f, "test.csv", id=range(N, N + M), x=numbers(M))
    f.joinpath("description.md").write_text(
        "# T\n\n## Target\n\n`a, b`\n\n## Metric\n\n**mean ROC AUC over 2 targets**\n"
    )


# ---------------------------------------------------------------- in few words, as teachers write them


def briefly(f: Path, about: str, target: str, metric: str, meaning: str) -> None:
    """Sections Target and Metric of a line each."""
    f.mkdir(parents=True, exist_ok=True)
    text = f"# A task\n\n{about}\n\n## Files\n\nas listed\n\n## Target\n\n`{target}`\n\n## Metric\n\n**{metric}** — {meaning}.\n"
    (f / "description.md").write_text(text, "utf-8")


@lookalike(
    task_type="regression",
    metric="pinball@0.1,0.5,0.9",
    target="load",
    id_column="id",
    kind="distribution",
)
def quantiles_of_load(f: Path) -> None:
    csv(f, "train.csv", id=range(N), temp=numbers(N), load=numbers(N))
    csv(f, "test.csv", id=range(N, N + M), temp=numbers(M))
    csv(f, "sample_submission.csv", id=range(N, N + M), **{"q0.1": [0.0] * M, "q0.5": [0.0] * M, "q0.9": [0.0] * M})
    briefly(f, "Predict quantiles.", "load", "pinball loss", "mean pinball loss at quantiles 0.1, 0.5 and 0.9")


@lookalike(task_type="forecasting", metric="wspl@0.05,0.5,0.95", target="value", id_column="id", kind="series")
def quantiles_of_sales(f: Path) -> None:
    items = [f"HOBBIES_1_{i:03d}_CA_1" for i in range(12)]
    csv(f, "sales_train.csv", id=[f"{i}_evaluation" for i in items], dept_id=["HOBBIES_1"] * 12,
        **{f"d_{d}": choice(range(9), 12) for d in range(1, 61)})  # fmt: skip
    asked = [f"{i}_{q}_evaluation" for q in ("0.050", "0.500", "0.950") for i in items]
    csv(f, "sample_submission.csv", id=asked, **{f"F{h}": [0.0] * 36 for h in range(1, 8)})
    says(
        f, "Forecast the uncertainty of the next 7 days of sales.", "Scored by the Weighted Scaled Pinball Loss (WSPL)."
    )


@lookalike(task_type="recommendation", metric="ndcg@10", target="item_id", id_column="user_id", kind="ranking")
def items_down_the_rows(f: Path) -> None:
    csv(f, "train.csv", user_id=choice(range(30), 500), item_id=choice(range(60), 500), day=range(500))
    csv(f, "test.csv", user_id=range(30))
    csv(f, "sample_submission.csv", user_id=[u for u in range(30) for _ in range(10)], item_id=list(range(10)) * 30)
    briefly(f, "Ten items for each user.", "item_id", "NDCG@10", "mean over users, binary relevance")


@lookalike(task_type="image_to_image", metric="rmse", target="value", id_column="id")
def noisy_and_clean(f: Path) -> None:
    files(
        f,
        [f"train/{d}/{i}.png" for d in ("noisy", "clean") for i in range(20)]
        + [f"test/noisy/{i}.png" for i in (30, 31)],
    )
    csv(
        f,
        "sample_submission.csv",
        id=[f"{i}_{r}_{c}" for i in (30, 31) for r in range(8) for c in range(8)],
        value=[0.5] * 128,
    )
    briefly(f, "Remove the noise.", "value", "RMSE", "root mean squared error over pixels")


@lookalike(task_type="language_modelling", metric="accuracy", target="next token", id_column="id", kind="label")
def next_tokens(f: Path) -> None:
    f.mkdir(parents=True)
    (f / "train.txt").write_text(" ".join(sentence(i) for i in range(300)))
    csv(f, "test.csv", id=range(M), context=[sentence(i) for i in range(M)])
    csv(f, "sample_submission.csv", id=range(M), token=["the"] * M)
    briefly(f, "Which token comes next?", "next token", "accuracy", "share of right tokens")


@lookalike(task_type="object_detection", metric="coco_map", target="boxes", id_column="image_id", kind="boxes")
def fruit(f: Path) -> None:
    train, test = ids(30, prefix="a"), ids(10, prefix="b")
    files(f, [f"train/{n}.jpg" for n in train] + [f"test/{n}.jpg" for n in test])
    box = {c: choice(range(90), N) for c in ("x", "y", "width", "height")}
    csv(f, "train.csv", image_id=choice(train, N), label=choice(["apple", "pear"], N), **box)
    csv(f, "test.csv", image_id=test)
    csv(f, "sample_submission.csv", image_id=test, label=["pear"] * 10, score=[0.5] * 10, **{c: [1] * 10 for c in box})
    briefly(f, "Find fruit.", "boxes", "COCO mAP", "mean over IoU thresholds 0.50 to 0.95 and classes")


@lookalike(task_type="segmentation", metric="dice", target="rle", id_column="image", kind="mask")
def roads(f: Path) -> None:
    files(
        f,
        [f"train/{d}/{i}.png" for d in ("images", "masks") for i in range(30)]
        + [f"test/images/{i}.png" for i in range(40, 50)],
    )
    csv(f, "train.csv", image=range(30), rle=[RUNS] * 30)
    csv(f, "test.csv", image=range(40, 50))
    csv(f, "sample_submission.csv", image=range(40, 50), rle=[""] * 10)
    briefly(f, "Mark roads.", "rle", "mean Dice", "mean over images of 2|A∩B|/(|A|+|B|)")


@lookalike(task_type="forecasting", metric="mae", target="y", id_column="id", kind="series")
def loads_ahead(f: Path) -> None:
    csv(
        f,
        "train.csv",
        series=[s for s in range(6) for _ in range(60)],
        t=[t for _ in range(6) for t in range(60)],
        y=numbers(360),
    )
    key = [(s, h) for s in range(6) for h in range(1, 9)]
    csv(f, "test.csv", id=[f"{s}_{h}" for s, h in key], series=[s for s, _ in key], h=[h for _, h in key])
    csv(f, "sample_submission.csv", id=[f"{s}_{h}" for s, h in key], y=[0.0] * 48)
    briefly(f, "Forecast the next 8 values of each series.", "y", "MAE", "mean absolute error over series and horizon")


@lookalike(
    unplayable=True,
    task_type="multiclass_classification",
    metric="f1_macro",
    target="class",
    id_column="clip",
    inputs=("audio",),
)
def drums(f: Path) -> None:
    train, test = [f"a{i}.wav" for i in range(N)], [f"b{i}.wav" for i in range(M)]
    files(f, [f"train/{n}" for n in train] + [f"test/{n}" for n in test])
    csv(f, "train.csv", clip=train, **{"class": choice(["kick", "snare", "hat"], N)})
    csv(f, "test.csv", clip=test)
    csv(f, "sample_submission.csv", clip=test, **{"class": ["kick"] * M})
    briefly(f, "Which drum?", "class", "macro F1", "unweighted mean of the F1 of the classes")


@lookalike(task_type="ranking", metric="ndcg@10", target="relevance", id_column="id", kind="ranking")
def pages_of_queries(f: Path) -> None:
    csv(
        f,
        "train.csv",
        id=range(N),
        qid=[i // 8 for i in range(N)],
        f1=numbers(N),
        f2=numbers(N),
        relevance=choice(range(5), N),
    )
    csv(f, "test.csv", id=range(N, N + M), qid=[90 + i // 8 for i in range(M)], f1=numbers(M), f2=numbers(M))
    csv(f, "sample_submission.csv", id=range(N, N + M), score=[0.0] * M)
    briefly(f, "Order pages of a query.", "relevance", "NDCG@10", "mean over queries")


@lookalike(task_type="span_extraction", metric="word_jaccard", target="phrase", id_column="id", kind="text")
def telling_phrases(f: Path) -> None:
    texts = [sentence(i, 14) for i in range(N + M)]
    cut = [" ".join(t.split()[k % 9 : k % 9 + 3]) for k, t in enumerate(texts[:N])]
    csv(f, "train.csv", id=range(N), text=texts[:N], mood=choice(["good", "bad"], N), phrase=cut)
    csv(f, "test.csv", id=range(N, N + M), text=texts[N:], mood=choice(["good", "bad"], M))
    csv(f, "sample_submission.csv", id=range(N, N + M), phrase=texts[N:])
    briefly(f, "Which words tell the mood?", "phrase", "word-level Jaccard", "mean over rows of |A∩B|/|A∪B| of words")
