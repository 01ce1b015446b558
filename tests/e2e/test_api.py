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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import loader
from loader.engine.stats import RunStats
from loader.options import ConnectionOptions, LoadOptions, UndoOptions
from loader.pace import PaceReading
from loader.settings import LoadSettings, UndoSettings, VerifySettings
from loader.simulator import SimulatorSettings
from tests.support.command import TOKEN, environment, report_of, rows_of, write_pairs
from tests.support.second_run import Account, checkpoint_of, column, pairs_file

TYPES: dict[str, Any] = {"from_type": "contacts", "to_type": "companies"}
#: Slow enough to be interrupted.
SLOW: dict[str, Any] = {**TYPES, "rate": "40/1", "workers": 2}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return pairs_file(tmp_path, [(n, n + 1000) for n in range(1, 31)])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    with Account() as account:
        yield account


def test_what_is_exported() -> None:
    assert set(loader.__all__) <= set(dir(loader))
    assert all(getattr(loader, name) for name in loader.__all__)
    commands = ("load", "check", "verify", "undo", "summary", "report")
    twins = ("load_async", "check_async", "verify_async", "undo_async")
    assert {*commands, *twins} <= set(loader.__all__)
    assert (Path(loader.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="nothing"):
        loader.nothing  # noqa: B018 - asking is the test


def test_the_options_are_those_of_the_commands() -> None:
    for settings, options in (
        (LoadSettings, LoadOptions),
        (VerifySettings, ConnectionOptions),
        (UndoSettings, UndoOptions),
    ):
        fields = {field.name for field in dataclasses.fields(settings) if field.init}
        options_of_it = set(options.__annotations__)
        assert options_of_it <= fields
        assert fields - options_of_it <= ({"input"} if settings is LoadSettings else {"path", "simulate"})


def test_pandas_is_imported_whole_when_a_checkpoint_has_been_read() -> None:
    """A thread that went on importing would print a traceback in a program that ends."""
    code = (
        "import sys\n"
        "from loader.source import importing_pandas\n"
        "with importing_pandas():\n"
        "    pass\n"
        "assert hasattr(sys.modules['pandas'], 'read_csv')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_importing_it_is_cheap() -> None:
    heavy = "{'pandas', 'numpy', 'aiohttp', 'rich', 'orjson', 'click', 'sqlite3'}"
    code = f"import sys, loader; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_each_command_is_a_function(account: Account, pairs: Path) -> None:
    url = account.url
    account.associate(1, 1001)
    found = loader.check(pairs, **TYPES)
    assert (found.to_send, found.exit_code) == (30, 0)
    result = loader.load(pairs, **TYPES, base_url=url, skip_existing=True)
    assert (result.exit_code, result.finished, result.stopped) == (0, True, None)
    assert result.counts[loader.Status.ASSOCIATED] == 29
    assert result.counts[loader.Status.EXISTING] == 1
    assert result.report is not None
    assert result.report.path == report_of(pairs)
    assert loader.summary(pairs).not_sent == 0
    report_of(pairs).unlink()
    assert loader.report(checkpoint_of(pairs)).exit_code == 0
    assert len(rows_of(report_of(pairs))) == 30
    assert loader.verify(pairs, base_url=url).summary.verified == {"present": 30}
    undone = loader.undo(pairs, base_url=url, account_id=62515)
    assert undone.counts[loader.Status.REMOVED] == 29
    assert [account.has(n, n + 1000) for n in (1, 2, 30)] == [True, False, False]


def test_each_command_that_talks_to_hubspot_has_an_async_twin(account: Account, pairs: Path) -> None:
    async def main() -> list[int]:
        url = account.url
        return [
            (await loader.check_async(pairs, **TYPES, online=True, base_url=url)).exit_code,
            (await loader.load_async(pairs, **TYPES, base_url=url, skip_existing=True)).exit_code,
            (await loader.verify_async(pairs, base_url=url)).exit_code,
            (await loader.undo_async(pairs, base_url=url)).exit_code,
        ]

    assert asyncio.run(main()) == [0, 0, 0, 0]


def test_in_a_notebook_whose_loop_runs(pairs: Path) -> None:
    async def cell() -> tuple[loader.RunResult, loader.RunResult]:
        blocking = loader.load(pairs, **TYPES, simulate=True, limit=10)  # as people write it
        return blocking, await loader.load_async(pairs, **TYPES, simulate=True)

    first, second = asyncio.run(cell())
    assert first.counts[loader.Status.ASSOCIATED] == 10
    assert second.counts[loader.Status.ASSOCIATED] == 30  # each simulated load starts anew


def test_in_a_task_of_a_scheduler(pairs: Path, caplog: pytest.LogCaptureFixture) -> None:
    def associate(file: str) -> dict[str, object]:
        """What Airflow's or Prefect's @task would decorate: plain values out, an error if it failed."""
        result = loader.load(file, **TYPES, simulate=True)
        if result.stopped is not None:
            raise result.stopped  # the scheduler tries again later, and the load goes on
        return result.as_dict()

    results: list[dict[str, object]] = []
    with caplog.at_level(logging.INFO, logger="loader"):
        worker = threading.Thread(target=lambda: results.append(associate(str(pairs))))
        worker.start()
        worker.join(60)
    assert results[0]["finished"] is True
    assert "30 pairs" in caplog.text


def test_on_outcome_is_told_every_pair_that_this_run_settles(account: Account, pairs: Path) -> None:
    with pairs.open("a") as file:
        file.write("1,1001\nx,2\n")  # a duplicate and an invalid row: nothing to settle
    told: list[loader.Outcome] = []
    loader.load(pairs, **TYPES, base_url=account.url, limit=5)
    result = loader.load(pairs, **TYPES, base_url=account.url, on_outcome=told.append)
    assert sorted(outcome.pair.row for outcome in told) == list(range(6, 31))
    assert {outcome.status for outcome in told} == {"associated"}
    assert result.exit_code == 1


def test_an_observer_is_told_how_it_goes(account: Account, pairs: Path) -> None:
    class Told(loader.Observer):
        def __init__(self) -> None:
            self.lines: list[str] = []
            self.decisions: list[str] = []

        def begin(
            self, lines: Sequence[str], stats: RunStats, pace: Callable[[], PaceReading], before: int = 0
        ) -> None:
            self.lines += [*lines, f"{stats.total} {before} {pace().requests}"]

        def decided(self, name: str, details: dict[str, object]) -> None:
            self.decisions.append(name)

    observer = Told()
    loader.load(pairs, **TYPES, base_url=account.url, limit=10)
    loader.load(pairs, **TYPES, base_url=account.url, observer=observer)
    assert f"{pairs}: 30 rows, 30 pairs, 10 settled by earlier runs" in observer.lines
    assert observer.lines[-1] == "20 10 1"
    assert "pace" in observer.decisions


# Errors


def test_what_can_be_put_right_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    with pytest.raises(loader.InputError):
        loader.load(tmp_path / "none.csv", **TYPES)
    file = pairs_file(tmp_path, [(1, 2)])
    with pytest.raises(loader.CredentialsError, match="HUBSPOT_ACCESS_TOKEN"):
        loader.load(file, **TYPES)
    with pytest.raises(loader.CheckpointError):
        loader.summary(file)
    assert [*tmp_path.iterdir()] == [file]


def test_errors_name_arguments_as_python_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(loader.InputError, match="from_column=") as error:
        loader.load(file, **TYPES)
    assert "--" not in str(error.value)
    with pytest.raises(loader.UsageError, match="workers=") as error2:
        loader.load(file, **TYPES, workers=0)
    assert "--" not in str(error2.value)
    with pytest.raises(loader.UsageError, match="workers="):
        loader.load("pairs.csv", workers="many")  # type: ignore[arg-type]
    with pytest.raises(loader.UsageError, match="speed="):
        loader.load("pairs.csv", speed=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("token", ["pat-as-an-argument-1234", loader.Secret("pat-as-an-argument-1234")])
def test_a_token_as_an_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str | loader.Secret
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-not-this-one")
    file = pairs_file(tmp_path, [(1, 2)])
    accepted = SimulatorSettings(rate_limit=1_000_000, tokens=frozenset({"pat-as-an-argument-1234"}))
    with Account(settings=accepted) as account:
        assert loader.load(file, **TYPES, base_url=account.url, token=token).exit_code == 0
        with pytest.raises(loader.CredentialsError):
            loader.load(file, **TYPES, base_url=account.url, token="pat-wrong-1234")
    with pytest.raises(loader.UsageError) as error:
        loader.load(file, **TYPES, token=token, workers=0)
    assert "pat-as-an-argument" not in repr(error.value)


def test_what_stops_a_run_later_is_in_its_result(account: Account, pairs: Path) -> None:
    account.serving.ask(lambda simulator: simulator.state.fail("9000401000001", path_prefix="/crm", times=0))
    result = loader.load(pairs, **TYPES, base_url=account.url)
    assert result.stopped is not None
    assert result.stopped.reason == "token_refused"
    assert (result.exit_code, result.finished, result.summary.not_sent) == (3, False, 30)
    account.heal()
    assert loader.load(pairs, **TYPES, base_url=account.url).exit_code == 0


# Interruptions


def test_a_cancel_token_ends_a_run_in_good_order(account: Account, pairs: Path) -> None:
    cancel_token = loader.CancelToken()
    told: list[loader.Outcome] = []

    def enough(outcome: loader.Outcome) -> None:
        told.append(outcome)
        if len(told) == 5:
            cancel_token.cancel()

    result = loader.load(pairs, **SLOW, base_url=account.url, on_outcome=enough, cancel_token=cancel_token)
    assert (result.interrupted, result.exit_code) == (True, 130)
    settled = column(pairs, "status").count("associated")
    assert 5 <= settled == len(told) == account.puts < 30
    assert loader.load(pairs, **TYPES, base_url=account.url).finished
    assert account.puts == 30  # nothing was sent twice


def test_what_on_outcome_raises_ends_the_run_and_comes_out(account: Account, pairs: Path) -> None:
    class QueueIsFull(Exception):
        pass

    def full(outcome: loader.Outcome) -> None:
        raise QueueIsFull(outcome.pair.row)

    with pytest.raises(QueueIsFull):
        loader.load(pairs, **SLOW, base_url=account.url, on_outcome=full)
    assert 1 <= column(pairs, "status").count("associated") == account.puts < 30
    assert loader.load(pairs, **TYPES, base_url=account.url).finished


def test_a_cancelled_task_leaves_a_sound_checkpoint(account: Account, pairs: Path) -> None:
    async def main() -> None:
        first = asyncio.Event()
        task = asyncio.create_task(
            loader.load_async(pairs, **SLOW, base_url=account.url, on_outcome=lambda _outcome: first.set())
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert 1 <= loader.summary(pairs).associated < 30
    assert loader.load(pairs, **TYPES, base_url=account.url).finished
    assert column(pairs, "status") == ["associated"] * 30


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C can't be sent to one process alone")
def test_ctrl_c_in_a_script_ends_in_good_order(account: Account, pairs: Path) -> None:
    script = (
        "import loader, sys\n"
        "first = lambda outcome: print(outcome.pair.row, flush=True)\n"
        "try:\n"
        "    loader.load(sys.argv[1], from_type='contacts', to_type='companies', base_url=sys.argv[2],\n"
        "                rate='40/1', on_outcome=first)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(77)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(pairs), account.url],
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
    assert column(pairs, "status").count("associated") == 1 + len(rest.splitlines()) < 30
    assert account.load(pairs).code == 0  # the lock is free
    assert account.puts == 30


def test_a_time_out_that_a_scheduler_raises_ends_in_good_order(account: Account, tmp_path: Path) -> None:
    """Airflow raises its time-out in the waiting thread, from a signal handler."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs interval timers")

    class TaskTimeout(BaseException):
        pass

    def expire(_number: int, _frame: object) -> None:
        raise TaskTimeout

    started: list[float] = []

    def start_the_clock(_outcome: loader.Outcome) -> None:
        if not started:
            started.append(time.monotonic())
            signal.setitimer(signal.ITIMER_REAL, 0.2)

    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 401)])
    before = signal.signal(signal.SIGALRM, expire)
    try:
        with pytest.raises(TaskTimeout):
            loader.load(file, **SLOW, base_url=account.url, on_outcome=start_the_clock)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started[0] < 10
    assert 1 <= column(file, "status").count("associated") == account.puts < 400
