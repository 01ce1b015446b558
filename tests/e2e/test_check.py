"""`check` from outside, without HubSpot: what it says of a file, and that it leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import TYPES, Finished, end, report_of, run, start_warm, wait_until, write_pairs
from tests.support.second_run import Account, checkpoint_of, pairs_file

MISTAKES = (
    "from_object_id,to_object_id,note\n"
    "1,2,fine\n"
    '3,4,"two\nlines"\n'  # row 2 is on lines 3 and 4
    "5.1E+10,6,spoilt\n"  # line 5
    "1,2,again\n"  # row 4, line 6
    ",7,none\n"  # line 7
    "8,8,too,many\n"  # line 8
    "01,2.0,again\n"  # row 7, line 9
)


def check(file: Path | str, *options: str | Path, **more: Any) -> Finished:
    return run("check", file, *TYPES, *options, env={"HUBSPOT_ACCESS_TOKEN": ""}, **more)


def checked(file: Path | str, *options: str | Path, code: int, **more: Any) -> dict[str, Any]:
    ended = check(file, *options, "--json", **more)
    assert ended.code == code, ended.err
    value: dict[str, Any] = json.loads(ended.out)
    assert value["exit_code"] == code
    return value


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as account:
        yield account


@pytest.fixture
def mistakes(tmp_path: Path) -> Path:
    file = tmp_path / "mistakes.csv"
    file.write_text(MISTAKES)
    return file


def test_each_verdict_is_counted_and_shown_with_its_line(mistakes: Path) -> None:
    found = checked(mistakes, code=1)
    shown = {
        verdict["category"]: (verdict["rows"], [(one["row"], one["line"]) for one in verdict["examples"]])
        for verdict in found["verdicts"]
    }
    assert shown == {
        "DESTROYED_ID": (1, [(3, 5)]),
        "MISSING_ID": (1, [(5, 7)]),
        "TOO_MANY_FIELDS": (1, [(6, 8)]),
        "DUPLICATE": (2, [(4, 6), (7, 9)]),
    }
    assert (found["rows"], found["to_send"], found["requests"]) == (7, 2, 2)


def test_the_screen_names_lines_and_reasons(mistakes: Path) -> None:
    ended = check(mistakes)
    assert ended.code == 1
    assert "line 5 (row 3): contacts 5.1E+10 → companies 6" in ended.out
    assert "line 6 (row 4): contacts 1 → companies 2: duplicate of row 1" in ended.out
    assert "2 requests at 10.0/s: 0 s (estimate: account limit not known yet)" in ended.out
    assert "under 1 % on every tier" in ended.out
    assert f"To load it:\n  assoc-loader load {mistakes} --from-type contacts" in ended.out
    assert ended.err == ""


def test_lines_hold_beyond_the_first_block_and_behind_cells_that_span_lines(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    body = "".join(f'{n},{n + 1},"a\nb"\n' if n % 1000 == 0 else f"{n},{n + 1},x\n" for n in range(1, 20_001))
    file.write_text(f'from_object_id,to_object_id,note\n{body}x,1,bad\n5,6,"a\nb"\n')
    found = checked(file, code=1)
    lines = {verdict["category"]: verdict["examples"][0]["line"] for verdict in found["verdicts"]}
    assert lines == {"BAD_ID": 20_022, "DUPLICATE": 20_023}


def test_a_clean_file_ends_with_0_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv.gz"
    file.write_bytes(gzip.compress(b"from_object_id,to_object_id\n1,2\n3,4\n"))
    found = checked(file, "--rate", "1/2", code=0)
    assert (found["requests"], found["seconds"], found["pace_is_a_guess"]) == (2, 4.0, True)
    assert found["online"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.csv.gz"]
    assert "2 requests at 0.017/s" in check(file, "--rate", "1/60").out


def test_a_file_that_cannot_be_used_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text('from_object_id,to_object_id\n1,2\n3,"4\n')
    ended = check(file)
    assert ended.code == 2
    assert "line 3" in ended.err
    assert check(tmp_path / "none.csv").code == 2
    assert check(file, "--from-column", "none").code == 2


def test_standard_input_needs_no_report(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with file.open("rb") as stdin:
        found = checked("-", code=0, stdin=stdin)
    assert (found["rows"], found["report"], found["checkpoint"]) == (1, None, None)


def test_what_earlier_runs_settled_is_counted_and_not_touched(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2), (3, 4), (5, 6)])
    assert account.load(file, "--limit", "1").code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    found = checked(file, code=0)
    assert (found["pairs"], found["settled"], found["to_send"]) == (3, 1, 2)
    assert (found["report"], found["checkpoint"]) == (str(report_of(file)), str(checkpoint_of(file)))
    assert checked(file, "--limit", "1", code=0)["to_send"] == 1
    assert checked(file, "--overwrite", code=0)["to_send"] == 3
    assert "--overwrite" in run("check", file, *TYPES, "--overwrite").out.splitlines()[-1]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_load_would_refuse_check_refuses(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(1, 2)])
    assert account.load(file).code == 0
    pairs_file(tmp_path, [(7, 8)])
    refused = check(file)
    assert refused.code == 2
    assert "pairs.companies.report.csv" in refused.err


def test_a_load_that_is_running_can_be_checked(account: Account, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, [(n, n + 1) for n in range(1, 101)])
    process = start_warm("load", file, *TYPES, "--base-url", account.url, "--rate", "10/1")
    wait_until(lambda: account.puts > 0)
    assert checked(file, code=0)["pairs"] == 100
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert end(process).code == 143


def test_cells_cannot_write_on_the_screen(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("from_object_id,to_object_id\n\x1b[2J1,2\n")
    assert "\x1b" not in check(file).text


def test_a_huge_cell_is_not_shown_whole(tmp_path: Path) -> None:
    huge = "x" * 200_000
    rows = [(huge, 2), (f"1{huge}", f"2{huge}"), (f"{huge} 1", 4)]
    file = write_pairs(tmp_path / "pairs.csv", rows)
    ended = check(file)
    assert ended.code == 1
    assert "xxx…" in ended.out
    assert len(ended.text) < 3000
    assert len(json.dumps(checked(file, code=1))) < 5000
    types = write_pairs(tmp_path / "types.csv", [(1, 2, f"a{huge}"), (3, "x", huge)], ["from_object_type"])
    assert len(check(types).text) < 3000
    name = huge[:50_000]
    header = write_pairs(tmp_path / "header.csv", [(1, 2, "x")], [name])
    told = check(header, "--from-column", name)
    assert told.code == 1
    assert len(told.text) < 3000
