"""An outage, or rows that nobody answers? From outside, with connections that hang or are reset."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import Serving, load, report_of, rows_of, write_pairs
from tests.support.wire import Seen, Wire, http

FAST = ("--rate", "1000000/1", "--max-attempts", "2")


def statuses(file: Path) -> Counter[str]:
    return Counter(row["status"] for row in rows_of(report_of(file)))


def test_rows_that_hang_one_after_another_are_to_blame_where_others_are_answered(tmp_path: Path) -> None:
    hanging = [(f"90006000000{i:02}", "1") for i in range(12)]
    answered = [(str(100 + i), "1") for i in range(40)]
    file = write_pairs(tmp_path / "pairs.csv", hanging[:6] + answered + hanging[6:])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0, latency=(0.05, 0.1)))) as serving:
        ended = load(serving.url, file, *FAST, "--timeout", "0.7", "--outage-timeout", "20", timeout=90)
    assert ended.code == 1, ended.err
    assert statuses(file) == {"associated": 40, "gave_up": 12}
    assert {row["attempts"] for row in rows_of(report_of(file)) if row["status"] == "gave_up"} == {"2"}


def test_one_worker_gets_past_rows_that_are_always_reset(tmp_path: Path) -> None:
    reset = [(f"90006020000{i:02}", "1") for i in range(5)]
    file = write_pairs(tmp_path / "pairs.csv", [*reset, ("7", "1"), ("8", "1")])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        ended = load(serving.url, file, *FAST, "--workers", "1", "--outage-timeout", "30", timeout=90)
    assert ended.code == 1, ended.err
    assert statuses(file) == {"associated": 2, "gave_up": 5}


def test_late_answers_do_not_make_an_outage_the_fault_of_the_rows_it_began_with(tmp_path: Path) -> None:
    """Half the rows get no answer; the others' comes later, but was asked for before. Then nobody answers."""
    file = write_pairs(tmp_path / "pairs.csv", [(str(n), "7") for n in range(1, 13)])

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        ids = seen.path.split("/")
        if "account-info" in seen.path and not asked:
            writer.write(http(404, b"{}"))
        elif "associations" in ids and 7 <= int(ids[5]) <= 12 and seen.path not in asked:
            asked.add(seen.path)
            await asyncio.sleep(0.5)
            result = {
                "from": {"id": ids[5]},
                "to": {"id": ids[9]},
                "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
            }
            writer.write(http(200, orjson.dumps({"status": "COMPLETE", "results": [result]})))
        else:
            asked.add("silence")
            writer.close()

    asked: set[str] = set()
    with Serving(lambda: Wire(script)) as wire:
        ended = load(wire.url, file, *FAST, "--workers", "12", "--outage-timeout", "4")
    assert ended.code == 3, ended.err
    assert "nobody has answered" in ended.err
    assert statuses(file) == {"associated": 6}


@pytest.mark.parametrize("options", [("--workers", "1"), ("--method", "batch")])
def test_an_outage_is_not_longer_for_few_requests_under_way(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, 7) for n in range(1, 5)])

    async def script(_: Seen, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    began = time.monotonic()
    with Serving(lambda: Wire(script)) as wire:
        ended = load(wire.url, file, "--timeout", "1", "--outage-timeout", "3", *options)
    assert ended.code == 3, ended.err
    assert "nobody has answered" in ended.err
    assert time.monotonic() - began < 15
    assert not rows_of(report_of(file))


@pytest.mark.parametrize(("answer", "least"), [((503, "2"), 2.0), ((423, ""), 2.0)])
def test_a_batch_is_split_no_sooner_than_it_may_be_sent_again(
    tmp_path: Path, answer: tuple[int, str], least: float
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(str(n), str(100 + n)) for n in range(1, 5)])
    status, retry_after = answer
    sizes: list[tuple[float, int]] = []

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.method != "POST":
            writer.write(http(400, b"{}"))
            return
        sizes.append((time.monotonic(), len(orjson.loads(seen.body)["inputs"])))
        headers = {"Retry-After": retry_after} if retry_after else {}
        whole = sizes[-1][1] == 4
        writer.write(http(status if whole else 401, b"{}", **headers))  # a 401 stops the run

    with Serving(lambda: Wire(script)) as wire:
        load(wire.url, file, "--rate", "1000000/1", "--max-attempts", "2", "--method", "batch")
    last_whole = max(at for at, size in sizes if size == 4)
    assert [size for _, size in sizes[:3]] == [4, 4, 2]
    assert min(at for at, size in sizes if size == 2) - last_whole >= least - 0.05
