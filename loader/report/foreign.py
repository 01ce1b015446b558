"""What to say of a report that is not this input's: which row, which line, which columns, what to do.

Values of the input's other columns are never shown: nobody knows what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loader.csvtext import decode_cells
from loader.errors import ReportError
from loader.model import OWN_COLUMNS, Pair

_HINT = (
    "Run the command with the input that the report belongs to, choose another report with --report, or "
    "throw this one away with --overwrite. The report was left as it is."
)


def header(path: Path, expected: Sequence[str], found: Sequence[str] | None) -> ReportError:
    """The header names other columns than the input's report has."""
    if found is None or tuple(found[: len(OWN_COLUMNS)]) != OWN_COLUMNS:
        return ReportError(
            f"{path} is not the report of this input: its first line is not a report's header",
            "Choose another report with --report, or move that file away. It was left as it is.",
        )
    if missing := [column for column in expected if column not in found]:
        what = f"it lacks the input's {_columns(missing)}"
    elif surplus := [column for column in found if column not in expected]:
        what = f"it has {_columns(surplus)}, which the input lacks"
    else:
        what = "the input's columns stand in another order, or one stands there twice"
    return ReportError(f"{path} is not the report of this input: {what}", _HINT)


def beyond_input(path: Path, line: int, row: int, rows: int) -> ReportError:
    """The report has a row that the input lacks."""
    return ReportError(
        f"{path} is not the report of this input: line {line} is row {row}, and the input has {rows} rows",
        _HINT,
    )


def row_twice(path: Path, line: int, row: int) -> ReportError:
    """The report has a row a second time."""
    return ReportError(
        f"the report {path} has row {row} twice, at line {line} for the second time",
        "Delete one of the two lines, or start anew with --overwrite. The report was left as it is.",
    )


def unknown_status(path: Path, line: int, row: int, status: str) -> ReportError:
    """The report has a status that the loader doesn't know."""
    return ReportError(
        f"the report {path} has the unknown status {_shown(status)} at line {line} (row {row})",
        "Delete that line (its row is then loaded again), or start anew with --overwrite. "
        "The report was left as it is.",
    )


def row_differs(
    path: Path, line: int, found: Pair, expected: Pair | None, other_columns: Sequence[str]
) -> ReportError:
    """The report's row is not the input's row of that number; `expected` is the input's, if known."""
    if expected is None:
        what = ", ".join(
            f"{column} {_shown(value)}" for column, value in zip(OWN_COLUMNS[1:5], found[1:5], strict=True)
        )
        return ReportError(
            f"{path} is not the report of this input: its line {line} (row {found.row}: {what}) differs from "
            "the input's row",
            _HINT,
        )
    differing = [
        f"{column} is {_shown(there)} in the report and {_shown(here)} in the input"
        for column, there, here in zip(OWN_COLUMNS[1:5], found[1:5], expected[1:5], strict=True)
        if there != here
    ]
    if found.rest != expected.rest:
        theirs, ours = decode_cells(found.rest)[1:], decode_cells(expected.rest)[1:]
        others = [
            column for column, there, here in zip(other_columns, theirs, ours, strict=False) if there != here
        ]
        differing.append(f"{_columns(others)} differs" if len(others) == 1 else f"{_columns(others)} differ")
    return ReportError(
        f"{path} is not the report of this input: at line {line}, row {found.row}, {'; '.join(differing)}",
        _HINT,
    )


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(map(_shown, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"column {shown}" if len(names) == 1 else f"columns {shown}"


def _shown(value: str) -> str:
    """A value between quotes, shortened, with its control characters escaped."""
    return repr(value if len(value) <= 40 else value[:39] + "…")
