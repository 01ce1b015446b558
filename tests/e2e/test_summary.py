"""`summary` from outside: screen, JSON, page, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import TYPES, run, write_pairs


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a load with an associated row, a failed and an invalid one, and its log beside it."""
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 4), ("x", 6)])
    ended = run("load", file, *TYPES, "--simulate", "--log-file", tmp_path / "run.log")
    assert ended.code == 1, ended.err
    return tmp_path / "pairs.report.csv"


def test_the_screen_says_causes_and_what_to_type(report: Path) -> None:
    ended = run("summary", report)
    assert ended.code == 1
    assert ended.out.startswith("3 rows: 1 associated, 1 invalid, 1 failed\n")
    assert "for example row 2: contacts 9000404000001 -> companies 4" in ended.out
    assert "correlation ID" in ended.out
    assert "assoc-loader load" in ended.out
    assert "--only failed" in ended.out
    assert ended.err == ""


def test_json(report: Path) -> None:
    ended = run("summary", report, "--json")
    assert ended.code == 1
    value = json.loads(ended.out)
    assert (value["rows"], value["needs_attention"], value["exit_code"]) == (3, 2, 1)
    assert {group["status"]: group["count"] for group in value["groups"]} == {
        "associated": 1,
        "failed": 1,
        "invalid": 1,
    }


def test_nothing_to_do_ends_with_0(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (1, 2)])
    assert run("load", file, *TYPES, "--simulate").code == 0
    ended = run("summary", tmp_path / "pairs.report.csv")
    assert ended.code == 0
    assert "there is nothing to do" in ended.out


def test_the_page(report: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ended = run("summary", report, "--html", page, "--log-file", tmp_path / "run.log")
    assert ended.code == 1
    assert ended.out.endswith(f"Page: {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    before = report.read_bytes()
    assert run("summary", report, "--html", report).code == 2
    assert report.read_bytes() == before
    assert run("summary", report, "--html", tmp_path / "none" / "page.html").code == 2
    assert run("summary", report, "--html", page, "--log-file", tmp_path / "none.log").code == 2
    assert run("summary", report, "--log-file", tmp_path / "run.log").code == 2


def test_what_is_no_report_ends_with_2(report: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "pairs.csv", tmp_path / "none.csv", tmp_path):
        ended = run("summary", path)
        assert ended.code == 2, ended.text
        assert ended.out == ""
        assert "error: " in ended.err
    damaged = report.read_text().replace("\n2,", "\nnonsense,")
    report.write_text(damaged)
    ended = run("summary", report)
    assert ended.code == 2
    assert "damaged at line 3" in ended.err
