"""Fast starts of the program: each command is forked from a process that has imported everything.

Importing the program and pandas takes a second, and the tests start it hundreds of times. So `command.run`
forks each command from a waiting process (``python -m tests.support.warm FD``). The child gets its streams,
folder and environment from the caller, and runs the module `loader` as ``python -m loader`` does. A test that
needs more of Popen uses `command.start`, which always starts a new interpreter.
``ASSOC_LOADER_TESTS_COLD=1`` does so for all tests.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

#: Variables that a command may have otherwise than the waiting process, since the program reads them when a
#: command begins. Python and the libraries read other variables already when they start.
_READ_LATE = (
    *("HUBSPOT_", "ASSOC_LOADER_", "_ASSOC_LOADER_", "PYTEST_"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("TERM", "COLUMNS", "NO_COLOR"),
)
_INT = struct.Struct("i")


class Forked:
    """A command that was forked, with as much of Popen as the tests need.

    pid: its process
    returncode: its exit code, negative for a signal; None while it runs
    """

    def __init__(self, out: int, err: int, hear: int) -> None:
        self._pool = ThreadPoolExecutor(2)
        self._texts = [self._pool.submit(_whole, reading) for reading in (out, err)]
        self._hear = hear
        self.pid: int = _INT.unpack(os.read(hear, _INT.size))[0]
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._wait(0)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """What it has written, when it has ended. Raises TimeoutExpired after `timeout` seconds."""
        if self._wait(timeout) is None:
            raise subprocess.TimeoutExpired("loader", timeout or 0.0)
        out, err = (text.result() for text in self._texts)
        self._pool.shutdown()
        return out, err

    def _wait(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._hear], [], [], seconds)[0]:
            self.returncode = _INT.unpack(os.read(self._hear, _INT.size))[0]
            os.close(self._hear)
        return self.returncode


class Warm:
    """A process that waits for commands to fork; it ends with this one."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Threads of a library would not survive the fork.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                env={**self._environment, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        atexit.register(self._end)

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether a forked command in `environment` does the same as one in a process of its own."""
        differing = self._environment.items() ^ environment.items()
        return all(name.startswith(_READ_LATE) for name, _ in differing)

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        stdin: int | None = None,
        terminal: Iterable[int] = (),
        umask: int = -1,
    ) -> Forked:
        """Start a command in a folder.

        stdin: what it reads; None for nothing.
        terminal: which of the outputs, 1 and 2, are the terminal that `stdin` is. It becomes its own.
        umask: -1 for this process's.
        """
        command: dict[str, Any] = {"arguments": arguments, "environment": dict(environment)}
        command |= {"folder": str(folder), "terminal": [*terminal], "umask": umask}
        (out, to_out), (err, to_err), (hear, tell) = [os.pipe() for _ in range(3)]
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            files = [nothing if stdin is None else stdin, to_out, to_err, tell]
            socket.send_fds(self._socket, [json.dumps(command).encode()], files)
        finally:
            for sent in (nothing, to_out, to_err, tell):
                os.close(sent)
        return Forked(out, err, hear)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def warm() -> Warm | None:
    """The waiting process of this one; None on other platforms than Linux and if cold starts are wanted."""
    return Warm() if sys.platform == "linux" and not os.environ.get("ASSOC_LOADER_TESTS_COLD") else None


def _whole(reading: int) -> str:
    with open(reading, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _import_everything() -> None:
    import pandas  # noqa: F401 - the program imports it when it reads

    import loader

    for module in pkgutil.walk_packages(loader.__path__, "loader."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # the garbage collection of a child would copy all this memory


def _take_terminal() -> None:
    """Make standard input the controlling terminal, so that Ctrl-C becomes a signal."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _tell(descriptor: int, number: int) -> None:
    with suppress(BrokenPipeError):  # the test has ended
        os.write(descriptor, _INT.pack(number))


def _next_command(requests: socket.socket) -> None:
    """Wait for commands; return in a process that was forked for one, with its streams and environment."""
    running: dict[int, tuple[int, int]] = {}  # by a descriptor that tells its end: process, and whom to tell
    while True:
        ready, _, _ = select.select([requests.fileno(), *running], [], [])
        for ended in running.keys() & ready:
            child, tell = running.pop(ended)
            _tell(tell, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            os.close(ended)
            os.close(tell)
        if requests.fileno() not in ready:
            continue
        data, files, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        if not data:  # the tests have ended
            os._exit(0)
        child = os.fork()
        if not child:
            break
        *streams, tell = files
        for descriptor in streams:
            os.close(descriptor)
        _tell(tell, child)
        running[os.pidfd_open(child)] = child, tell
    requests.close()
    for ended, (_, tell) in running.items():
        os.close(ended)
        os.close(tell)
    stdin, out, err, _ = files
    command = json.loads(data)
    for number, descriptor in enumerate((stdin, out, err)):
        os.dup2(stdin if number in command["terminal"] else descriptor, number)
    for descriptor in files:
        os.close(descriptor)
    if command["terminal"]:
        _take_terminal()
    if command["umask"] >= 0:
        os.umask(command["umask"])
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    sys.argv = ["loader", *command["arguments"]]


def _leave(code: str | int | None) -> NoReturn:
    """End as `sys.exit` does, but free no objects: that would copy most of the memory that is shared.

    It would take as much of the processor as a short command does.
    """
    threading._shutdown()  # type: ignore[attr-defined] # awaits threads, as the interpreter does at its end
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _import_everything()
    _next_command(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_module("loader", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _leave(ended.code)
