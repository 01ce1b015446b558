"""A report as one self-contained HTML page: `write_page`.

The page loads nothing and runs nothing but its own script: a content security policy names the hashes of its
one stylesheet and one script and forbids the rest, Jinja escapes every cell, and control characters are
written as escapes. Without scripts it still shows everything; only search and theme switch are missing.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from loader.errors import UsageError
from loader.model import GOOD
from loader.report import Record, read_records
from loader.report.durable import write_whole
from loader.summary.page import charts
from loader.summary.page.rows import Attention
from loader.summary.page.timeline import Column, Latency, Timeline, read_latency, unix_time
from loader.summary.summarise import ReportSummary, summarise, typed_command
from loader.text import escape_controls

_HERE = Path(__file__).parent
#: How a page of ours begins (page.html.j2), and in how many bytes that stands.
_BEGINNING, _OURS, _HEAD = b"<!doctype html>", b'<meta name="generator" content="assoc-loader">', 2048


def write_page(
    report_path: str | os.PathLike[str],
    out_path: str | os.PathLike[str],
    log_path: str | os.PathLike[str] | None = None,
    *,
    now: datetime | None = None,
) -> ReportSummary:
    """Write the page of a report, and return what it sums up.

    `log_path` is the file of `load --log-file`; only it knows how long answers took, so without it the page
    has no picture of latency. `now` is printed as the time of writing. Raises ReportError if `report_path`
    is no report, and UsageError if the log can't be read, the page can't be written, or another file than an
    earlier page would be lost.
    """
    out = Path(out_path)
    _may_replace(out)
    records, at = read_records(Path(report_path)), now or datetime.now(UTC)
    with _opened(log_path) as log_lines:
        summary, html = render(records, report_path, log_lines, at)
    try:
        if out.exists() and not out.is_file():  # a pipe to another program, which can't be replaced
            out.write_text(html, encoding="utf-8", newline="\n")
        else:
            write_whole(out, html.encode())
    except OSError as error:
        raise UsageError(
            f"can't write the page {out}: {error.strerror}", "Make room there, or name another file."
        ) from error
    return summary


def _may_replace(out: Path) -> None:
    """Raise UsageError where something else than an earlier page lies in its place."""
    try:
        if not out.is_file():
            return
        with out.open("rb") as file:
            start = file.read(_HEAD)
    except OSError as error:
        raise UsageError(f"can't read {out}: {error.strerror}", "Name another file for the page.") from error
    if start and not (start.startswith(_BEGINNING) and _OURS in start):
        raise UsageError(
            f"{out} is not a page of this program, which replaces nothing else",
            "Name another file for the page, or move that one away. It was left as it is.",
        )


def _opened(log_path: str | os.PathLike[str] | None) -> AbstractContextManager[Iterable[bytes]]:
    try:
        return open(log_path, "rb") if log_path is not None else nullcontext(())
    except OSError as error:
        raise UsageError(f"can't read the log {log_path}: {error.strerror}") from error


def render(
    records: Iterable[Record],
    report_path: str | os.PathLike[str],
    log_lines: Iterable[bytes],
    now: datetime,
) -> tuple[ReportSummary, str]:
    """The summary and the page's HTML, in one pass over `records`; memory does not grow with them."""
    attention, timeline = Attention(), Timeline()
    summary = summarise(_watched(records, attention, timeline))
    return summary, _page(summary, attention, timeline, read_latency(log_lines), report_path, now)


def _watched(records: Iterable[Record], attention: Attention, timeline: Timeline) -> Iterator[Record]:
    """The records unchanged, each shown to the table and to the timeline as it passes."""
    for record in records:
        attention.add(record)
        if (moment := unix_time(record.completed_at)) is not None:
            timeline.add(moment, charts.SETTLED if record.status in GOOD else charts.ATTENTION)
        yield record


def _page(
    summary: ReportSummary,
    attention: Attention,
    timeline: Timeline,
    latency: tuple[int, list[Latency]],
    report_path: str | os.PathLike[str],
    now: datetime,
) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    columns, rows = timeline.columns(), attention.shown()
    latency_step, latency_steps = latency
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters |= {"visible": escape_controls, "advice": _advice}
    return environment.from_string(_asset("page.html.j2")).render(
        name=escape_controls(Path(report_path).name),
        summary=summary,
        span=_span(summary),
        done=_percent(summary.rows - summary.needs_attention, summary.rows),
        shares=[(status, count, _percent(count, summary.rows)) for status, count in summary.counts.items()],
        groups=[
            (group, typed_command(group, report_path)) for group in summary.groups if group.status not in GOOD
        ],
        outcome=charts.outcome(summary.counts),
        pace=charts.pace(columns, timeline.step) if columns else "",
        columns=_busy(columns, timeline.step),
        latency=charts.latency(latency_steps, latency_step) if latency_steps else "",
        latency_steps=[(charts.moment(one.start, latency_step), one) for one in latency_steps],
        rows=rows,
        hidden=attention.total - len(rows),
        statuses=sorted({row.status for row in rows}),
        written_at=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _percent(part: int, whole: int) -> str:
    """A share in words that never round a few rows away."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %".replace(".0 ", " ")


def _span(summary: ReportSummary) -> str:
    """From when to when the rows ended; empty where the report does not say."""
    first, last = unix_time(summary.first_completed_at), unix_time(summary.last_completed_at)
    if first is None or last is None:
        return ""
    return (
        f"{charts.moment(int(first), 1)} to {charts.moment(int(last), 1)} UTC, {_duration(int(last - first))}"
    )


def _duration(seconds: int) -> str:
    """Days, hours, minutes and seconds; the two largest that are not nought."""
    parts, rest = [], seconds
    for name, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "under 1 s"


def _advice(text: str) -> Markup:
    """Advice with its options and commands set as code, which does not break at a hyphen."""
    marked = re.sub(r"`([^`]+)`|(--[a-z][a-z-]*)", r"<code>\1\2</code>", str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped above


def _busy(columns: Iterable[Column], step: int) -> list[tuple[str, float, int, int]]:
    """The pace picture as rows of a table: when, rows a minute, rows settled, rows that need attention."""
    return [
        (
            charts.moment(start, step),
            counts.total() * 60 / step,
            counts[charts.SETTLED],
            counts[charts.ATTENTION],
        )
        for start, counts in columns
        if counts
    ]


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a content security policy calls an inline style or script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
