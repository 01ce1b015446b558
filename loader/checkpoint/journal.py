"""Writing the checkpoint from a thread of its own, so that the disk never holds up the network.

Everything that came in since the last commit goes into the next one. Pairs that are about to be sent are
committed at once, because sending waits for that; results at the latest `RESULT_INTERVAL` after they came in.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from loader.checkpoint.connection import unwritable, words
from loader.checkpoint.schema import UndoFinding, Verified
from loader.checkpoint.statements import Statements
from loader.checkpoint.store import Checkpoint
from loader.errors import CheckpointError, Stopped
from loader.model import Outcome, OutcomeGroup, Pair

#: Seconds from a result to the beginning of its commit, so that it is on the disk within a second.
RESULT_INTERVAL = 0.8
#: Shortest pause between commits in seconds, so that each commits more. Only a load without HubSpot's limit
#: sends so fast that this matters.
_SHORTEST_INTERVAL = 0.03
#: This many results are committed without waiting for `RESULT_INTERVAL`, to bound memory.
_MOST_WAITING = 40_000


class _Change(NamedTuple):
    """A call of a method of `Statements`; consecutive ones that differ only in their items are joined."""

    method: Callable[..., None]
    items: Sequence[object]
    arguments: tuple[object, ...] = ()
    results: int = 0
    recorded: asyncio.Future[None] | None = None


class CheckpointJournal:
    """What a run sends and what becomes of it, on the way into its checkpoint. Implements `engine.Journal`.

    Made and used in an event loop, between `begin_run` and `end_run`. A commit that fails is repeated for
    `patience` seconds; meanwhile `trouble` says why, nothing more should be sent, and results stay in memory.

    on_trouble: told, in the event loop, whenever `trouble` changes.
    on_failure: told once, in the event loop, why the checkpoint could not be written within `patience`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        on_trouble: Callable[[str], None] | None = None,
        on_failure: Callable[[Stopped], None] | None = None,
        patience: float = 30.0,
        retry_interval: float = 1.0,
    ) -> None:
        self.trouble = ""
        self.failure: Stopped | None = None
        self._checkpoint = checkpoint
        self._on_trouble, self._on_failure = on_trouble, on_failure
        self._patience, self._retry_interval = patience, retry_interval
        self._loop = asyncio.get_running_loop()
        self._changes: deque[_Change] = deque()
        self._taken: list[_Change] = []  # by the thread, not committed yet
        self._settled = self._committed = 0  # results; each is counted up by one thread alone
        self._closing = threading.Event()
        self._wanted = threading.Event()  # set to commit early
        self._statements: Statements | None = None
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Results that are not committed yet."""
        return self._settled - self._committed

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        """Return when it is on the disk that these pairs are about to be sent.

        `existed_before` (``yes``, ``no`` or empty) is what a look-up has found; a pair that was sent before
        keeps what was found then. Raises Stopped if the checkpoint can't be written.
        """
        if self.failure is not None:
            raise self.failure
        recorded = self._loop.create_future()
        self._add(_Change(Statements.record, pairs, (existed_before,), recorded=recorded))
        self._wanted.set()
        if self.failure is not None:  # meanwhile: the thread may have missed the change
            raise self.failure
        await recorded

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        """Take back a `record`: no request for these pairs was started. Never blocks."""
        self._add(_Change(Statements.withdraw, pairs))

    def settle(self, group: OutcomeGroup) -> None:
        """Take in the results of pairs, recorded or ``existing``. Never blocks."""
        self._add(_Change(Statements.settle, (group,), results=len(group.pairs)))

    def verify(self, pairs: Sequence[Pair], found: Verified, at: float) -> None:
        """Take in what reading back has shown at the Unix time `at`. Never blocks."""
        self._add(_Change(Statements.verify, pairs, (found, at), len(pairs)))

    def leave(self, pairs: Sequence[Pair], finding: UndoFinding | None, first: Outcome) -> None:
        """Take in why `undo` left pairs, in the words of `first`. They keep their results. Never blocks."""
        self._add(_Change(Statements.leave, pairs, (finding, first), len(pairs)))

    def close(self) -> None:
        """Commit what is left and end the thread; blocks until then. Raises the `failure`, if there is one.

        After a failure it tries once more to commit.
        """
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _add(self, change: _Change) -> None:
        self._settled += change.results
        self._changes.append(change)
        if self.backlog >= _MOST_WAITING:
            self._wanted.set()

    # In the thread.

    def _run(self) -> None:
        while not self._closing.is_set() and self.failure is None:
            self._wanted.wait(RESULT_INTERVAL)
            self._wanted.clear()
            if self._changes:
                self._flush()
                self._closing.wait(_SHORTEST_INTERVAL)
        self._closing.wait()
        self._flush()

    def _flush(self) -> None:
        """Commit all that has come in. If that fails for too long, `failure` is set."""
        give_up = time.monotonic() + (self._patience if self.failure is None else 0)
        while True:
            try:
                self._commit()
            except (sqlite3.OperationalError, CheckpointError) as error:
                trouble = words(error)
                if time.monotonic() >= give_up:
                    return self._fail(unwritable(self._checkpoint.path, trouble))
                self._tell(trouble)
                time.sleep(self._retry_interval)
            except Exception as error:  # a thread that dies in silence would lose every later result
                return self._fail(error)
            else:
                return self._tell("")

    def _commit(self) -> None:
        while self._changes:
            self._taken.append(self._changes.popleft())
        if self.failure is not None:  # no pairs are sent any more
            self._taken = [change for change in self._taken if change.recorded is None]
        if not self._taken:
            return
        try:
            with self._checkpoint.transaction() as db:
                if self._statements is None:
                    self._statements = Statements(db)
                for (method, arguments), alike in groupby(self._taken, attrgetter("method", "arguments")):
                    items = chain.from_iterable(change.items for change in alike)
                    method(self._statements, items, *arguments)
        except BaseException:
            self._statements = None  # it remembers what was rolled back
            raise
        taken, self._taken = self._taken, []
        self._committed += sum(change.results for change in taken)
        if recorded := [change.recorded for change in taken if change.recorded is not None]:
            self._in_loop(_resolve, recorded, None)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if self._on_trouble is not None:
                self._in_loop(self._on_trouble, trouble)

    def _fail(self, error: Stopped | Exception) -> None:
        if self.failure is not None:
            return
        failure = error if isinstance(error, Stopped) else _defect(self._checkpoint.path, error)
        self.failure = failure
        waiting = [
            change.recorded for change in (*self._taken, *self._changes) if change.recorded is not None
        ]
        self._in_loop(_resolve, waiting, failure)
        if self._on_failure is not None:
            self._in_loop(self._on_failure, failure)

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has been closed, and nothing waits in it any more
            self._loop.call_soon_threadsafe(call, *arguments)


def _resolve(waiting: Iterable[asyncio.Future[None]], failure: Stopped | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)


def _defect(path: Path, error: Exception) -> Stopped:
    stopped = Stopped(
        "checkpoint_unwritable",
        f"{path} can't be written: {type(error).__name__}: {error}",
        "Run the same command again to resume.",
    )
    stopped.__cause__ = error
    return stopped
