"""Runs the command from outside, in a process of its own, against a server in a thread of this one."""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, NamedTuple, Protocol, Self, TypeVar

from tests.support.warm import warm

TOKEN = "pat-outside-5f0e7c1a-2222-4333-8444-123456789abc"
COMMAND = (sys.executable, "-m", "loader")
TYPES = ("--from-type", "contacts", "--to-type", "companies")

#: Seconds after which a test gives up on what should take a moment; long, since the machine may be busy.
PATIENCE = 60.0


class Server(Protocol):
    """An async context manager with the URL at which it serves."""

    url: str

    async def __aenter__(self) -> Any: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


S = TypeVar("S", bound=Server)
T = TypeVar("T")


class Serving(Generic[S]):
    """Runs a server in a thread with its own event loop while its `with` block runs.

    server: what `make` returned; only `ask` may touch it.
    url: its base URL.
    """

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="server")

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._up.wait(PATIENCE):
            raise RuntimeError(f"the server did not start within {PATIENCE} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._down.set)
        self._thread.join(PATIENCE)

    async def _serve(self) -> None:
        self._loop, self._down = asyncio.get_running_loop(), asyncio.Event()
        self.server = self._make()
        async with self.server:
            self.url = self.server.url
            self._up.set()
            await self._down.wait()

    def ask(self, question: Callable[[S], T]) -> T:
        """Call `question` with the server, in the server's own thread."""

        async def answer() -> T:
            return question(self.server)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(PATIENCE)


class Process(Protocol):
    """What a started command can be asked."""

    pid: int

    @property
    def returncode(self) -> int | Any | None: ...

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int, /) -> None: ...

    def kill(self) -> None: ...

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]: ...


class Finished(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with a token and without other settings of the command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HUBSPOT_", "ASSOC_LOADER_"))}
    return {**kept, "HUBSPOT_ACCESS_TOKEN": TOKEN, **(more or {})}


def start(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
    **more: Any,
) -> subprocess.Popen[str]:
    """Start the command; its outputs are pipes of text unless `more` (for Popen) says otherwise."""
    options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    options |= {"stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "surrogateescape"} | more
    return subprocess.Popen([*command, *map(str, arguments)], env=environment(env), **options)


def end(process: Process, timeout: float = PATIENCE) -> Finished:
    """Wait for the command to end. Fails if it showed a traceback or the token."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return _checked(Finished(process.returncode or 0, out or "", err or ""))


def _checked(finished: Finished) -> Finished:
    assert "Traceback" not in finished.text, finished.text
    assert "inside assoc-loader" not in finished.text, finished.text
    assert TOKEN not in finished.text
    return finished


def run(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = PATIENCE,
    stdin: IO[Any] | None = None,
    umask: int = -1,
) -> Finished:
    """Run the command to its end, in a process forked by `warm` if that makes no difference."""
    return end(start_warm(*arguments, env=env, cwd=cwd, stdin=stdin, umask=umask), timeout)


def start_warm(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: IO[Any] | None = None,
    umask: int = -1,
) -> Process:
    """Start the command, forked by `warm` if that makes no difference."""
    waiting = warm()
    if waiting is None or not waiting.serves(environment(env)):
        source = subprocess.DEVNULL if stdin is None else stdin
        return start(*arguments, env=env, cwd=cwd, stdin=source, umask=umask)
    reading = None if stdin is None else stdin.fileno()
    words, folder = [*map(str, arguments)], cwd or Path.cwd()
    return waiting.start(words, environment(env), folder, reading, umask=umask)


def load(
    url: str,
    file: Path,
    *options: str | Path,
    timeout: float = PATIENCE,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """`load` of contact-company pairs against a server."""
    return run("load", file, "--base-url", url, *TYPES, *options, timeout=timeout, env=env)


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until `happened` returns True."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def write_pairs(path: Path, pairs: Iterable[Iterable[object]], header: Sequence[str] = ()) -> Path:
    """Write a CSV file with the loader's own ID columns, then those of `header`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["from_object_id", "to_object_id", *header])
        writer.writerows(pairs)
    return path


def rows_of(report: Path | IO[str]) -> list[dict[str, str]]:
    """The rows of a report, read by the csv module."""
    if isinstance(report, Path):
        with report.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return list(csv.DictReader(report))


def report_of(file: Path) -> Path:
    """The default path of an input's report."""
    return file.with_name(f"{file.stem}.report.csv")
