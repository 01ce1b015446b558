"""The checkpoint from outside: files that are none, accounts that do not tell, a disk without room."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import TYPES, end, run, start, wait_until
from tests.support.odd_disk import can_be_odd, odd_disk
from tests.support.second_run import Account, checkpoint_of, column, pairs_file

PAIRS = [(1001 + n, 2001 + n) for n in range(10)]
DETAILS = "/account-info/2025-09/details"
odd = pytest.mark.skipif(not can_be_odd(), reason="needs Linux and a C compiler")


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


# Files that are no checkpoint of this program


def _later(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_later, "later version"),
        (lambda path: path.write_text("row,from_object_type\n1,contacts\n"), "not a checkpoint"),
    ],
    ids=["of a later schema", "not SQLite"],
)
def test_what_is_no_checkpoint_is_refused_and_never_touched(
    account: Account, tmp_path: Path, spoil: object, said: str
) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--limit", "2").code == 0
    spoil(checkpoint_of(file))  # type: ignore[operator]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    asked = account.requests
    commands = [("load", *TYPES, "--base-url", account.url), ("check", *TYPES), ("summary",), ("report",)]
    commands += [("verify", "--base-url", account.url), ("undo", "--yes", "--base-url", account.url)]
    for command, *options in commands:
        refused = run(command, file, *options)
        assert refused.code == 2, command
        assert said in refused.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert account.requests == asked


@pytest.mark.parametrize(
    "options",
    [("--report", "pairs.csv"), ("--checkpoint", "pairs.csv"), ("--report", "x", "--checkpoint", "x")],
)
def test_two_of_the_three_files_cannot_be_one(
    account: Account, tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = pairs_file(tmp_path, PAIRS)
    before = file.read_bytes()
    command = ("load", file.name, *TYPES, "--base-url", account.url, "--overwrite", *options)
    assert run(*command, cwd=tmp_path).code == 2
    assert file.read_bytes() == before
    assert [*tmp_path.iterdir()] == [file]
    assert account.requests == 0


@odd
def test_a_disk_that_cannot_lock_is_refused_before_anything_is_sent(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    refused = account.load(file, env=odd_disk("locks"))
    assert refused.code == 2
    assert "--checkpoint" in refused.err
    assert [*tmp_path.iterdir()] == [file]
    assert account.requests == 0


def test_a_checkpoint_elsewhere_is_named_by_every_printed_command(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "local disk"
    folder.mkdir()
    file, checkpoint = pairs_file(tmp_path, PAIRS), folder / "load.db"
    ended = account.load(file, "--checkpoint", checkpoint, "--skip-existing", "--limit", "4")
    assert ended.code == 0
    assert not checkpoint_of(file).exists()
    assert f"--checkpoint '{checkpoint}'" in ended.out
    assert account.load(file, "--checkpoint", checkpoint, "--skip-existing").code == 0
    assert account.puts == 10
    for command in ("verify", "undo"):
        options = ("--yes",) if command == "undo" else ()
        assert account.run(command, checkpoint, *options).code == 0
    assert column(file, "status") == ["removed"] * 10
    found = run("summary", file)  # which has no checkpoint of its default name
    assert found.code == 2
    assert "--checkpoint" in found.err


# Whose account it is


def silent(account: Account) -> None:
    """From now on the account does not say who it is."""
    account.serving.ask(lambda one: one.state.respond(403, b'{"message":"no"}', path_prefix=DETAILS, times=0))


def test_an_account_that_does_not_tell_is_loaded_into_and_later_adopted(
    account: Account, tmp_path: Path
) -> None:
    file = pairs_file(tmp_path, PAIRS)
    silent(account)
    refused = account.load(file, "--account-id", "62515")
    assert refused.code == 2
    assert "--account-id" in refused.err
    assert account.puts == 0
    ended = account.load(file, "--limit", "2")
    assert ended.code == 0
    assert "HubSpot does not say which account this token belongs to" in ended.err
    account.heal()
    assert account.load(file, "--limit", "2").code == 0
    with Account(999) as other:
        assert other.load(file).code == 2
        assert other.puts == 0
    silent(account)  # now it is known, and this token can't tell that it is the same
    assert account.load(file).code == 2
    assert account.puts == 4
    account.heal()
    assert account.load(file).code == 0


# A disk without room


@odd
def test_a_full_disk_pauses_the_sending_until_there_is_room(account: Account, tmp_path: Path) -> None:
    pairs = [(n, n + 1000) for n in range(1, 41)]
    file, full = pairs_file(tmp_path, pairs), tmp_path / "full"
    process = start(
        "load", file, "--base-url", account.url, *TYPES, "--rate", "40/1", env=odd_disk("full", full=full)
    )
    wait_until(lambda: account.puts >= 5)
    full.touch()
    wait_until(lambda: _asleep(account))
    assert account.puts < 40
    assert process.poll() is None
    full.unlink()
    ended = end(process)
    assert ended.code == 0, ended.err
    assert column(file, "status") == ["associated"] * 40
    assert account.puts == 40


def _asleep(account: Account) -> bool:
    """Whether no request has come for a second."""
    return account.serving.ask(lambda one: time.monotonic() - one.state.requests[-1].at) > 1


@odd
def test_the_second_ctrl_c_leaves_a_full_disk_and_the_same_command_goes_on(
    account: Account, tmp_path: Path
) -> None:
    file, full = pairs_file(tmp_path, [(n, n + 1000) for n in range(1, 41)]), tmp_path / "full"
    options = ("--skip-existing", "--rate", "40/1")
    process = start(
        "load", file, "--base-url", account.url, *TYPES, *options, env=odd_disk("full", full=full)
    )
    wait_until(lambda: account.puts >= 5)
    full.touch()
    wait_until(lambda: _asleep(account))
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None, "it did not wait for room"
    process.send_signal(signal.SIGINT)
    ended = end(process, 10)
    assert ended.code == 130
    assert "again to resume" in ended.err
    full.unlink()
    assert account.load(file, "--skip-existing").code == 0
    assert column(file, "status") == ["associated"] * 40
    assert column(file, "existed_before") == ["no"] * 40


@odd
def test_a_disk_that_is_full_from_the_start_is_refused(account: Account, tmp_path: Path) -> None:
    file, full = pairs_file(tmp_path, PAIRS), tmp_path / "full"
    full.touch()
    refused = account.load(file, env=odd_disk("full", full=full))
    assert refused.code == 2
    assert account.puts == 0
    assert sorted(tmp_path.iterdir()) == sorted([file, full])
