from __future__ import annotations

import base64
import bz2
import lzma
import math
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.arena.records import leakage
from podium.arena.records.contest import overlap
from podium.arena.records.documents import essence, pack, unpack
from podium.testing import record_text

TEXTS = record_text.documents(40, seed=5)
PIECES = leakage.windows(TEXTS[:20], TEXTS[20:])


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_documents_come_back(texts: list[bytes]) -> None:
    assert unpack(pack(texts)) == texts


@pytest.mark.parametrize("data", [b"\x01", b"\x05\0\0\0ab"])
def test_a_cut_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends inside"):
        unpack(data)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 5.0))
def test_a_model_that_has_not_seen_the_canaries_is_never_accused(seed: int, sharpness: float) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 16, size=200)
    guesses = rng.dirichlet(np.full(16, 1 / sharpness), size=200)
    nats = -np.log(np.maximum(guesses[np.arange(200), drawn], 1e-300))
    assert leakage.canaries([nats]).held


def test_one_that_knows_a_fifth_of_them_is() -> None:
    nats = np.full(200, math.log(16))
    nats[:40] = 0.1
    probe = leakage.canaries([nats])
    assert (probe.held, probe.reason) == (False, "data_overlap")


@pytest.mark.parametrize(
    "hide",
    [bytes, bytes.upper, lambda b: b.replace(b" ", b"\n\n"), zlib.compress, bz2.compress, lzma.compress, base64.b64encode,
     base64.urlsafe_b64encode, lambda b: base64.b64encode(zlib.compress(b)), lambda b: b"x = '" + base64.b64encode(b) + b"'"],
)  # fmt: skip
def test_validation_documents_are_found_however_packed(hide) -> None:  # type: ignore[no-untyped-def]
    assert not leakage.carried({"file": hide(TEXTS[3] + b" and more")}, PIECES).held


def test_training_documents_and_other_text_are_no_finding() -> None:
    assert leakage.carried({"file": b" ".join(TEXTS[20:])}, PIECES).held
    assert leakage.carried({"file": b" ".join(record_text.documents(30, seed=6))}, PIECES).held


def test_a_lead_on_known_documents_alone() -> None:
    rng = np.random.default_rng(0)
    plain, plain_there = rng.normal(2, 0.1, 40), rng.normal(2, 0.1, 40)
    assert leakage.known(plain - 0.3, plain_there - 0.3, plain, plain_there).held
    noisy = plain - 0.5 + rng.normal(0, 0.05, 40)
    assert (
        leakage.known(noisy, plain_there - 0.1 + rng.normal(0, 0.05, 40), plain, plain_there).reason == "data_overlap"
    )


def test_overlap_is_seen_through_case_and_spacing() -> None:
    assert essence(b"A  b\n") == essence(b"a b")
    assert overlap([b"One two"], [b"one  TWO"], [b"three"]) == ["1 documents are in both train and validation"]
    assert overlap([b"one"], [b"two"], [b"three"]) == []


def test_what_unpacks_to_more_than_fits_is_looked_through_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leakage, "MOST_UNPACKED", 10_000)
    bomb = zlib.compress(b"\0" * 5_000_000)
    assert max(map(len, leakage.forms(bomb))) <= 10_000
    assert leakage.carried({"bomb": bomb}, PIECES).held
