"""What `load` returns: how the run ended, as a typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loader.errors import Stopped
from loader.hubspot.account import Account
from loader.model import LOAD_STATUSES, Status


@dataclass(frozen=True)
class LoadResult:
    """One run of `load`.

    `rows` counts the report's rows and `counts` them by status, those of earlier runs included; `open_rows`
    are still to be settled. `requests` and `throttled` (429s of the short-term limit) count this run's.
    `seconds` is how long it took. `stopped` says why it ended before its end, None where it did not;
    `interrupted` that a person ended it. `account` is None where HubSpot did not say.
    """

    input: str
    report: Path
    rows: int
    open_rows: int
    counts: Mapping[Status, int]
    requests: int
    throttled: int
    seconds: float
    account: Account | None = None
    stopped: Stopped | None = None
    interrupted: bool = False
    exit_code: int = 0

    @property
    def finished(self) -> bool:
        """Whether every row is settled."""
        return self.stopped is None and not self.interrupted

    def as_json(self) -> dict[str, object]:
        """The summary as plain values, for `json.dumps`."""
        return {
            "input": self.input,
            "report": str(self.report),
            "account_id": self.account.portal_id if self.account else None,
            "finished": self.finished,
            "rows": self.rows,
            "open_rows": self.open_rows,
            "counts": {str(status): self.counts.get(status, 0) for status in LOAD_STATUSES},
            "requests": self.requests,
            "throttled": self.throttled,
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped.reason if self.stopped else "interrupted" if self.interrupted else None,
            "message": str(self.stopped) if self.stopped else "",
            "hint": self.stopped.hint if self.stopped else "",
            "exit_code": self.exit_code,
        }
