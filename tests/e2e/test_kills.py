"""A short version of the campaign of kills, and what a person sees who ends a run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.campaigns.kills import campaign
from tests.support.command import TYPES, Serving, end, load, run, start_warm, wait_until
from tests.support.second_run import Account, checkpoint_of, column, pairs_file

SLOW = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=(0.1, 0.2))
MANY = [(n, n + 10**6) for n in range(1, 2501)]

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to send to one process")


def test_a_few_kills_lose_and_invent_nothing() -> None:
    told: list[str] = []
    held = campaign(20, 2, told.append, parallel=1, kills_of_a_story=3, rows=80)
    assert held, "\n".join(told)


@pytest.fixture
def slow() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SLOW, state=SimulatorState(100_000))) as serving:
        yield serving


def sent(serving: Serving[Simulator], call: str = "associate") -> int:
    """Requests of one kind so far."""
    return serving.ask(lambda simulator: simulator.state.calls[call])


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_awaits_what_is_in_flight(
    slow: Serving[Simulator], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    file = pairs_file(tmp_path, MANY[:200])
    process = start_warm("load", file, "--base-url", slow.url, *TYPES, "--workers", "20", "--overwrite")
    wait_until(lambda: sent(slow) > 20)
    process.send_signal(number)
    ended = end(process)
    assert ended.code == code
    assert f"exit code {code}" in run("summary", file).out
    assert "Stopping: " in ended.err
    assert "Run the same command again to resume" in ended.err
    settled = column(file, "status").count("associated")
    assert settled == sent(slow) < 200, "an answer was thrown away, or feeding went on"
    command = shlex.split(ended.out.splitlines()[-1])
    assert command[0] == "assoc-loader"
    assert "--overwrite" not in command, "it would begin anew"
    assert run(*command[1:], "--workers", "200").code == 0
    assert sent(slow) == 200, "a pair was sent twice"
    assert column(file, "status") == ["associated"] * 200


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input of a load of thousands of pairs, with its checkpoint beside it."""
    file = pairs_file(tmp_path_factory.mktemp("loaded"), MANY)
    with Account() as account:
        assert account.load(file, "--skip-existing", "--method", "batch").code == 0
    return file


@posix
@pytest.mark.parametrize(
    ("command", "call", "number", "code"),
    [("verify", "batch read", signal.SIGINT, 130), ("undo", "batch archive", signal.SIGTERM, 143)],
)
def test_verify_and_undo_end_as_load_does(
    slow: Serving[Simulator],
    tmp_path: Path,
    loaded: Path,
    command: str,
    call: str,
    number: signal.Signals,
    code: int,
) -> None:
    def associate(simulator: Simulator) -> None:
        for from_id, to_id in MANY:
            simulator.state.associate("contacts", str(from_id), "companies", str(to_id))

    file = tmp_path / loaded.name
    for one in (loaded, checkpoint_of(loaded)):
        shutil.copy(one, tmp_path)
    slow.ask(associate)
    options = ("--yes",) if command == "undo" else ()
    process = start_warm(command, file, "--base-url", slow.url, "--workers", "1", "--json", *options)
    wait_until(lambda: sent(slow, call) > 0)
    process.send_signal(number)
    ended = end(process)
    assert ended.code == code
    told = json.loads(ended.out)
    assert (told["stopped"], told["finished"], told["exit_code"]) == ("interrupted", False, code)
    assert "Stopping: " in ended.err
    assert "the same command again" in ended.err
    assert run(command, file, "--base-url", slow.url, *options).code == 0


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
    # Python leaves SIGINT alone if a shell has told it to ignore it, and so would the program.
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
def test_the_second_ctrl_c_leaves_at_once_and_the_checkpoint_is_sound(
    slow: Serving[Simulator], tmp_path: Path
) -> None:
    file = pairs_file(tmp_path, MANY[:200])
    process = start_warm("load", file, "--base-url", slow.url, *TYPES, "--workers", "20")
    wait_until(lambda: sent(slow) > 20)
    slow.ask(lambda simulator: simulator.state.fail("9000600000000", times=0))  # no answer from now on
    at = sent(slow)
    wait_until(lambda: sent(slow) >= at + 5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None, "it did not wait for what is in flight"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert time.monotonic() - began < 10
    assert ended.code == 130
    assert "Run the same command again" in ended.err
    slow.ask(lambda simulator: simulator.state.heal())
    assert load(slow.url, file, "--workers", "200").code == 0
    assert column(file, "status") == ["associated"] * 200


@posix
def test_ctrl_c_in_the_first_reading_sends_nothing(slow: Serving[Simulator], tmp_path: Path) -> None:
    file = pairs_file(tmp_path, ((n, 7) for n in range(1, 400_000)))
    process = start_warm("load", file, "--base-url", slow.url, *TYPES)
    wait_until(checkpoint_of(file).with_name("pairs.checkpoint.db-lock").exists)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert time.monotonic() - began < 10
    assert ended.code == 130
    assert "the same command again" in ended.err
    assert sent(slow) == 0
    assert [*tmp_path.iterdir()] == [file]
