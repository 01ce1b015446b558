"""A short version of the campaign of kills, and what a person sees who ends a run."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.campaigns.kills import campaign
from tests.support.command import TYPES, Serving, end, load, report_of, rows_of, run, start, write_pairs
from tests.support.loaded import let_stand_as_reported, report_of_load, sent

SLOW = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=(0.2, 0.4))

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to send to one process")


def test_a_dozen_kills_lose_and_invent_nothing() -> None:
    said: list[str] = []
    assert campaign(seed=20, kills=12, parallel=2, tell=said.append), "\n".join(said)


@pytest.fixture
def slow() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SLOW, state=SimulatorState(100_000))) as serving:
        yield serving


def write_more_than_a_pipe_holds(process: subprocess.Popen[str]) -> None:
    """Returns when the process is reading, and leaves the pipe open."""
    assert process.stdin is not None
    process.stdin.write("from_object_id,to_object_id,note\n" + "1,2,private\n" * 100_000)
    process.stdin.flush()
    time.sleep(0.3)


def started(serving: Serving[Simulator], file: Path, *options: str) -> subprocess.Popen[str]:
    return start("load", file, "--base-url", serving.url, *TYPES, *options)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def many(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_lets_end_what_is_under_way(
    slow: Serving[Simulator], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    file = many(tmp_path, 300)
    process = started(slow, file, "--workers", "20", "--overwrite")
    wait_until(lambda: sent(slow) > 40)
    process.send_signal(number)
    ended = end(process)
    assert ended.code == code
    assert "Stopping: waiting for the requests in flight" in ended.err
    assert "The same command goes on from there" in ended.err
    asked = sent(slow)
    assert len(rows_of(report_of(file))) == asked < 300, "an answer was thrown away, or feeding went on"
    command = shlex.split(ended.out.splitlines()[-1])
    assert command[0] == "assoc-loader"
    assert "--overwrite" not in command, "it would begin anew"
    again = run(*command[1:])
    assert again.code == 0
    assert sent(slow) == 300, "a pair was sent twice"
    assert len(rows_of(report_of(file))) == 300


@pytest.fixture(scope="module")
def report_of_many(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The report of a load of some thousand rows, of which one request can settle a thousand."""
    return report_of_load(many(tmp_path_factory.mktemp("loaded"), 6000), "--method", "batch")


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(("command", "call"), [("verify", "batch read"), ("undo", "batch archive")])
def test_the_commands_that_follow_end_as_the_load_does(
    slow: Serving[Simulator],
    tmp_path: Path,
    report_of_many: bytes,
    command: str,
    call: str,
    number: signal.Signals,
    code: int,
) -> None:
    report = tmp_path / "pairs.report.csv"
    report.write_bytes(report_of_many)
    let_stand_as_reported(slow, report)
    options = ("--yes",) if command == "undo" else ()
    process = start(command, report, "--base-url", slow.url, "--workers", "1", "--json", *options)
    wait_until(lambda: slow.ask(lambda simulator: simulator.state.calls[call]) > 0)
    process.send_signal(number)
    ended = end(process)
    assert ended.code == code
    told = json.loads(ended.out)
    assert (told["stopped"], told["finished"], told["exit_code"]) == ("interrupted", False, code)
    assert "Stopping: waiting for the requests in flight" in ended.err
    assert "The same command" in ended.err
    assert run(command, report, "--base-url", slow.url, *options).code == 0


@posix
def test_ctrl_c_during_the_imports_shows_no_traceback() -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "sys.argv = ['assoc-loader', '--version']\n"
        "from loader.cli import main\n"
        "main()\n"
    )
    # Python leaves SIGINT alone where a shell has told it to be deaf, and so would the program.
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == -signal.SIGINT
    assert done.stdout + done.stderr == ""


@posix
def test_the_second_ctrl_c_leaves_at_once_and_the_report_is_sound(tmp_path: Path) -> None:
    never = SimulatorState(100_000)
    with Serving(lambda: Simulator(SLOW, state=never)) as serving:
        file = many(tmp_path, 400)
        process = started(serving, file, "--workers", "20")
        wait_until(lambda: sent(serving) > 60)
        serving.ask(
            lambda simulator: simulator.state.fail("9000600000000", times=0)
        )  # from now on nobody answers
        at = sent(serving)
        wait_until(lambda: sent(serving) >= at + 5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "it did not wait for what is under way"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ended = end(process)
        assert time.monotonic() - began < 3
        assert ended.code == 130
        assert "The same command goes on" in ended.err
        serving.ask(lambda simulator: simulator.state.heal())
        assert load(serving.url, file, "--workers", "200").code == 0
    assert [row["row"] for row in rows_of(report_of(file))] == [str(n) for n in range(1, 401)]


@posix
def test_ctrl_c_in_the_pre_pass_sends_nothing(slow: Serving[Simulator], tmp_path: Path) -> None:
    """Nobody waits for the first reading after Ctrl-C: with IDs that begin with 0 it takes this file 8 s."""
    file = tmp_path / "pairs.csv"
    file.write_text("from_object_id,to_object_id\n" + "".join(f"0{n},7\n" for n in range(1, 400_000)))
    process = started(slow, file)
    wait_until(lambda: report_of(file).with_name("pairs.report.csv.lock").exists())
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert time.monotonic() - began < 3
    assert ended.code == 130
    assert "The same command goes on" in ended.err
    assert sent(slow) == 0


@posix
@pytest.mark.parametrize("command", ["load", "check"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_ends_the_wait_for_a_pipe_that_does_not_end(
    number: int, code: int, command: str, tmp_path: Path
) -> None:
    report = tmp_path / "x.report.csv"
    process = start(command, "-", "-o", report, "--simulate", *TYPES, stdin=subprocess.PIPE)
    write_more_than_a_pipe_holds(process)
    process.send_signal(number)
    assert process.wait(5) == code
    ended = end(process)
    assert "Traceback" not in ended.err
    assert "nterrupted" in ended.err
    assert not report.exists()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_copy_of_what_came_by_a_pipe_stays_behind(number: int, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = start(
        "load",
        "-",
        *("-o", tmp_path / "x.report.csv", "--simulate", *TYPES),
        stdin=subprocess.PIPE,
        env={"TMPDIR": str(temporary)},
    )
    write_more_than_a_pipe_holds(process)
    process.send_signal(number)
    process.wait(5)
    end(process)
    assert not list(temporary.iterdir())


@posix
def test_one_ctrl_c_ends_the_wait_for_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pairs.csv"
    os.mkfifo(pipe)
    process = start("load", pipe, "--simulate", *TYPES)
    writer = open_when_read(pipe)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    os.close(writer)
    end(process)


def open_when_read(pipe: Path) -> int:
    """Open a named pipe for writing as soon as somebody wants to read it."""
    for _ in range(600):
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    raise TimeoutError(f"nobody reads {pipe}")


@posix
def test_a_pipe_that_does_not_block_is_read_to_its_end(tmp_path: Path) -> None:
    """Whoever started the program may share that setting; an empty moment of the pipe is not its end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    report = tmp_path / "x.report.csv"
    process = start("load", "-", "-o", report, "--simulate", *TYPES, stdin=reading)
    os.close(reading)
    with open(writing, "w") as pipe:
        for text in ("from_object_id,to_object_id\n", "1,2\n", "3,4\n"):
            time.sleep(0.5)
            pipe.write(text)
            pipe.flush()
    assert end(process).code == 0
    assert len(rows_of(report)) == 2
