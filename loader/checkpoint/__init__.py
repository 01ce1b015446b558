"""The checkpoint: what was sent and what became of it, in one SQLite database per load.

A command takes the `CheckpointLock`, opens the `Checkpoint` and begins a run. What it sends goes through a
`CheckpointJournal`. `loader.checkpoint.index` finds pairs, `loader.checkpoint.reading` reads them.
"""

from loader.checkpoint.binding import Binding
from loader.checkpoint.facts import InputReading, ReportWritten, RowCount, Run, TypePairCount
from loader.checkpoint.journal import CheckpointJournal
from loader.checkpoint.locating import find_checkpoint, load_files, refuse_files, refuse_log_file
from loader.checkpoint.lock import CheckpointLock, is_running
from loader.checkpoint.naming import LoadFiles, discard
from loader.checkpoint.schema import UndoFinding, Verified
from loader.checkpoint.store import Checkpoint

__all__ = [
    "Binding",
    "Checkpoint",
    "CheckpointJournal",
    "CheckpointLock",
    "InputReading",
    "LoadFiles",
    "ReportWritten",
    "RowCount",
    "Run",
    "TypePairCount",
    "UndoFinding",
    "Verified",
    "discard",
    "find_checkpoint",
    "is_running",
    "load_files",
    "refuse_files",
    "refuse_log_file",
]
