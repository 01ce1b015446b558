"""The result of a command on a load: the whole load, this run, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from loader.errors import Stopped
from loader.model import Status
from loader.report import ReportResult
from loader.summary.follow_up import Kept
from loader.summary.model import LoadSummary, Run
from loader.summary.outcomes import CauseGroup


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """One run of `load`, `verify`, `undo` or `report`.

    summary: the whole load, earlier runs included
    run: what this run did
    report: whether the report was written, None if there was nothing to write it from
    stopped: why the run ended early, None if it did not
    interrupted: whether it was cancelled
    exit_code: the command's
    kept, refused: only `undo`: pairs that it left, and removals that HubSpot refused
    """

    summary: LoadSummary
    run: Run
    report: ReportResult | None
    stopped: Stopped | None = None
    interrupted: bool = False
    exit_code: int = 0
    kept: Kept | None = None
    refused: tuple[CauseGroup, ...] = field(default=())

    @property
    def counts(self) -> dict[Status, int]:
        """Pairs of the input by status; every status, zero included."""
        return dict(self.summary.counts)

    @property
    def finished(self) -> bool:
        """Whether the run was neither stopped nor interrupted, and no pair of the input is `not_sent`."""
        return self.stopped is None and not self.interrupted and self.summary.finished

    def as_dict(self) -> dict[str, object]:
        """Plain values, as `--json` prints them."""
        return {
            **self.summary.as_dict(),
            "finished": self.finished,
            "run": self.run.as_dict(),
            "kept": self.kept._asdict() if self.kept else None,
            "report_written": self.report is not None and self.report.written,
            "stopped": self.stopped.reason if self.stopped else "interrupted" if self.interrupted else None,
            "message": str(self.stopped) if self.stopped else "",
            "hint": self.stopped.hint if self.stopped else "",
            "exit_code": self.exit_code,
        }
