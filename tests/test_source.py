"""What the user names: a folder here, or an address; and what of a fetched folder is obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_competitions import toy

from podium.cli.source import Source
from podium.competition import intake
from podium.errors import UserError
from podium.platforms.choose import Address, address_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kaggle:titanic", Address("kaggle", "titanic")),
        ("https://www.kaggle.com/competitions/titanic", Address("kaggle", "titanic")),
        ("https://kaggle.com/c/titanic/data", Address("kaggle", "titanic")),
        ("http://127.0.0.1:8700/contests/crashes/", Address("arena", "http://127.0.0.1:8700/contests/crashes")),
        ("/some/folder", None),
        ("titanic", None),
        ("C:\\data", None),
    ],
)
def test_addresses(text: str, address: Address | None) -> None:
    assert address_of(text) == address
    if address is not None:
        assert address_of(str(address)) == address, "what a campaign remembers leads back"
        assert Source.of(text).campaign == Path("campaigns") / address.slug


@pytest.mark.parametrize("text", ["kaggle:", "kaggle:a/b", "https://example.com/x", "http://127.0.0.1/contests/"])
def test_an_address_that_is_none_is_one_line(text: str) -> None:
    with pytest.raises(UserError, match="no competition has such an address"):
        address_of(text)


def test_a_folder_goes_before_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kaggle:titanic").mkdir()
    assert Source.of("kaggle:titanic").address is None


def test_a_form_is_known_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Source.of("form:my contest.toml")
    assert source.identity == f"form:{tmp_path / 'my contest.toml'}"
    assert source.campaign == Path("campaigns/my-contest")


def test_a_config_that_was_fetched_is_data(tmp_path: Path) -> None:
    folder = toy(tmp_path / "c")
    (folder / "config.json").write_text('{"metric": "accuracy"}')
    assert intake(folder).metric == "accuracy"
    assert intake(folder, own=False).metric == "auc"
