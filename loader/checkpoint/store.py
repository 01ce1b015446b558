"""The checkpoint of a load: one SQLite database, one connection, one writer at a time."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from loader.checkpoint.binding import Binding
from loader.checkpoint.connection import connect, in_memory, unusable, unwritable, words
from loader.checkpoint.facts import InputReading, Places, ReportWritten, Run
from loader.checkpoint.naming import LoadFiles
from loader.checkpoint.schema import STATEMENTS
from loader.checkpoint.statements import set_not_in_input
from loader.errors import CheckpointError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_RUN_COLUMNS = (
    "id, command, host, pid, started_at / 1000.0 AS started_at, ended_at / 1000.0 AS ended_at, exit_code,"
    " requests, throttled, stopped, message, hint"
)


class Checkpoint:
    """A load's checkpoint, open from construction to `close` (or the end of a `with` block).

    If there is no file yet, it is empty and in memory until `begin_run` creates the file, so that a run that
    is refused before that leaves nothing behind. A writer must hold its `CheckpointLock`. Any thread may use
    it; `transaction` and `query` let one in at a time.
    """

    def __init__(self, path: Path, *, may_create: bool = False, anew: bool = False) -> None:
        """Raises CheckpointError if there is no file (unless `may_create`), or it can't be used.

        `anew` ignores an existing file: rename or delete it before `begin_run`.
        """
        self.path = Path(os.path.realpath(path))
        self._mutex = threading.RLock()
        self._lost = False  # the connection, after a rollback that failed
        self.exists = self.path.exists() and not anew
        if not self.exists and not may_create:
            raise CheckpointError(
                f"there is no checkpoint {path}", "Name the input, the report or the checkpoint of a load."
            )
        self._db = connect(self.path) if self.exists else sqlite3.connect(":memory:", isolation_level=None)
        try:
            self.exists = self.exists and self._has_schema()
            if not self.exists:  # no file, or one that a kill has left empty
                self._db.close()
                self._db = in_memory()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Everything that was committed is in it."""
        with self._mutex:
            self._db.close()

    @contextmanager
    def query(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries on one snapshot. Fetch all rows inside the block.

        Raises CheckpointError.
        """
        with self._mutex:
            self._reconnect()
            inside = self._db.in_transaction
            try:
                if not inside:
                    self._db.execute("BEGIN")
                yield self._db
            except sqlite3.Error as error:
                raise unusable(self.path, error) from error
            finally:
                if not inside:
                    self._roll_back()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on the disk when the block has ended, or rolled back if it raises.

        Raises sqlite3.Error, or CheckpointError if the file is gone or can't be opened any more.
        """
        with self._mutex:
            if self.exists and not self.path.exists():  # what is written now would be lost
                raise CheckpointError(f"{self.path} was moved or deleted", "Put it back.")
            self._reconnect()
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _reconnect(self) -> None:
        if self._lost:
            self._db, self._lost = connect(self.path), False

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:  # a new connection will find the rollback journal
            self._db.close()
            self._lost = True

    @property
    def next_id(self) -> int:
        """One more than the highest ID of a pair."""
        with self.query() as db:
            return int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM pair").fetchone()[0])

    # What holds for the whole load.

    @property
    def binding(self) -> Binding | None:
        """The account, once a run has sent something to it."""
        values = self._fact("binding")
        return Binding(**values) if values else None

    @property
    def reading(self) -> InputReading | None:
        """How the input was last read."""
        values = self._fact("reading")
        return InputReading.from_json(values) if values else None

    @property
    def options(self) -> dict[str, object]:
        """The options of the last load, for the commands to print."""
        return dict(self._fact("options") or {})

    @property
    def report_written(self) -> ReportWritten | None:
        """The report as last written."""
        values = self._fact("report")
        return ReportWritten(path=values["path"], digests=tuple(values["digests"])) if values else None

    @property
    def files(self) -> LoadFiles:
        """The three files of the load as they are now, also if they were moved together."""
        places = self._fact("places")
        if not places:
            raise CheckpointError(f"{self.path} records no load", "Run the load command again.")
        noted, folder = Places(**places), self.path.parent
        return LoadFiles(noted.input_from(folder), noted.report_from(folder), self.path)

    def set_files(self, files: LoadFiles) -> None:
        """Remember new names of the load's files, for printed commands too. Raises Stopped."""
        options = {**self.options, "report": str(files.report)}
        if "checkpoint" in options:
            options["checkpoint"] = str(files.checkpoint)
        with self._written() as db:
            _set_fact(db, "places", asdict(Places.of(files, self.path.parent)))
            _set_fact(db, "options", options)

    def set_report_written(self, report: ReportWritten) -> None:
        """Remember what the report was as the program wrote it. Raises Stopped if it can't be committed."""
        with self._written() as db:
            _set_fact(db, "report", asdict(report))

    def set_reading(self, reading: InputReading, not_in_input: npt.NDArray[np.int64]) -> None:
        """Record a reading of the input, as `begin_run` does. Raises Stopped if it can't be committed."""
        with self._written() as db:
            _set_fact(db, "reading", asdict(reading))
            set_not_in_input(db, not_in_input)

    # Runs.

    def begin_run(
        self,
        command: str,
        *,
        files: LoadFiles | None = None,
        binding: Binding | None = None,
        reading: InputReading | None = None,
        options: Mapping[str, object] | None = None,
        not_in_input: npt.NDArray[np.int64] | None = None,
    ) -> Run:
        """Note in one commit that a run begins, and what it knows; creates the file if there is none.

        What is None stays unchanged. `files` are the load's, `not_in_input` the IDs of all pairs that the
        last reading of the input did not find, ascending. Raises CheckpointError.
        """
        try:
            if not self.exists:
                self._create()
            with self.transaction() as db:
                if files is not None:
                    _set_fact(db, "places", asdict(Places.of(files, self.path.parent)))
                if binding is not None:
                    _set_fact(db, "binding", asdict(binding))
                if reading is not None:
                    _set_fact(db, "reading", asdict(reading))
                if options is not None:
                    _set_fact(db, "options", options)
                if not_in_input is not None:
                    set_not_in_input(db, not_in_input)
                run_id = db.execute(
                    "INSERT INTO run (command, host, pid, started_at) VALUES (?, ?, ?, ?)",
                    (command, socket.gethostname(), os.getpid(), round(time.time() * 1000)),
                ).lastrowid
                row = db.execute(f"SELECT {_RUN_COLUMNS} FROM run WHERE id = ?", (run_id,)).fetchone()  # noqa: S608
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error
        return _run(row)

    def end_run(
        self,
        run: Run,
        *,
        exit_code: int,
        requests: int = 0,
        throttled: int = 0,
        stopped: str = "",
        message: str = "",
        hint: str = "",
    ) -> None:
        """Note how a run ended. Raises Stopped if that can't be committed."""
        values = (round(time.time() * 1000), exit_code, requests, throttled, stopped, message, hint, run.id)
        with self._written() as db:
            db.execute(
                "UPDATE run SET ended_at = ?, exit_code = ?, requests = ?, throttled = ?, stopped = ?,"
                " message = ?, hint = ? WHERE id = ?",
                values,
            )

    def runs(self) -> list[Run]:
        """All runs, the oldest first."""
        with self.query() as db:
            return [_run(row) for row in db.execute(f"SELECT {_RUN_COLUMNS} FROM run ORDER BY id")]  # noqa: S608

    def _has_schema(self) -> bool:
        with self.query() as db:
            return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _create(self) -> None:
        connection = connect(self.path)
        with self._mutex:
            empty, self._db = self._db, connection
            try:
                with self.transaction() as db:
                    for statement in STATEMENTS:
                        db.execute(statement)
            except BaseException:
                self._db.close()
                self._db = empty
                self.path.unlink()  # it is empty
                raise
            empty.close()
        self.exists = True

    def _fact(self, key: str) -> dict[str, Any] | None:
        with self.query() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    @contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        try:
            with self.transaction() as db:
                yield db
        except (sqlite3.Error, CheckpointError) as error:
            raise unwritable(self.path, words(error)) from error


def _set_fact(db: sqlite3.Connection, key: str, value: Mapping[str, object]) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(dict(value))))


def _run(row: tuple[Any, ...]) -> Run:
    names = (column.split(" AS ")[-1].strip() for column in _RUN_COLUMNS.split(","))
    return Run(**dict(zip(names, row, strict=True)))
