"""Commands to copy: complete, quoted, and the same load again."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from loader.summary.invocation import Invocation

OPTIONS = {
    "from_type": "contacts",
    "to_type": "companies",
    "from_column": "Record ID",
    "delimiter": "\t",
    "allow_empty": False,
    "skip_existing": True,
    "method": "batch",
    "rate": "50/10",
    "timeout": 90.0,
    "account_id": 62515,
    "token_file": "my token",
    "base_url": "https://api-eu1.hubapi.com",
}
CONNECTION = [
    *("--rate", "50/10", "--timeout", "90", "--account-id", "62515", "--token-file", "my token"),
    *("--base-url", "https://api-eu1.hubapi.com"),
]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="quoted for a POSIX shell")


def words(line: str) -> list[str]:
    program, *rest = shlex.split(line)
    assert program == "assoc-loader"
    return rest


def test_a_load_repeats_everything_that_makes_it_the_same_load() -> None:
    options = OPTIONS | {"limit": 10, "retry": True, "log_file": "x.log", "overwrite": True}
    invocation = Invocation("pairs.csv", options)
    assert "\\011" in invocation.load()
    line = invocation.load(delimiter="tab")
    assert words(line) == [
        *("load", "pairs.csv", "--delimiter", "tab", "--from-type", "contacts", "--to-type", "companies"),
        *("--from-column", "Record ID", "--no-allow-empty", "--skip-existing", "--method", "batch"),
        *CONNECTION,
    ]


def test_what_is_new_comes_first_and_none_takes_an_option_out() -> None:
    invocation = Invocation("pairs.csv", {"from_type": "contacts", "simulate": True})
    assert words(invocation.load(retry=True)) == [
        *("load", "pairs.csv", "--retry", "--from-type", "contacts", "--simulate"),
    ]
    assert words(invocation.load(simulate=None, limit=10)) == [
        *("load", "pairs.csv", "--limit", "10", "--from-type", "contacts"),
    ]


def test_what_follows_a_load_goes_to_the_same_account_at_the_same_pace() -> None:
    invocation = Invocation("pairs.csv", OPTIONS)
    assert words(invocation.verify()) == ["verify", "pairs.csv", *CONNECTION]
    assert words(invocation.undo(not_in_input=True)) == ["undo", "pairs.csv", "--not-in-input", *CONNECTION]
    assert words(invocation.summary(html="a page.html")) == ["summary", "pairs.csv", "--html", "a page.html"]
    assert words(invocation.write_report()) == ["report", "pairs.csv"]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "pairs.csv"),
        ({"report": "other.csv"}, "/data/other.csv"),
        ({"simulate": True}, "/data/other.csv"),
        ({"report": "other.csv", "checkpoint": "c.db"}, "c.db"),
    ],
)
def test_they_name_the_file_that_leads_to_the_checkpoint(options: dict[str, object], path: str) -> None:
    assert words(Invocation("pairs.csv", options, "/data/other.csv").verify())[1] == path


def test_paths_in_the_working_folder_are_short_and_none_reads_like_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    invocation = Invocation(str(tmp_path / "-x.csv"), {"report": str(tmp_path / "out" / "r.csv")})
    assert words(invocation.load()) == ["load", "./-x.csv", "--report", "out/r.csv"]
    assert words(Invocation("/elsewhere/x.csv", {"from_column": "-id"}).load()) == [
        *("load", "/elsewhere/x.csv", "--from-column=-id"),
    ]


def test_options_survive_json() -> None:
    again = Invocation("pairs.csv", json.loads(json.dumps(OPTIONS)))
    assert again.load(retry=True) == Invocation("pairs.csv", OPTIONS).load(retry=True)
