"""The first schema is the reference: every later version reads what it wrote."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from loader.checkpoint import Binding, Checkpoint, UndoFinding
from loader.checkpoint.index import read_index
from loader.checkpoint.reading import Selection, count_outcomes, left_by_undo, select_stored
from loader.checkpoint.schema import VERSION
from loader.model import Status
from loader.source.type_pairs import TypePairs
from tests.support.checkpoint_v1 import PATH, write


def test_a_checkpoint_of_version_1_is_read(tmp_path: Path) -> None:
    copy = tmp_path / "pairs.checkpoint.db"
    shutil.copyfile(PATH, copy)
    with Checkpoint(copy) as checkpoint:
        assert checkpoint.binding == Binding(account_id=4711, ui_domain="app-eu1.hubspot.com")
        assert checkpoint.options == {"skip_existing": True}
        assert checkpoint.files.report == Path("/home/ann/pairs.report.csv")
        killed, ended = checkpoint.runs()
        assert (killed.ended_at, ended.ended_at, ended.exit_code) == (None, 1_790_000_009.0, 3)
        assert (ended.command, ended.pid, ended.host, ended.requests) == ("load", 4321, "laptop", 12)
        reading, report = checkpoint.reading, checkpoint.report_written
        assert reading is not None
        assert report is not None
        assert (reading.rows, reading.pairs, reading.layout["delimiter"]) == (9, 6, ";")
        assert [(count.status, count.rows) for count in reading.counts] == [
            *((Status.DUPLICATE, 1), (Status.EMPTY, 1), (Status.INVALID, 1)),
        ]
        assert report.digests == ("ab" * 32,)
        stored = [one for some in select_stored(checkpoint, Selection()) for one in some]
        assert [(one.status, one.existed_before, one.verified, one.in_input) for one in stored] == [
            (None, "no", "", True),
            (Status.ASSOCIATED, "no", "missing", True),
            (Status.EXISTING, "yes", "present", True),
            (Status.FAILED, "no", "", True),
            (Status.ASSOCIATED, "no", "", True),
            (Status.ASSOCIATED, "no", "", False),
        ]
        assert stored[3][1:5] == ("contacts", str(2**62 + 4), "company", "9")
        assert stored[3].error_message == "no"
        assert [one.correlation_id for one in stored] == ["", "batch", "", "own", "batch", "batch"]
        assert sum(count.pairs for count in count_outcomes(checkpoint)) == 6
        assert [left.finding for left in left_by_undo(checkpoint)] == [UndoFinding.KEPT]
        index, type_pairs = read_index(checkpoint), TypePairs()
        types = np.array([type_pairs.of("0-1", "companies")])
        assert index.find(np.array([2**62 + 5]), np.array([9]), types, type_pairs).tolist() == [5]
        checkpoint.begin_run("load")


def test_the_schema_is_that_of_the_reference(tmp_path: Path) -> None:
    new = tmp_path / "new.checkpoint.db"
    write(new)
    reference, now = (shape(path) for path in (PATH, new))
    assert (VERSION, now) == (1, reference)


def shape(path: Path) -> list[tuple[str, str]]:
    """The tables and views of a database."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        ).fetchall()
