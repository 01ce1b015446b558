"""Writes the checkpoint that every later version must read: tests/support/checkpoint-v1.db.

    python -m tests.support.checkpoint_v1 PATH

Once a version with this schema is released, that file is never written again.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from loader.checkpoint import (
    Binding,
    Checkpoint,
    InputReading,
    LoadFiles,
    ReportWritten,
    RowCount,
    TypePairCount,
    UndoFinding,
    Verified,
)
from loader.checkpoint.statements import Statements
from loader.model import Outcome, OutcomeGroup, Pair, Status

PATH = Path(__file__).with_name("checkpoint-v1.db")

_AT = 1_790_000_000.5
_READING = InputReading(
    path="/home/ann/pairs.csv",
    layout={
        "from_column": "Record ID",
        "to_column": "Associated Company IDs",
        "delimiter": ";",
        "encoding": "utf-8",
    },
    rows=9,
    pairs=6,
    counts=(
        RowCount(Status.DUPLICATE, 1),
        RowCount(Status.EMPTY, 1),
        RowCount(
            Status.INVALID, 1, "BAD_ID", "line 4: 'x' is not an ID", 3, 4, "contacts", "x", "companies", "9"
        ),
    ),
    type_pairs=(TypePairCount("contacts", "companies", 7),),
    read_at=_AT,
)


def write(path: Path) -> None:
    """Write a checkpoint with one of everything: a killed load, one that ended, `verify` and `undo`."""
    files = LoadFiles(Path("/home/ann/pairs.csv"), Path("/home/ann/pairs.report.csv"), path)
    binding = Binding(account_id=4711, ui_domain="app-eu1.hubspot.com")
    with Checkpoint(path, may_create=True) as checkpoint:
        checkpoint.begin_run(
            "load", files=files, binding=binding, reading=_READING, options={"skip_existing": True}
        )
        with checkpoint.transaction() as db:
            Statements(db).record(_pairs(1, 2), "no")
        run = checkpoint.begin_run("load")
        with checkpoint.transaction() as db:
            _settle(Statements(db))
            db.execute("UPDATE pair SET in_input = 0 WHERE id = 6")
        checkpoint.end_run(
            run, exit_code=3, requests=12, throttled=1, stopped="daily_limit", message="m", hint="h"
        )
        checkpoint.set_report_written(ReportWritten(path="/home/ann/pairs.report.csv", digests=("ab" * 32,)))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE run SET host = 'laptop', pid = 4321, started_at = 1790000000000 + id")
        db.execute("UPDATE run SET ended_at = 1790000009000 WHERE ended_at IS NOT NULL")
        db.commit()
        db.execute("PRAGMA page_size = 1024")
        db.execute("VACUUM")


def _settle(write: Statements) -> None:
    """1 has no result; 2, 5 and 6 have one; 3 existed; 4 failed."""
    write.record(_pairs(4, 5, 6), "no")
    write.settle(
        [
            OutcomeGroup(_pairs(2, 5, 6), _outcome(Status.ASSOCIATED, "no", correlation_id="batch")),
            OutcomeGroup(_pairs(3), _outcome(Status.EXISTING, "yes")),
            OutcomeGroup(_pairs(4), _outcome(Status.FAILED, "no", error_message="no", correlation_id="own")),
        ]
    )
    write.verify(_pairs(2), Verified.MISSING, _AT)
    write.verify(_pairs(3), Verified.PRESENT, _AT)
    write.leave(_pairs(5), UndoFinding.KEPT, _outcome(Status.FAILED, ""))


def _pairs(*ids: int) -> list[Pair]:
    return [Pair(0, "contacts", str(2**62 + one), "company", "9", "", one) for one in ids]


def _outcome(status: Status, existed: str, error_message: str = "", correlation_id: str = "") -> Outcome:
    sent = status is not Status.EXISTING
    return Outcome(
        _pairs(1)[0],
        status,
        _AT,
        200 * sent,
        int(sent),
        "HUBSPOT_DEFINED:279" if sent else "",
        existed,
        "CATEGORY" if error_message else "",
        error_message,
        "[]" if error_message else "",
        correlation_id,
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
