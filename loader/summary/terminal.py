"""The results of a load, for a terminal: the result, the causes that need a person, the next command."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from loader.model import Status
from loader.summary.model import LoadSummary, NextStep, Run
from loader.summary.outcomes import CauseGroup, Example
from loader.text import duration, escape_controls, pluralize, shown_path, truncate

#: Causes shown at the end of a run.
MOST_CAUSES = 5
_MOST_TYPE_PAIRS = 3
_LONGEST_CELL = 60
_LONGEST_MESSAGE = 300
#: Statuses that need an answer or a look-up.
_SENT = (Status.ASSOCIATED, Status.EXISTING, Status.FAILED, Status.GAVE_UP, Status.REMOVED)


class Line(NamedTuple):
    """One line for a terminal, without control characters.

    style: ``good``, ``warn``, ``bad``, ``strong``, ``quiet``, ``command``, or empty
    """

    text: str
    style: str = ""


def headline(summary: LoadSummary) -> str:
    """The result: how many pairs are associated, and what became of the others. No full stop."""
    if not summary.pairs:
        return "There are no pairs to associate"
    if summary.associated == summary.pairs:
        return (
            f"All {summary.pairs:,} pairs are associated" if summary.pairs > 1 else "The pair is associated"
        )
    parts = [f"{summary.associated:,} of {pluralize(summary.pairs, 'pair')} are associated"]
    if count := summary.needs_attention:
        parts.append(f"{count:,} {'needs' if count == 1 else 'need'} attention")
    if count := summary.counts[Status.REMOVED]:
        parts.append(f"{count:,} removed by undo")
    return "; ".join([*parts, f"{summary.not_sent:,} not sent"])


def whose(summary: LoadSummary) -> str:
    """Where the pairs went: the account, or the host if HubSpot did not say."""
    if summary.simulated:
        return "SIMULATOR"
    return f"account {summary.account_id}" if summary.account_id is not None else summary.host


def place(summary: LoadSummary, run: Run) -> str:
    """`` · account 62515 · 10 min``, as far as it is known."""
    words = whose(summary), "" if run.seconds is None else duration(run.seconds)
    return "".join(f" · {word}" for word in words if word)


def report_lines(summary: LoadSummary, run: Run) -> list[Line]:
    """The name of the report that the run wrote, on one line, so that it can be copied."""
    return [Line(escape_controls(f"Report: {shown_path(summary.report)}"))] if run.report_written else []


def local_time(moment: float) -> str:
    """Unix seconds in local time: ``2026-11-29 14:05``."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def count_statuses(counts: Mapping[Status, int]) -> str:
    """``11,990 associated, 10 failed``; ``nothing`` if all are zero."""
    words = (f"{counts[status]:,} {status.replace('_', ' ')}" for status in Status if counts.get(status))
    return ", ".join(words) or "nothing"


def summary_lines(summary: LoadSummary, width: int) -> list[Line]:
    """The whole summary: every cause, and the command for every kind of fix."""
    lines = [*wrap(f"{headline(summary)}.", width, style=_tone(summary)), *wrap(_about(summary), width)]
    lines += [*_others(summary, width), *_last_run(summary.last_run, width)]
    lines += cause_lines(summary.attention, width)
    for step in _steps(summary):
        lines += step_lines(step, width)
    return lines


def load_lines(summary: LoadSummary, run: Run, width: int) -> list[Line]:
    """The end of a `load`: its result, at most five causes in short, the next command."""
    result = f"{_result(summary, run)}{place(summary, run)}"
    lines = wrap(result, width, style="bad" if run.stopped else _tone(summary))
    sent = sum(run.counts.values())
    if sent and (earlier := sum(summary.counts[status] for status in _SENT) - sent) > 0:
        counts = count_statuses(run.counts)
        lines += wrap(f"This run: {counts}. Earlier runs: {pluralize(earlier, 'pair')}.", width)
    lines += _others(summary, width)
    if summary.not_looked_up and summary.invocation.options.get("skip_existing"):
        pairs = pluralize(summary.not_looked_up, "pair")
        lines += wrap(f"Sent without a look-up: {pairs}. undo can't take them back.", width)
    lines += report_lines(summary, run)
    if summary.attention:
        lines.append(Line(""))
    for group in summary.attention[:MOST_CAUSES]:
        lines += _short_cause(group, width)
    if (more := len(summary.attention) - MOST_CAUSES) > 0:
        words = f"{pluralize(more, 'more cause')}; to see all in full:"
        lines += step_lines(NextStep(words, summary.invocation.summary()), width)
    if summary.next_step:
        lines += step_lines(summary.next_step, width)
    return lines


def _result(summary: LoadSummary, run: Run) -> str:
    settled = summary.pairs - summary.counts[Status.INVALID]
    nothing_sent = settled and summary.finished and not (run.stopped or run.counts)
    if nothing_sent and summary.last_result_at is not None:
        what = "the pair was" if settled == 1 else f"all {settled:,} pairs were"
        removed = f", {count:,} removed" if (count := summary.counts[Status.REMOVED]) else ""
        return f"Nothing sent: {what} settled on {local_time(summary.last_result_at)}{removed}"
    if not summary.pairs and not run.stopped:
        return "Nothing to send: the input has no pairs"
    words = "Finished" if summary.finished else "Reached --limit"
    if run.stopped:
        words = "Interrupted" if run.stopped == "interrupted" else "Stopped"
    parts = [f"{summary.associated:,} of {pluralize(summary.pairs, 'pair')} associated"]
    if count := summary.needs_attention:
        parts.append(f"{count:,} {'needs' if count == 1 else 'need'} attention")
    if count := summary.counts[Status.REMOVED]:
        parts.append(f"{count:,} removed")
    if not summary.finished:
        parts.append(f"{summary.not_sent:,} not sent")
    return f"{words}: {', '.join(parts)}"


def _tone(summary: LoadSummary) -> str:
    return "good" if summary.finished and not summary.exit_code else "warn"


def _about(summary: LoadSummary) -> str:
    """Account, object types, rows, and when."""
    kinds = [
        f"{truncate(one.from_type, 40)} → {truncate(one.to_type, 40)}: {pluralize(one.pairs, 'pair')}"
        for one in summary.type_pairs[:_MOST_TYPE_PAIRS]
    ]
    if (more := len(summary.type_pairs) - _MOST_TYPE_PAIRS) > 0:
        kinds.append(f"{pluralize(more, 'more type pair')}")
    parts = [whose(summary), *kinds, pluralize(summary.rows, "row")]
    if summary.first_result_at is not None and summary.last_result_at is not None:
        parts.append(f"{local_time(summary.first_result_at)} to {local_time(summary.last_result_at)}")
    return " · ".join(filter(None, parts))


def _others(summary: LoadSummary, width: int) -> Iterator[Line]:
    """What is counted apart from the pairs."""
    parts = []
    if count := summary.counts[Status.DUPLICATE]:
        parts.append(pluralize(count, "duplicate"))
    if count := summary.counts[Status.EMPTY]:
        parts.append(f"{pluralize(count, 'row')} without an ID to associate")
    if count := sum(summary.not_in_input.values()):
        parts.append(
            f"{pluralize(count, 'pair')} sent earlier and no longer in the input "
            f"({count_statuses(summary.not_in_input)})"
        )
    if parts:
        yield from wrap(f"Besides: {', '.join(parts)}.", width)
    if any(summary.verified.values()):
        found = (f"{count:,} {name}" for name, count in summary.verified.items() if count)
        yield from wrap(f"Verified: {', '.join(found)}.", width)


def _last_run(run: Run | None, width: int) -> Iterator[Line]:
    if run is None:
        return
    began = local_time(run.started_at)
    if run.running:
        text = f"`{run.command}` has been running since {began}; the counts are as of now."
    elif run.seconds is None:
        text = f"The last run, `{run.command}` of {began}, was killed. What it settled is counted here."
    else:
        why = f"stopped ({run.stopped.replace('_', ' ')}), " if run.stopped else ""
        text = (
            f"Last run: `{run.command}`, {began}, {why}{duration(run.seconds)}, "
            f"{pluralize(run.requests, 'request')}, exit code {run.exit_code}."
        )
    yield from wrap(text, width, style="quiet")


def _short_cause(group: CauseGroup, width: int) -> Iterator[Line]:
    """A cause in three lines, so that five of them leave room for the rest on a small terminal."""
    title = f"{group.pairs:,} {group.status.replace('_', ' ')}: {group.cause.title}"
    yield Line(truncate(title, width), "strong")
    if group.example is not None:
        yield Line(truncate(f"  {escape_controls(_example(group.status, group.example))}", width), "quiet")
    yield from wrap(f"{group.cause.action}.", width, "  ")


def cause_lines(groups: Iterable[CauseGroup], width: int) -> Iterator[Line]:
    """Each cause with its count, an example, and what to do."""
    for group in groups:
        yield Line("")
        title = f"{group.pairs:,} {group.status.replace('_', ' ')}: {group.cause.title}"
        yield from wrap(title, width, style="strong")
        if group.example is not None:
            yield from wrap(_example(group.status, group.example), width, "  ", "quiet")
        yield from wrap(group.cause.advice, width, "  ")


def _example(status: Status, one: Example) -> str:
    """``e.g. row 17, contacts 12 → companies 34: "…" (correlation ID …)``.

    Of an invalid row only the message is shown: it begins with the line and quotes the cell.
    """
    where = f"row {one.row:,}, " if one.row else ""
    if status is Status.INVALID and one.message:
        return f"e.g. {where}{truncate(one.message, _LONGEST_MESSAGE)}"
    pair = " → ".join(
        truncate(f"{object_type} {record_id}".strip() or "(empty)", _LONGEST_CELL)
        for object_type, record_id in ((one.from_type, one.from_id), (one.to_type, one.to_id))
    )
    message = f': "{truncate(one.message, _LONGEST_MESSAGE)}"' if one.message else ""
    trace = f" (correlation ID {truncate(one.correlation_id, 80)})" if one.correlation_id else ""
    return f"e.g. {where}{pair}{message}{trace}"


def _steps(summary: LoadSummary) -> Iterator[NextStep]:
    """The next command, and those for the other kinds of fixes; each command once."""
    last = summary.next_step
    if last is not None:
        yield last
    for fix in dict.fromkeys(group.cause.fix for group in summary.attention if group.cause.fix):
        step = summary.step_for(fix)
        if step.command and (last is None or step.command != last.command):
            yield step


def step_lines(step: NextStep, width: int) -> Iterator[Line]:
    """A command on a line of its own, below what introduces it."""
    yield Line("")
    yield from wrap(step.words, width)
    if step.command:
        yield Line(f"  {step.command}", "command")


def wrap(text: str, width: int, indent: str = "", style: str = "") -> list[Line]:
    """Text as lines of at most `width` columns; a longer word stays whole, so that it can be copied."""
    lines = textwrap.wrap(
        escape_controls(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(line, style) for line in lines]
