"""What the commands can be told: refused where it is made, value first, for the API and the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from loader.errors import UsageError
from loader.settings import LoadSettings, UndoSettings, VerifySettings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("rate", "100", "Invalid --rate '100': use N/S, for example 100/10, or auto"),
        ("workers", 0, "Invalid --workers 0: use 1 or more"),
        ("workers", 2.5, "Invalid --workers 2.5: use a whole number"),
        ("workers", True, "Invalid --workers True: use a whole number"),
        ("account_id", "4711", "Invalid --account-id '4711': use a whole number"),
        ("timeout", float("nan"), "Invalid --timeout nan: use seconds, for example 30"),
        ("timeout", "30", "Invalid --timeout '30': use a number"),
        ("outage_timeout", -1, "Invalid --outage-timeout -1: use seconds, for example 300"),
        ("reserve", 100, "Invalid --reserve 100: use a percentage from 0 to 99"),
        ("method", "Batch", "Invalid --method 'Batch': use put or batch"),
        ("skip_existing", "yes", "Invalid --skip-existing 'yes': use True or False"),
        ("allow_empty", 1, "Invalid --allow-empty 1: use True or False"),
        ("limit", 0, "Invalid --limit 0: use 1 or more"),
        ("stop_after_failures", -1, "Invalid --stop-after-failures -1: use 0 or more"),
        ("report", "-", "Invalid --report '-': use a file; for one named -, use ./-"),
        ("report", "", "--report is empty: give it a value, or leave it out"),
        ("from_type", 3, "Invalid --from-type 3: use text"),
        ("input", "", "INPUT is empty: name a file"),
    ],
)
def test_the_value_comes_first(name: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        LoadSettings(**{"input": "pairs.csv", name: value})
    assert str(refused.value) == said


def test_standard_input_can_not_be_the_token_too() -> None:
    with pytest.raises(UsageError, match="can't both be standard input"):
        LoadSettings(input="-", report="r.csv", token_file="-")


@pytest.mark.parametrize(
    ("name", "path"),
    [("report", "pairs.csv"), ("log_file", "pairs.csv"), ("log_file", "pairs.report.csv")],
)
def test_no_file_is_two_at_once(name: str, path: str) -> None:
    options: dict[str, Any] = {name: path}
    with pytest.raises(UsageError, match="are the same file"):
        LoadSettings(input="pairs.csv", **options)


def test_a_follow_up_does_not_log_into_what_it_reads() -> None:
    for settings in (VerifySettings, UndoSettings):
        with pytest.raises(UsageError, match="PATH and the log file are the same file"):
            settings(path="pairs.csv", log_file="pairs.csv")
        with pytest.raises(UsageError, match="PATH is empty"):
            settings(path="")


def test_options_are_what_differs_from_the_defaults_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert LoadSettings(input="pairs.csv").options() == {}
    settings = LoadSettings(
        input="pairs.csv", report="r.csv", token_file="-", allow_empty=False, timeout=90, rate="50/10"
    )
    assert json.loads(json.dumps(settings.options())) == {
        "rate": "50/10",
        "timeout": 90,
        "token_file": "-",
        "allow_empty": False,
        "report": os.path.join(tmp_path, "r.csv"),
    }
