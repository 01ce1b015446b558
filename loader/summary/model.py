"""The results of a load, as plain values: the commands fill them in; terminal, page and JSON show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from loader.model import Status
from loader.summary import catalogue
from loader.summary.catalogue import Fix
from loader.summary.invocation import Invocation
from loader.summary.outcomes import CauseGroup, TypePairCount

#: No pair, or the same pair as an earlier row: not counted as pairs that a load is to associate.
_NO_PAIR = (Status.DUPLICATE, Status.EMPTY)
#: Pairs of a pilot.
_PILOT = 10
#: Words that the command of each fix can follow.
_INTRODUCTIONS = {
    Fix.FILE: "When the file is corrected, load it again; no pair is sent twice:",
    Fix.RETRY: "When that is fixed or has passed, send these pairs again:",
    Fix.VERIFY: "To ask again:",
}


class NextStep(NamedTuple):
    """What to do next: words that introduce a command, and the command."""

    words: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a command on a load. Times are Unix seconds.

    ended_at, exit_code: None while it goes on, and after a kill
    running: it goes on at this moment
    requests, throttled: HTTP requests, and how many of them met the ten-second limit (429)
    counts: pairs that this run settled, by status; empty if that is not known
    stopped: the reason word if it ended early (``daily_limit``, ``interrupted``), else empty
    message, hint: the explanation of that, and advice
    report_written: whether it wrote a report; always False for a run read from the checkpoint
    """

    command: str
    started_at: float
    ended_at: float | None = None
    exit_code: int | None = None
    running: bool = False
    requests: int = 0
    throttled: int = 0
    counts: Mapping[Status, int] = field(default_factory=dict)
    stopped: str = ""
    message: str = ""
    hint: str = ""
    report_written: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took; None if that is not known."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    def as_dict(self) -> dict[str, object]:
        """The run as plain values, for JSON."""
        return {
            "command": self.command,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "exit_code": self.exit_code,
            "running": self.running,
            "requests": self.requests,
            "throttled": self.throttled,
            "counts": _by_name({**dict.fromkeys(Status, 0), **self.counts}),
            "stopped": self.stopped or None,
            "message": self.message,
            "hint": self.hint,
        }


@dataclass(frozen=True, kw_only=True)
class LoadSummary:
    """A whole load: every pair of its input with a status, and what is known around them.

    invocation: how it was called
    report, checkpoint: absolute paths
    rows: data rows of the input as last read
    groups: all pairs of the input by status and cause (`group_by_cause`)
    simulated: it ran against a simulator
    account_id, ui_domain: of the HubSpot account, None and empty if HubSpot did not say
    host: host of the API
    not_in_input: pairs sent earlier that the input no longer holds, by status; not in `groups`
    verified: how many pairs `verify` found ``present``, ``missing``, ``unknown``
    verified_not_in_input: the same for pairs sent earlier that the input no longer holds
    undoable, undoable_not_in_input: pairs that this load created, and looked up first
    not_looked_up: pairs that are associated, and were not looked up first
    first_result_at, last_result_at: Unix seconds of the first and the last answer
    """

    invocation: Invocation
    report: str
    checkpoint: str
    rows: int
    groups: tuple[CauseGroup, ...]
    type_pairs: tuple[TypePairCount, ...] = ()
    simulated: bool = False
    account_id: int | None = None
    ui_domain: str = ""
    host: str = ""
    not_in_input: Mapping[Status, int] = field(default_factory=dict)
    verified: Mapping[str, int] = field(default_factory=dict)
    verified_not_in_input: Mapping[str, int] = field(default_factory=dict)
    undoable: int = 0
    undoable_not_in_input: int = 0
    not_looked_up: int = 0
    first_result_at: float | None = None
    last_result_at: float | None = None
    last_run: Run | None = None

    @cached_property
    def counts(self) -> dict[Status, int]:
        """Report lines of the input by status, every status included."""
        counts = dict.fromkeys(Status, 0)
        for group in self.groups:
            counts[group.status] += group.pairs
        return counts

    @property
    def pairs(self) -> int:
        """Different pairs that the input asks for: without duplicates and rows with an empty cell."""
        return sum(count for status, count in self.counts.items() if status not in _NO_PAIR)

    @property
    def attention(self) -> tuple[CauseGroup, ...]:
        """The groups that need a person, the largest first."""
        return tuple(group for group in self.groups if group.cause.needs_attention)

    @property
    def needs_attention(self) -> int:
        """Pairs that are failed, gave_up or invalid, or that `verify` did not find."""
        return sum(group.pairs for group in self.attention)

    @property
    def associated(self) -> int:
        """Pairs that are associated in HubSpot, as far as this load knows."""
        unsure = sum(group.pairs for group in self.groups if group.cause in catalogue.NOT_VERIFIED)
        return self.counts[Status.ASSOCIATED] + self.counts[Status.EXISTING] - unsure

    @property
    def not_sent(self) -> int:
        """Pairs that are still to be sent."""
        return self.counts[Status.NOT_SENT]

    @property
    def finished(self) -> bool:
        """Whether nothing is left to send."""
        return not self.not_sent

    @property
    def exit_code(self) -> int:
        """1 if some pairs are failed, gave_up, invalid, removed, missing or unknown, else 0."""
        return int(bool(self.needs_attention or self.counts[Status.REMOVED]))

    def command_for(self, fix: Fix) -> str:
        """The command that follows the advice of a cause; empty if none helps."""
        if self.simulated and fix is not Fix.FILE:  # the simulator ended with the run
            return ""
        match fix:
            case Fix.FILE:
                return self.invocation.load()
            case Fix.RETRY:
                return self.invocation.load(retry=True)
            case Fix.VERIFY:
                return self.invocation.verify()
        return ""

    def step_for(self, fix: Fix) -> NextStep:
        """The command for a fix, with the words that introduce it."""
        return NextStep(_INTRODUCTIONS[fix], self.command_for(fix))

    @property
    def next_step(self) -> NextStep | None:
        """The one command that comes next; None if nothing is left to do, or a run has not ended yet."""
        if not self.pairs or (self.last_run and self.last_run.running):
            return None
        if self.simulated:
            return NextStep(
                f"That was practice. For real, starting with a pilot of {_PILOT} pairs:",
                self.invocation.load(simulate=None, report=None, checkpoint=None, limit=_PILOT),
            )
        if self.last_run and self.last_run.command == "undo" and self.last_run.stopped:
            return NextStep("To go on undoing:", self.invocation.undo())
        if self.not_sent:
            return NextStep("To go on from here:", self.invocation.load())
        fixes = {group.cause.fix for group in self.attention}
        for fix in (Fix.RETRY, Fix.FILE, Fix.VERIFY):
            if fix in fixes:
                return self.step_for(fix)
        if self.counts[Status.REMOVED]:
            return NextStep(
                "To recreate the associations that undo removed:", self.invocation.load(retry=True)
            )
        if self.associated and not self.verified:
            return NextStep("To read the associations back from HubSpot:", self.invocation.verify())
        return None

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; its schema is `loader/cli/schemas/results.schema.json`."""
        step = self.next_step
        return {
            "input": self.invocation.input,
            "report": self.report,
            "checkpoint": self.checkpoint,
            "simulator": self.simulated,
            "account_id": self.account_id,
            "host": self.host or None,
            "rows": self.rows,
            "pairs": self.pairs,
            "associated": self.associated,
            "needs_attention": self.needs_attention,
            "not_sent": self.not_sent,
            "finished": self.finished,
            "counts": _by_name(self.counts),
            "not_in_input": _by_name({**dict.fromkeys(Status, 0), **self.not_in_input}),
            "verified": {name: self.verified.get(name, 0) for name in ("present", "missing", "unknown")},
            "undoable": self.undoable,
            "type_pairs": [one._asdict() for one in self.type_pairs],
            "first_result_at": iso(self.first_result_at),
            "last_result_at": iso(self.last_result_at),
            "causes": [self._cause_as_dict(group) for group in self.groups],
            "next_command": step.command if step else None,
        }

    def _cause_as_dict(self, group: CauseGroup) -> dict[str, object]:
        return {
            "status": str(group.status),
            "cause": group.cause.key,
            "title": group.cause.title,
            "advice": group.cause.advice,
            "needs_attention": group.cause.needs_attention,
            "command": self.command_for(group.cause.fix) or None,
            "pairs": group.pairs,
            "example": group.example._asdict() if group.example else None,
        }


def iso(moment: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC, to the second."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _by_name(counts: Mapping[Status, int]) -> dict[str, int]:
    return {str(status): count for status, count in counts.items()}
