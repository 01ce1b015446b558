"""`undo`: what the load created is removed, what it did not is kept, and a later load knows about it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import SimulatorSettings
from tests.support.command import TYPES, end, run, start_warm, wait_until
from tests.support.second_run import FAST, Account, checkpoint_of, column, pairs_file

PAIRS = [(1001 + n, 2001 + n) for n in range(6)]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


def undo(account: Account, path: Path, *options: str) -> object:
    return account.run("undo", path, "--yes", *options)


@pytest.mark.parametrize("method", ["put", "batch"])
def test_only_what_the_load_created_is_removed(account: Account, tmp_path: Path, method: str) -> None:
    file = pairs_file(tmp_path, PAIRS)
    account.associate(*PAIRS[0])
    assert account.load(file, "--skip-existing", "--method", method).code == 0
    assert column(file, "existed_before") == ["yes"] + ["no"] * 5
    assert account.run("undo", file, "--yes").code == 0
    assert [account.has(*pair) for pair in PAIRS] == [True] + [False] * 5
    assert column(file, "status") == ["existing"] + ["removed"] * 5


def test_a_load_that_did_not_look_first_cannot_be_undone(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file).code == 0
    ended = account.run("undo", file, "--yes")
    assert ended.code == 1, "they are still there"
    assert "Can't undo 6 pairs: not looked up before they were sent" in ended.text
    assert all(account.has(*pair) for pair in PAIRS)


def test_undo_then_load_says_removed_and_retry_makes_them_again(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    assert account.run("undo", file, "--yes").code == 0
    sent = account.puts
    again = account.load(file, "--skip-existing")
    assert again.code == 1
    assert account.puts == sent
    assert "--retry" in again.text
    assert account.load(file, "--skip-existing", "--retry").code == 0
    assert all(account.has(*pair) for pair in PAIRS)
    assert column(file, "existed_before") == ["no"] * 6
    assert account.run("undo", file, "--yes").code == 0
    assert not any(account.has(*pair) for pair in PAIRS)


def test_a_pair_that_has_gained_a_label_is_kept(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    account.label(*PAIRS[2])
    ended = account.run("undo", file, "--yes")
    assert ended.code == 1
    assert [account.has(*pair) for pair in PAIRS] == [False, False, True, False, False, False]
    assert column(file, "status")[2] == "associated"
    assert "label" in ended.text


def test_not_in_input_takes_back_only_what_is_no_longer_there(account: Account, tmp_path: Path) -> None:
    """A row was corrected after its old pair had been associated."""
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    pairs_file(tmp_path, [*PAIRS[:-1], (1006, 2999)])
    assert account.load(file, "--skip-existing").code == 0
    assert column(file, "row") == ["1", "2", "3", "4", "5", "6", ""]
    assert account.run("undo", file, "--yes", "--not-in-input").code == 0
    assert not account.has(*PAIRS[-1])
    assert account.has(1006, 2999)
    assert all(account.has(*pair) for pair in PAIRS[:-1])
    assert column(file, "status") == ["associated"] * 6 + ["removed"]


def test_not_in_input_asks_about_the_input_as_it_is_now(account: Account, tmp_path: Path) -> None:
    """The checkpoint knows the input as it was last read; nothing goes unasked that left it since."""
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    pairs_file(tmp_path, PAIRS[:-2])
    asked = account.run("undo", file, "--not-in-input")
    assert asked.code == 2
    assert "--yes" in asked.text
    assert all(account.has(*pair) for pair in PAIRS)
    agreed = account.run("undo", file, "--not-in-input", "--yes")
    assert agreed.code == 0
    assert "Remove 2 associations" in agreed.err
    assert [account.has(*pair) for pair in PAIRS] == [True] * 4 + [False] * 2


def test_not_in_input_needs_an_input_that_belongs_to_the_load(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    for content in ("from_object_id,to_object_id\n", "from_object_id,to_object_id\n1,2\n", '"', None):
        file.unlink() if content is None else file.write_text(content)
        refused = account.run("undo", checkpoint_of(file), "--not-in-input", "--yes")
        assert refused.code == 2
        assert "--not-in-input" in refused.text
    assert all(account.has(*pair) for pair in PAIRS)


def test_what_was_in_flight_at_a_kill_is_removed_too(tmp_path: Path) -> None:
    """Some of it was made, some was not; no answer said which."""
    file = pairs_file(tmp_path, PAIRS)
    with Account(settings=SimulatorSettings(rate_limit=1_000_000, latency=(0.4, 0.4))) as account:
        options = ("--base-url", account.url, *FAST, *TYPES, "--skip-existing")
        process = start_warm("load", file, *options)
        wait_until(lambda: account.puts == len(PAIRS))
        process.kill()
        end(process)
        account.unlink(*PAIRS[5])
        account.label(*PAIRS[4])
        ended = account.run("undo", file, "--yes", "--json")
        assert "Remove 0 associations and up to 6 more whose result is unknown" in ended.err
        assert ended.code == 1, "the labelled one is still there"
        assert [account.has(*pair) for pair in PAIRS] == [False, False, False, False, True, False]
        assert column(file, "status") == ["removed"] * 4 + ["not_sent"] * 2
        account.unlink(*PAIRS[4])
        assert account.run("undo", file, "--yes").code == 0


def test_what_was_given_up_is_removed_if_it_exists(account: Account, tmp_path: Path) -> None:
    made = (1001, 9000602001001)  # reset before each answer
    file = pairs_file(tmp_path, [made, PAIRS[1]])
    assert account.load(file, "--skip-existing", "--max-attempts", "1").code == 1
    assert column(file, "status") == ["gave_up", "associated"]
    account.associate(*made)  # as a request does whose answer is lost
    assert account.run("undo", file, "--yes").code == 0
    assert not account.has(*made)
    assert column(file, "status") == ["removed", "removed"]


def test_what_is_gone_already_counts_as_removed(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    account.unlink(*PAIRS[1])
    assert account.run("undo", file, "--yes").code == 0
    assert column(file, "status") == ["removed"] * 6


def test_without_an_answer_nothing_is_removed(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    asked = account.run("undo", file)
    assert asked.code == 2
    assert "--yes" in asked.text
    assert all(account.has(*pair) for pair in PAIRS)


def test_another_account_is_refused(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    with Account(999) as other:
        refused = other.run("undo", file, "--yes")
        assert refused.code == 2
        assert "62515" in refused.text


def test_a_simulated_load_is_refused_with_the_commands_to_practise_it(
    account: Account, tmp_path: Path
) -> None:
    file = pairs_file(tmp_path, PAIRS, "pairs 1.2.csv")
    with Account(999) as other:
        assert other.load(file).code == 0  # a real load of the same input, which must not be in the way
    assert run("load", file, *TYPES, "--simulate").code == 0
    for command in ("undo", "verify"):
        refused = run(command, tmp_path / "pairs 1.2.simulated.report.csv")
        assert "pairs 1.2.practice.report.csv" in refused.text
        assert refused.code == 2
        assert "assoc-loader simulator" in refused.text
        lines = [line.strip() for line in refused.err.splitlines()]
        load, then = [shlex.split(line)[1:] for line in lines if line.startswith("assoc-loader ")]
        assert then[0] == command
        for words in (load, [*then, "--yes"] if command == "undo" else then):
            ended = run(*(account.url if word.startswith("http:") else word for word in words))
            assert (ended.code, account.has(*PAIRS[0])) == (0, words[0] != "undo"), ended.text


def test_the_report_stays_as_it_was_if_the_input_is_gone(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, PAIRS)
    assert account.load(file, "--skip-existing").code == 0
    file.unlink()
    ended = account.run("undo", checkpoint_of(file), "--yes", "--json")
    assert ended.code == 0
    assert "the report stays as it was" in ended.err
    assert json.loads(ended.out)["counts"]["removed"] == 6
    assert column(file, "status") == ["associated"] * 6
    assert not any(account.has(*pair) for pair in PAIRS)
