"""`summary` from outside: screen, JSON, page, and exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.command import TYPES, run, write_pairs


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a load with an associated row, a failed and an invalid one."""
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 4), ("x", 6)])
    ended = run("load", file, *TYPES, "--simulate")
    assert ended.code == 1, ended.err
    return next(tmp_path.glob("*report.csv"))


def test_the_screen_says_the_answer_the_causes_and_the_command(report: Path) -> None:
    ended = run("summary", report)
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("1 of 3 pairs are associated; 2 need attention; 0 not sent.\n")
    assert "1 failed: A record was deleted or merged, or never existed" in ended.out
    assert "e.g. contacts 9000404000001 → companies 4" in ended.out
    assert "correlation ID" in ended.out
    load = f"assoc-loader load {report.with_name('pairs.csv')}"
    commands = [line.strip() for line in ended.out.splitlines() if line.startswith("  assoc-loader ")]
    assert commands == [f"{load} --limit 10 {' '.join(TYPES)}", f"{load} {' '.join(TYPES)} --simulate"]


def test_json_has_every_status_and_every_cause(report: Path) -> None:
    ended = run("summary", report, "--json")
    assert ended.code == 1
    value = json.loads(ended.out)
    assert (value["pairs"], value["needs_attention"], value["exit_code"]) == (3, 2, 1)
    assert (value["counts"]["failed"], value["counts"]["gave_up"]) == (1, 0)
    assert {cause["status"]: cause["pairs"] for cause in value["causes"]} == {
        "associated": 1,
        "failed": 1,
        "invalid": 1,
    }


def test_a_load_without_trouble_ends_with_0(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (1, 2)])
    assert run("load", file, *TYPES, "--simulate").code == 0
    ended = run("summary", next(tmp_path.glob("*report.csv")))
    assert ended.code == 0
    assert ended.out.startswith("The pair is associated.\n")
    assert "Besides: 1 duplicate." in ended.out


def test_the_page(report: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for _ in range(2):  # an earlier page may be replaced
        ended = run("summary", report, "--html", page)
        assert ended.code == 1
        assert ended.out.endswith(f"Page: {page}\n")
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "1 of 3 pairs are associated; 2 need attention; 0 not sent" in html
    before = report.read_bytes()
    for path in (report, tmp_path, tmp_path / "none" / "page.html"):
        refused = run("summary", report, "--html", path)
        assert (refused.code, refused.out) == (2, ""), path
    assert report.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/stdout")
def test_the_page_can_go_to_another_program(report: Path) -> None:
    ended = run("summary", report, "--html", "/dev/stdout")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("<!doctype html>")


def test_what_is_no_load_ends_with_2(tmp_path: Path) -> None:
    for path in (write_pairs(tmp_path / "pairs.csv", [(1, 2)]), tmp_path / "none.csv", tmp_path):
        ended = run("summary", path)
        assert (ended.code, ended.out) == (2, ""), ended.text
        assert "error: " in ended.err
