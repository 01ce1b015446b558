"""`undo` from outside: only what the load created, asked for, resumable, and the account as it was before."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Ends, Simulator, SimulatorSettings
from loader.simulator.association_types import label_types
from tests.support.command import Finished, Serving, end, load, report_of, rows_of, run, start, write_pairs

FAST = ("--rate", "1000000/1")


@pytest.fixture
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


def undo(url: str, report: Path, *options: str) -> Finished:
    return run("undo", report, "--base-url", url, *options)


def undo_report_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.undo.csv")


@pytest.mark.parametrize("method", ["put", "batch"])
def test_after_a_load_that_looked_first_the_account_stands_as_before(
    simulator: Serving[Simulator], tmp_path: Path, method: str
) -> None:
    def seed(server: Simulator) -> None:
        for i in range(0, 40, 4):
            server.state.associate("contacts", str(1000 + i), "companies", str(2000 + i))
        for i in range(0, 40, 8):  # labels beside the default type
            server.state.associate(
                "contacts", str(1000 + i), "companies", str(2000 + i), label="Billing contact"
            )
        for i in range(100, 105):  # labels where no row of the file is
            server.state.associate("contacts", "1001", "companies", str(i), label="Budget")

    simulator.ask(seed)
    before = simulator.ask(lambda server: server.state.associations)
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 2000 + i) for i in range(40)])
    loaded = load(simulator.url, file, *FAST, "--skip-existing", "--method", method)
    assert loaded.code == 0, loaded.err
    rows = rows_of(report_of(file))
    assert {(row["status"], row["existed_before"]) for row in rows} == {
        ("existing", "yes"),
        ("associated", "no"),
    }
    assert simulator.ask(lambda server: server.state.associations) != before

    undone = undo(simulator.url, report_of(file), "--yes", "--json")
    assert undone.code == 0, undone.err
    assert json.loads(undone.out)["counts"] == {"removed": 30, "failed": 0, "gave_up": 0}
    assert simulator.ask(lambda server: server.state.associations) == before
    assert {row["status"] for row in rows_of(undo_report_of(file))} == {"removed"}
    assert [int(row["row"]) for row in rows_of(undo_report_of(file))] == [
        i + 1 for i in range(40) if i % 4
    ]  # the rows of the load's report, in its order


def test_a_pair_that_had_a_label_only_is_sent_and_left_by_undo(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    simulator.ask(
        lambda server: server.state.link(Ends("0-1", "1", "0-2", "2"), label_types("0-1", "0-2", "Budget"))
    )
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    rows = rows_of(report_of(file))
    assert [(row["status"], row["existed_before"]) for row in rows] == [
        ("associated", "yes"),
        ("associated", "no"),
    ]
    undone = undo(simulator.url, report_of(file), "--yes")
    assert undone.code == 0
    assert "1 row is left: labels stood" in undone.err
    types = simulator.ask(lambda server: server.state.types_between("contacts", "1", "companies", "2"))
    assert {kind.label for kind in types} == {None, "Budget"}
    assert not simulator.ask(lambda server: server.state.types_between("contacts", "3", "companies", "4"))


def test_rows_that_nobody_asked_about_are_left_and_counted(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST).code == 0
    undone = undo(simulator.url, report_of(file), "--yes")
    assert undone.code == 0
    assert "2 rows are left: the load did not ask" in undone.err
    assert simulator.ask(lambda server: server.state.calls["batch archive"]) == 0


def test_without_a_terminal_and_without_yes_nothing_is_sent(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    before = simulator.ask(lambda server: sum(server.state.calls.values()))
    undone = undo(simulator.url, report_of(file))
    assert undone.code == 2
    assert "--yes" in undone.err
    assert simulator.ask(lambda server: sum(server.state.calls.values())) == before
    assert not undo_report_of(file).exists()


def test_a_script_s_log_says_count_and_account(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    undone = undo(simulator.url, report_of(file), "--yes")
    assert undone.code == 0
    assert "Remove 1 association that " in undone.err
    assert "Account: 62515 (app.hubspot.com)" in undone.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 2, 2)])
def test_on_a_terminal_a_person_sees_count_and_account_and_decides(
    simulator: Serving[Simulator], tmp_path: Path, answer: str, code: int, left: int
) -> None:
    import pty

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    keyboard, terminal = pty.openpty()
    process = start("undo", report_of(file), "--base-url", simulator.url, stdin=terminal)
    os.write(keyboard, answer.encode())
    ended = end(process)
    os.close(keyboard)
    os.close(terminal)
    assert ended.code == code, ended.err
    assert "account 62515" in ended.err
    assert "Remove 1 association that " in ended.err
    assert simulator.ask(lambda server: len(server.state.associations)) == left


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("key", "code", "said"),
    [(b"\x04", 2, "there was no answer, so nothing was removed"), (b"\x03", 130, "nothing was removed")],
    ids=["Ctrl-D", "Ctrl-C"],
)
def test_who_leaves_at_the_question_is_told_that_nothing_was_removed(
    simulator: Serving[Simulator], tmp_path: Path, key: bytes, code: int, said: str
) -> None:
    import fcntl
    import pty
    import termios

    def take_the_terminal() -> None:  # so that its keys make signals
        signal.signal(signal.SIGINT, signal.default_int_handler)
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    keyboard, terminal = pty.openpty()
    process = start(
        *("undo", report_of(file), "--base-url", simulator.url),
        stdin=terminal,
        start_new_session=True,
        preexec_fn=take_the_terminal,
        bufsize=0,
    )
    assert process.stderr is not None
    seen = ""
    while "[y/N]" not in seen:
        more = os.read(process.stderr.fileno(), 1000).decode()
        assert more, seen
        seen += more
    os.write(keyboard, key)
    ended = end(process)
    os.close(keyboard)
    os.close(terminal)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert simulator.ask(lambda server: len(server.state.associations)) == 2  # both directions
    assert sorted(os.listdir(tmp_path)) == ["pairs.csv", "pairs.report.csv"]


def test_it_asks_for_no_more_than_a_hundred_from_records_at_once(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1000 + i % 250, 2000 + i) for i in range(500)])
    assert load(simulator.url, file, *FAST, "--skip-existing", "--method", "batch").code == 0
    assert undo(simulator.url, report_of(file), "--yes").code == 0  # the simulator refuses a hundred and one
    assert simulator.ask(lambda server: len(server.state.associations)) == 0
    assert simulator.ask(lambda server: server.state.calls["batch archive"]) == 5


def test_it_goes_on_after_a_kill_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    slow = SimulatorSettings(rate_limit=0)
    with Serving(lambda: Simulator(slow)) as simulator:
        file = write_pairs(tmp_path / "pairs.csv", [(1000 + i, 2000 + i) for i in range(3000)])
        assert load(simulator.url, file, *FAST, "--skip-existing", "--method", "batch").code == 0

        def slow_down(server: Simulator) -> None:
            server.settings = SimulatorSettings(rate_limit=0, latency=(0.4, 0.5))

        simulator.ask(slow_down)
        process = start("undo", report_of(file), "--base-url", simulator.url, "--yes")
        until = time.monotonic() + 30
        while not undo_report_of(file).exists() or undo_report_of(file).stat().st_size < 20_000:
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        process.wait()
        process.communicate()
        done = len(rows_of(undo_report_of(file)))
        assert 0 < done < 3000
        simulator.ask(lambda server: setattr(server, "settings", slow))
        assert undo(simulator.url, report_of(file), "--yes").code == 0
        rows = rows_of(undo_report_of(file))
        assert [int(row["row"]) for row in rows] == list(range(1, 3001))
        assert simulator.ask(lambda server: len(server.state.associations)) == 0
        calls = simulator.ask(lambda server: server.state.calls["batch archive"])
        again = undo(simulator.url, report_of(file))  # nothing to do, so nothing to ask
        assert again.code == 0
        assert simulator.ask(lambda server: server.state.calls["batch archive"]) == calls


def test_the_undo_of_an_earlier_load_is_not_taken_for_this_one(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    assert undo(simulator.url, report_of(file), "--yes").code == 0
    assert load(simulator.url, file, *FAST, "--skip-existing", "--overwrite").code == 0
    refused = undo(simulator.url, report_of(file), "--yes")
    assert refused.code == 2
    assert "associated_at" in refused.err
    assert undo(simulator.url, report_of(file), "--yes", "--overwrite").code == 0
    assert simulator.ask(lambda server: len(server.state.associations)) == 0


@pytest.mark.parametrize("fault", ["9000503000001", "9000602000001", "9000604000001", "9000429000002"])
def test_passing_faults_are_tried_again(simulator: Serving[Simulator], tmp_path: Path, fault: str) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    simulator.ask(
        lambda server: server.state.fail(
            fault, path_prefix="/crm/associations/2025-09/contacts/companies/batch/archive", times=2
        )
    )
    undone = undo(simulator.url, report_of(file), "--yes")
    assert undone.code == 0, undone.err
    assert simulator.ask(lambda server: len(server.state.associations)) == 0


def test_a_refused_request_is_split_until_the_refused_pair_is_known(
    simulator: Serving[Simulator], tmp_path: Path
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    simulator.ask(
        lambda server: server.state.fail(
            "9000400000001", path_prefix="/crm/associations/2025-09/contacts/companies/batch/archive", times=2
        )
    )
    undone = undo(simulator.url, report_of(file), "--yes")
    assert undone.code == 1
    assert sorted(row["status"] for row in rows_of(undo_report_of(file))) == ["failed", "removed"]


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    ended = undo("http://127.0.0.1:9", tmp_path / "none.report.csv", "--yes")
    assert ended.code == 2
    assert "there is no report" in ended.err
    assert not list(tmp_path.iterdir())


def test_the_report_of_an_undo_is_not_verified(simulator: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    assert load(simulator.url, file, *FAST, "--skip-existing").code == 0
    assert undo(simulator.url, report_of(file), "--yes").code == 0
    ended = run("verify", undo_report_of(file), "--base-url", simulator.url)
    assert ended.code == 2
    assert "Name the report of the load" in ended.err
