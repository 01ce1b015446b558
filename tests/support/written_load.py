"""A load without commands: its input, its checkpoint and its report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from loader.checkpoint import Checkpoint
from loader.checkpoint.statements import Statements
from loader.model import Outcome, OutcomeGroup, Pair
from loader.report.writer import ReportResult, write_report
from loader.source import Chunk, Columns, Source, open_input
from loader.source.type_pairs import TypePairs


class Load:
    """An input with a checkpoint and a report, as a load leaves them."""

    def __init__(self, folder: Path, text: str) -> None:
        self.input = folder / "pairs.csv"
        self.report = folder / "pairs.report.csv"
        self.checkpoint = Checkpoint(folder / "pairs.checkpoint.db", may_create=True)
        self.checkpoint.begin_run("load")
        self.input.write_text(text, newline="")

    def settle(self, pairs: Sequence[Pair], outcome: Outcome | None, existed_before: str = "") -> list[Pair]:
        """Record pairs under the next IDs, settle them with `outcome` if there is one, and return them."""
        first = self.checkpoint.next_id
        pairs = [pair._replace(id=first + place) for place, pair in enumerate(pairs)]
        with self.checkpoint.transaction() as db:
            write = Statements(db)
            write.record(pairs, existed_before)
            if outcome is not None:
                write.settle([OutcomeGroup(pairs, outcome)])
        return pairs

    def write(self) -> ReportResult:
        """The report of the input."""
        source = Source(open_input(str(self.input)), Columns(from_type="contacts", to_type="companies"))
        survey = source.survey()
        chunks = source.chunks(survey, with_rests=True)
        return write_report(self.checkpoint, self.report, chunks, source.type_pairs, source.other_names)

    def write_rest(self, chunks: Iterable[Chunk] = ()) -> ReportResult:
        """The report of these rows; without any, of the checkpoint's pairs alone."""
        return write_report(self.checkpoint, self.report, chunks, TypePairs(), ())

    @property
    def lines(self) -> list[str]:
        """The lines of the report."""
        return self.report.read_text(encoding="utf-8").split("\n")
