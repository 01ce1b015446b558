"""What a command may throw away: a file of its own kind, and nothing else that somebody keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Status
from loader.report import read_header, read_records, rows_by_status

#: The columns that `verify` adds behind the report's, and the one that `undo` puts before the input's.
VERIFIED_COLUMNS = ("verified", "verified_at")
LOADED_AT = "associated_at"

_HEADER = ",".join(OWN_COLUMNS).encode()
#: A file as large as this is not only what a kill has left of a header.
_LARGE = 1 << 16
_UNDONE = frozenset({Status.REMOVED, Status.FAILED, Status.GAVE_UP})
_PROVABLE = frozenset({Status.ASSOCIATED, Status.EXISTING})


def may_overwrite_report(path: Path) -> None:
    """Raise ReportError where something else than a report lies where `load --overwrite` would begin anew."""
    _may_replace(path, _is_report, "a report, and --overwrite throws away nothing else", "--report")


def may_overwrite_undo(path: Path) -> None:
    """Raise ReportError where something else than an undo's report lies in its place."""
    _may_replace(
        path, _is_undo, "the report of an undo, and --overwrite throws away nothing else", "--output"
    )


def may_replace_verified(path: Path) -> None:
    """Raise ReportError where something else than an earlier result of `verify` lies in its place."""
    _may_replace(path, _is_verified, "an earlier result of verify, which replaces nothing else", "--output")


def can(overwrite: Callable[[Path], None], path: Path) -> bool:
    """Whether one of these would let `path` be thrown away, for the hint that offers it."""
    try:
        overwrite(path)
    except ReportError:
        return False
    return True


def _may_replace(path: Path, is_ours: Callable[[Path], bool], what: str, option: str) -> None:
    if not path.exists():
        return
    other = f"Name another file with {option}"
    if not path.is_file():
        raise ReportError(f"{path} is not a regular file", f"{other}.")
    try:
        ours = _has_nothing(path) or is_ours(path)
    except OSError as error:
        raise ReportError(f"{path} can't be read: {error.strerror or error}", f"{other}.") from error
    except ReportError:
        ours = False
    if not ours:
        raise ReportError(f"{path} is not {what}", f"{other}, or move that one away. It was left as it is.")


def _has_nothing(path: Path) -> bool:
    """Whether the file is empty, or no more than what a kill has left of a header."""
    with path.open("rb") as file:
        start = file.read(_LARGE)
    return len(start) < _LARGE and _HEADER.startswith(start.rstrip(b"\0\r\n"))


def _is_report(path: Path) -> bool:
    read_header(path)
    return True


def _is_undo(path: Path) -> bool:
    # A load whose input was an undo's report has that column too, but rows that no undo has.
    return read_header(path)[:1] == (LOADED_AT,) and _UNDONE.issuperset(rows_by_status(path))


def _is_verified(path: Path) -> bool:
    if read_header(path)[-2:] != VERIFIED_COLUMNS:
        return False
    # A load whose input was a result of verify has these columns too, but its rows ended after the look.
    looked_up = next((record for record in read_records(path) if record.status in _PROVABLE), None)
    return looked_up is None or looked_up.others[-1] >= looked_up.completed_at
