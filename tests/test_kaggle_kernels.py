from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kaggle_world import playing

from podium.errors import Refused, UserError
from podium.platforms.platform import AmbiguousSend, Unreachable

pytest.importorskip("kagglesdk")

from podium.platforms.kaggle import Kaggle, kernels
from podium.platforms.kaggle.client import Client
from podium.platforms.kaggle.kernels import Kernel

KERNEL = Kernel("player/tiny-infer", "print(1)", competitions=("tiny",), machine="NvidiaTeslaT4", timeout_s=3600)


def run(request: Mapping[str, Any]) -> dict[str, bytes]:
    if "boom" in request["text"]:
        raise RuntimeError("boom")
    return {"submission.csv": b"id,y\n400,0.5\n401,0\n", "deep/model.bin": bytes(range(256)), "../../out.txt": b"x"}


def test_a_kernel_is_pushed_run_and_its_output_fetched(tmp_path: Path) -> None:
    with playing() as fake, Client() as client:
        fake.run_kernel, fake.kernel_s = run, 600
        pushed = kernels.push(client, KERNEL)
        assert (pushed.ref, pushed.version) == ("player/tiny-infer", 1)
        sent = fake.state.kernels["player/tiny-infer"].versions[0].request
        assert not sent.get("enableInternet", False), "off unless asked for"
        assert (sent["machineShape"], sent["sessionTimeoutSeconds"]) == ("NvidiaTeslaT4", 3600)
        assert (sent["isPrivate"], sent["competitionDataSources"]) == (True, ["tiny"])
        assert kernels.status(client, KERNEL.ref).state == "running"
        fake.clock.advance(minutes=11)
        assert kernels.status(client, KERNEL.ref).state == "complete"
        files = kernels.output(client, KERNEL.ref, tmp_path / "a" / "b")
        assert all(file.is_relative_to(tmp_path / "a" / "b") for file in files)
        assert (tmp_path / "a/b/deep/model.bin").read_bytes() == bytes(range(256))
        assert "ran" in (tmp_path / "a/b/tiny-infer.log").read_text()


def test_a_kernel_that_fails_says_why() -> None:
    with playing() as fake, Client() as client:
        fake.run_kernel = run
        kernels.push(client, Kernel("player/tiny-infer", "boom"))
        found = kernels.status(client, "player/tiny-infer", 1)
        assert (found.state, found.message) == ("error", "RuntimeError: boom")


def test_a_kernel_comes_back_as_it_was_pushed(tmp_path: Path) -> None:
    with playing(), Client() as client:
        kernels.push(client, KERNEL)
        pulled = kernels.pull(client, KERNEL.ref)
        assert pulled == Kernel(**{**vars(KERNEL), "title": KERNEL.name, "timeout_s": None})
        assert kernels.read(kernels.write(pulled, tmp_path)) == pulled


def test_a_version_becomes_a_submission(tmp_path: Path) -> None:
    with playing(code_only=True) as fake, Client() as client:
        fake.run_kernel = run
        pushed = kernels.push(client, KERNEL)
        kaggle = Kaggle("tiny")
        kaggle.submit_version(KERNEL.ref, pushed.version, "podium-0123456789ab", "final", "submission.csv")
        assert [(one.tag, one.public_score) for one in kaggle.submissions()] == [("podium-0123456789ab", 0.5)]
        with pytest.raises(Refused, match="no file other"):
            kaggle.submit_version(KERNEL.ref, 1, "t", "", "other.csv")
        fake.faults.then("CreateCodeSubmission", "reset_after")
        with pytest.raises(AmbiguousSend):
            kaggle.submit_version(KERNEL.ref, 1, "t", "", "submission.csv")
        assert len(fake.accepted) == 2


def test_internet_is_a_parameter_and_code_competitions_refuse_it() -> None:
    with playing(code_only=True) as fake, Client() as client:
        fake.run_kernel = run
        kernels.push(client, Kernel(KERNEL.ref, "print(1)", internet=True))
        with pytest.raises(Refused, match="internet"):
            Kaggle("tiny").submit_version(KERNEL.ref, 1, "t", "", "submission.csv")


@pytest.mark.parametrize(
    ("kernel", "what"),
    [
        (Kernel("no-owner", "x"), "OWNER/SLUG"),
        (Kernel("me/tiny-infer", "x", title="Another title"), "title has to give its slug"),
        (Kernel("me/abc", "x"), "five characters"),
        (Kernel("me/tiny-infer", "x", timeout_s=10**6), "43200 seconds"),
    ],
)
def test_what_kaggle_would_take_for_something_else_is_refused_here(kernel: Kernel, what: str) -> None:
    with playing() as fake, Client() as client:
        with pytest.raises(UserError, match=what):
            kernels.push(client, kernel)
        assert not fake.requests


def test_sources_that_kaggle_does_not_know_are_told() -> None:
    with playing(), Client() as client, pytest.raises(Refused, match="nowhere"):
        kernels.push(client, Kernel(KERNEL.ref, "x", competitions=("tiny", "nowhere")))


def test_faults_of_kernels() -> None:
    with playing() as fake, Client() as client:
        fake.faults.then("SaveKernel", "503").then("GetKernelSessionStatus", "reset")
        with pytest.raises(Unreachable):
            kernels.push(client, KERNEL)
        kernels.push(client, KERNEL)
        with pytest.raises(Unreachable):
            kernels.status(client, KERNEL.ref)
        with pytest.raises(UserError, match="denied"):
            kernels.status(client, "player/other-kernel")


@pytest.mark.parametrize("text", ["", "[]", '{"id": "a/b"}', '{"id": "a/b", "code_file": "none.py"}'])
def test_a_folder_that_holds_no_kernel(text: str, tmp_path: Path) -> None:
    (tmp_path / "kernel-metadata.json").write_text(text)
    with pytest.raises(UserError, match="no kernel in"):
        kernels.read(tmp_path)


def test_a_folder_of_the_official_client_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("print(1)")
    about = {"id": "me/some-kernel", "code_file": "run.py", "kernel_type": "script", "enable_gpu": True,
             "dataset_sources": ["a/b"], "enable_internet": True}  # fmt: skip
    (tmp_path / "kernel-metadata.json").write_text(json.dumps(about))
    kernel = kernels.read(tmp_path)
    assert (kernel.datasets, kernel.internet, kernel.private, kernel.name) == (("a/b",), True, True, "some kernel")
