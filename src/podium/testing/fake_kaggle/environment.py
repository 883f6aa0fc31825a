"""Pointing a client of this process, or of a child, at the fake: through the environment, as a user would."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.testing.fake_kaggle.server import FakeKaggle

CREDENTIALS = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def environment(fake: FakeKaggle, *, timeout_s: float = 2.0) -> dict[str, str]:
    """What a child's environment needs on top of its own. `timeout_s`: of each network call of the adapter."""
    return {
        "KAGGLE_API_ENDPOINT": fake.url,
        "KAGGLE_API_TIMEOUT": str(timeout_s),
        "KAGGLE_API_TOKEN": fake.token,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


@contextlib.contextmanager
def pointed_at(fake: FakeKaggle, *, timeout_s: float = 2.0) -> Iterator[None]:
    """This process, while the block lasts; its own credentials are put aside."""
    with changed({**dict.fromkeys(CREDENTIALS), **environment(fake, timeout_s=timeout_s)}):
        yield


@contextlib.contextmanager
def without_credentials(home: Path) -> Iterator[None]:
    """No credentials in the environment, and `home` as the home folder, while the block lasts."""
    with changed({**dict.fromkeys(CREDENTIALS), "HOME": str(home), "KAGGLE_CONFIG_DIR": None}):
        yield


@contextlib.contextmanager
def changed(names: dict[str, str | None] | dict[str, str]) -> Iterator[None]:
    """The environment with these values; None removes."""
    before = {name: os.environ.get(name) for name in names}
    _set(names)
    try:
        yield
    finally:
        _set(before)


def _set(names: dict[str, str | None] | dict[str, str]) -> None:
    for name, value in names.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
