"""`verify`: what HubSpot has now, and what a later load makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.second_run import Account, checkpoint_of, column, pairs_file

PAIRS = [(1001 + n, 2001 + n) for n in range(6)]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


def test_all_present(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    assert column(file, "verified") == [""] * 6
    assert account.run("verify", file).code == 0
    assert column(file, "verified") == ["present"] * 6


def test_what_is_missing_is_found_and_sent_again_by_retry(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    account.unlink(*PAIRS[3])
    found = account.run("verify", file)
    assert found.code == 1
    assert "--retry" in found.text
    assert column(file, "verified")[3] == "missing"
    assert account.load(file).code == 1
    assert account.puts == 6
    assert account.load(file, "--retry").code == 0
    assert account.puts == 7
    assert column(file, "verified") == ["present"] * 3 + [""] + ["present"] * 2
    assert account.run("verify", file).code == 0


def test_no_answer_is_unknown_and_neither_present_nor_missing(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    account.serving.ask(lambda one: one.state.respond(400, b"{}", path_prefix="/crm/associations", times=0))
    assert account.run("verify", file, "--max-attempts", "1").code == 1
    assert column(file, "verified") == ["unknown"] * 6


def test_a_pair_no_longer_in_the_input_is_verified_too(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    pairs_file(tmp_path, PAIRS[1:])
    assert account.run("verify", checkpoint_of(file)).code == 0
    assert column(file, "row") == ["1", "2", "3", "4", "5", ""]
    assert column(file, "verified") == ["present"] * 6


def test_it_works_without_the_input_and_says_that_the_report_stays(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    file.unlink()
    ended = account.run("verify", checkpoint_of(file))
    assert ended.code == 0
    assert "the report stays as it was" in ended.err
    assert column(file, "verified") == [""] * 6
    assert "present" in run("summary", checkpoint_of(file), "--json").out
