"""The Python API: from a script, a notebook, a scheduler's task; and what an interruption leaves."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import loader
from loader.settings import LoadSettings
from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import TOKEN, Serving, environment, report_of, rows_of, run, write_pairs

FAST = ("--rate", "100000/1")
TYPES: dict[str, Any] = {"from_type": "contacts", "to_type": "companies"}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 31)])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving[Simulator]]:
    """A slow account: a load of some hundred rows takes seconds."""
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0, latency=(0.05, 0.05)))) as serving:
        yield serving


def test_what_is_exported() -> None:
    assert loader.__all__ == [
        "CancelToken",
        "CredentialsError",
        "InputError",
        "Interrupted",
        "LoadOptions",
        "LoadResult",
        "LoaderError",
        "Outcome",
        "Pair",
        "ReportError",
        "Status",
        "Stopped",
        "UsageError",
        "__version__",
        "load",
        "load_async",
    ]
    assert all(getattr(loader, name) for name in loader.__all__)
    assert set(loader.__all__) <= set(dir(loader))
    assert (Path(loader.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="nothing"):
        loader.nothing  # noqa: B018 - asking is the test


def test_the_options_are_those_of_the_command() -> None:
    fields = {field.name for field in dataclasses.fields(LoadSettings) if field.init}
    assert loader.LoadOptions.__optional_keys__ == fields - {"input"}


def test_importing_it_is_cheap() -> None:
    heavy = "{'pandas', 'numpy', 'aiohttp', 'rich', 'orjson', 'click'}"
    code = f"import sys, loader; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# The examples of the README, as a program would have them


def test_in_a_script(pairs: Path) -> None:
    summary = loader.load(pairs, **TYPES, simulate=True)
    assert summary.finished
    assert summary.exit_code == 0
    assert summary.counts == {loader.Status.ASSOCIATED: 30}
    assert summary.report == report_of(pairs)
    assert len(rows_of(summary.report)) == 30


def test_in_a_notebook_whose_loop_runs(pairs: Path) -> None:
    async def cell() -> tuple[loader.LoadResult, loader.LoadResult]:
        blocking = loader.load(pairs, **TYPES, simulate=True, limit=10)  # as people write it
        return blocking, await loader.load_async(pairs, **TYPES, simulate=True)

    first, second = asyncio.run(cell())
    assert (first.rows, second.rows) == (10, 30)


def test_in_a_task_of_a_scheduler(pairs: Path, caplog: pytest.LogCaptureFixture) -> None:
    def associate(file: str) -> dict[str, object]:
        """What Airflow's or Prefect's @task would decorate: plain values out, an error where it failed."""
        summary = loader.load(file, **TYPES, simulate=True)
        if summary.stopped is not None:
            raise summary.stopped  # the scheduler tries again later, and the load goes on from its report
        return summary.as_json()

    results: list[dict[str, object]] = []
    with caplog.at_level(logging.INFO, logger="loader"):
        worker = threading.Thread(target=lambda: results.append(associate(str(pairs))))
        worker.start()
        worker.join(60)
    assert results[0]["finished"] is True
    assert "30 rows to do" in caplog.text


def test_on_outcome_hears_of_every_row_that_this_run_settles(pairs: Path) -> None:
    with pairs.open("a") as file:
        file.write("1,1001\nx,2\n")
    heard: list[loader.Outcome] = []
    loader.load(pairs, **TYPES, simulate=True, limit=5)
    summary = loader.load(pairs, **TYPES, simulate=True, on_outcome=heard.append)
    assert sorted(outcome.pair.row for outcome in heard) == list(range(6, 33))
    assert {outcome.status for outcome in heard} == {"associated", "duplicate", "invalid"}
    assert summary.exit_code == 1


def test_failed_rows_again_and_only_as_text_or_as_a_list(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (9000404000001, 3)])
    first = loader.load(file, **TYPES, simulate=True)
    assert first.counts[loader.Status.FAILED] == 1
    for only in ("failed, gave_up", [loader.Status.FAILED], ["failed"]):
        again = loader.load(first.report, only=only, simulate=True, overwrite=True)
        assert (again.rows, again.exit_code) == (1, 1)


def test_what_can_be_put_right_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    with pytest.raises(loader.InputError):
        loader.load(tmp_path / "none.csv", **TYPES)
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with pytest.raises(loader.UsageError, match="workers"):
        loader.load(file, **TYPES, workers=0)
    with pytest.raises(loader.CredentialsError) as caught:
        loader.load(file, **TYPES)
    assert "HUBSPOT_ACCESS_TOKEN" in f"{caught.value} {caught.value.hint}"
    assert not report_of(file).exists()


def test_what_stops_a_run_later_stands_in_the_summary(account: Serving[Simulator], pairs: Path) -> None:
    account.ask(lambda simulator: simulator.state.fail("9000401000001", path_prefix="/crm", times=0))
    summary = loader.load(pairs, **TYPES, base_url=account.url)
    assert summary.stopped is not None
    assert (summary.exit_code, summary.finished, summary.open_rows) == (3, False, 30)
    account.ask(lambda simulator: simulator.state.heal())
    assert loader.load(pairs, **TYPES, base_url=account.url).exit_code == 0


def test_a_brake_ends_a_run_in_good_order(account: Serving[Simulator], pairs: Path) -> None:
    cancel_token = loader.CancelToken()
    seen: list[loader.Outcome] = []

    def enough(outcome: loader.Outcome) -> None:
        seen.append(outcome)
        if len(seen) == 5:
            cancel_token.cancel()

    summary = loader.load(
        pairs, **TYPES, base_url=account.url, workers=2, on_outcome=enough, cancel_token=cancel_token
    )
    assert (summary.interrupted, summary.exit_code) == (True, 130)
    assert 5 <= summary.rows < 30
    settled = rows_of(summary.report)
    assert len(settled) == summary.rows == len(seen)
    assert loader.load(pairs, **TYPES, base_url=account.url).rows == 30
    sent = account.ask(lambda simulator: simulator.state.calls["associate"])
    assert sent == 30  # nothing was sent twice


def test_what_on_outcome_raises_ends_the_run_and_comes_out(account: Serving[Simulator], pairs: Path) -> None:
    class QueueIsFull(Exception):
        pass

    def full(outcome: loader.Outcome) -> None:
        raise QueueIsFull(outcome.pair.row)

    with pytest.raises(QueueIsFull):
        loader.load(pairs, **TYPES, base_url=account.url, workers=2, on_outcome=full)
    assert 1 <= len(rows_of(report_of(pairs))) < 30
    assert loader.load(pairs, **TYPES, base_url=account.url).rows == 30


def test_a_cancelled_task_leaves_a_sound_report(account: Serving[Simulator], pairs: Path) -> None:
    async def main() -> None:
        first = asyncio.Event()
        task = asyncio.create_task(
            loader.load_async(
                pairs, **TYPES, base_url=account.url, workers=2, on_outcome=lambda _outcome: first.set()
            )
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert 1 <= len(rows_of(report_of(pairs))) < 30
    assert loader.load(pairs, **TYPES, base_url=account.url).rows == 30


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C can't be sent to one process alone")
def test_ctrl_c_in_a_script_ends_in_good_order(account: Serving[Simulator], tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 10_000) for n in range(1, 3001)])
    script = (
        "import loader, sys\n"
        "first = lambda outcome: print(outcome.pair.row, flush=True)\n"
        "try:\n"
        "    loader.load(sys.argv[1], from_type='0-1', to_type='0-2', base_url=sys.argv[2], workers=2,\n"
        "                on_outcome=first)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(77)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(file), account.url],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(30) == 77
    process.stdout.close()
    settled = rows_of(report_of(file))
    assert len(settled) == 1 + len(rest.splitlines()) < 3000
    ended = run("load", file, "--from-type", "0-1", "--to-type", "0-2", "--base-url", account.url, *FAST)
    assert ended.code == 0, ended.err  # the report is this input's, and the lock is free
    assert account.ask(lambda simulator: simulator.state.calls["associate"]) == 3000


def test_a_time_out_that_a_scheduler_raises_ends_in_good_order(
    account: Serving[Simulator], tmp_path: Path
) -> None:
    """Airflow raises its time-out in the waiting thread, from a signal handler."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs interval timers")

    class TaskTimeout(BaseException):
        pass

    def expire(_number: int, _frame: object) -> None:
        raise TaskTimeout

    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 401)])
    before = signal.signal(signal.SIGALRM, expire)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        with pytest.raises(TaskTimeout):
            loader.load(file, **TYPES, base_url=account.url, workers=2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < 10
    settled = len(rows_of(report_of(file)))
    assert settled < 400
    assert account.ask(lambda simulator: simulator.state.calls["associate"]) == settled


def test_options_that_make_no_sense_are_usage_errors() -> None:
    with pytest.raises(loader.UsageError, match="load has no option speed"):
        loader.load("pairs.csv", speed=3)  # type: ignore[call-arg]
    with pytest.raises(loader.UsageError, match="use a whole number"):
        loader.load("pairs.csv", workers="many")  # type: ignore[arg-type]
