"""Opening an SQLite file so that a commit is on the disk, and SQLite's errors in words.

The rollback journal (DELETE), not WAL: it works on network shares and in read-only folders, and after a kill
the database file alone has every commit. https://www.sqlite.org/pragma.html#pragma_synchronous

Nothing else in this process may open and close a file that SQLite has open: closing any descriptor of a file
drops the POSIX locks on it. https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from loader.checkpoint.schema import APPLICATION_ID, STATEMENTS, VERSION
from loader.errors import CheckpointError, Stopped

#: Seconds to wait for a program that is just reading, such as `summary`; then the commit is retried.
BUSY_TIMEOUT = 10.0
#: Kilobytes of pages that SQLite caches; a large transaction writes the rest to the disk before its end.
_CACHE = 8_000

LOCAL_DISK = "Keep the checkpoint on a local disk: name it with --checkpoint PATH."
_WRITABLE = (
    "Let this user write in that folder, or keep the checkpoint in another one with --checkpoint PATH."
)


def connect(path: Path) -> sqlite3.Connection:
    """Open a checkpoint, or create an empty file; read-only if it can't be written.

    Read-write is tried first: only then can SQLite roll back what a killed process has left unfinished.
    Raises CheckpointError for a file that is no checkpoint, or one of a later version, which is not touched.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    try:
        _identify(connection, path)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"PRAGMA synchronous = {'EXTRA' if _can_sync(path.parent) else 'FULL'}")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves the data in the drive's cache
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def in_memory() -> sqlite3.Connection:
    """An empty checkpoint in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in STATEMENTS:
        db.execute(statement)
    return db


def _identify(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not tables and not application:
        return  # empty: new, or its process was killed before the first commit
    if application != APPLICATION_ID:
        raise _none(path)
    if version > VERSION:
        raise CheckpointError(
            f"{path} was written by a later version of assoc-loader: its schema is {version}, not {VERSION}",
            "Install that version or a later one. The file was not changed.",
        )


def _none(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} is not a checkpoint of assoc-loader", "The file was not changed. Name another one."
    )


def is_database(path: Path) -> bool:
    """Whether `path` is an SQLite database of any program; an empty file is not."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:  # it is one, but busy, or its folder is read-only
        return True
    except sqlite3.DatabaseError:
        return False
    return True


def roll_back(path: Path) -> None:
    """Undo what a killed process left unfinished in a database, if there is one; never raises."""
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def unusable(path: Path, error: sqlite3.Error) -> CheckpointError:
    """Why a checkpoint can't be used, before anything was sent."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_NOTADB:
        return _none(path)
    if code == sqlite3.SQLITE_CORRUPT:
        return CheckpointError(
            f"{path} is damaged: {error}",
            "Restore it from a backup, or start over with --overwrite, which keeps it under another name.",
        )
    if code == sqlite3.SQLITE_FULL:
        return CheckpointError(f"{path} can't be written: the disk is full", "Make room on the disk.")
    return CheckpointError(f"{path} can't be used: {words(error)}", advice(error))


def unwritable(path: Path, trouble: str) -> Stopped:
    """Why a checkpoint can't be written any more, after something was sent."""
    return Stopped(
        "checkpoint_unwritable",
        f"{path} can't be written: {trouble}",
        "Fix that, then run the same command again to resume.",
    )


def words(error: sqlite3.Error | CheckpointError) -> str:
    """An error as a part of a sentence."""
    if isinstance(error, CheckpointError):
        return str(error)
    return _WORDS.get(primary_code(error), f"SQLite says: {error}")


def advice(error: sqlite3.Error) -> str:
    """What to do about an error that the folder or its disk has caused."""
    forbidden = primary_code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
    return _WRITABLE if forbidden else LOCAL_DISK


_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "this user may only read it or its folder",
    sqlite3.SQLITE_CANTOPEN: "no file can be opened or created there",
    sqlite3.SQLITE_BUSY: "another program keeps it open for reading or writing",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte. https://www.sqlite.org/rescode.html"""
    code = getattr(error, "sqlite_errorcode", None)
    return sqlite3.SQLITE_ERROR if code is None else code & 0xFF


def _can_sync(folder: Path) -> bool:
    """Whether a folder can be synced; on some network shares that fails, and so would each commit."""
    if os.name == "nt":
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        os.fsync(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
