"""An outage, or rows that nobody answers? From outside, with connections that hang or are reset."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from loader.sandbox import Sandbox, SandboxSettings
from tests.outside import Serving, load, report_of, rows_of, write_pairs

FAST = ("--rate", "1000000/1", "--max-attempts", "2")


def statuses(file: Path) -> Counter[str]:
    return Counter(row["status"] for row in rows_of(report_of(file)))


def test_rows_that_hang_one_after_another_are_to_blame_where_others_are_answered(tmp_path: Path) -> None:
    hanging = [(f"90006000000{i:02}", "1") for i in range(12)]
    answered = [(str(100 + i), "1") for i in range(40)]
    file = write_pairs(tmp_path / "pairs.csv", hanging[:6] + answered + hanging[6:])
    with Serving(lambda: Sandbox(SandboxSettings(rate_limit=0, latency=(0.05, 0.1)))) as serving:
        ended = load(serving.url, file, *FAST, "--timeout", "0.7", "--outage-timeout", "20", timeout=90)
    assert ended.code == 1, ended.err
    assert statuses(file) == {"associated": 40, "gave_up": 12}
    assert {row["attempts"] for row in rows_of(report_of(file)) if row["status"] == "gave_up"} == {"2"}


def test_one_worker_gets_past_rows_that_are_always_reset(tmp_path: Path) -> None:
    reset = [(f"90006020000{i:02}", "1") for i in range(5)]
    file = write_pairs(tmp_path / "pairs.csv", [*reset, ("7", "1"), ("8", "1")])
    with Serving(lambda: Sandbox(SandboxSettings(rate_limit=0))) as serving:
        ended = load(serving.url, file, *FAST, "--workers", "1", "--outage-timeout", "30", timeout=90)
    assert ended.code == 1, ended.err
    assert statuses(file) == {"associated": 2, "gave_up": 5}
