"""A load as one self-contained HTML page: `render_page`.

The page loads nothing and runs nothing but its own script: a content security policy names the hashes of its
one stylesheet and one script and forbids the rest, and Jinja escapes every cell. Without scripts it still
shows everything; only search, filter and the copy buttons are missing.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from loader.model import Status
from loader.summary.catalogue import Fix
from loader.summary.model import LoadSummary
from loader.summary.outcomes import CauseGroup, Example
from loader.summary.page import charts
from loader.summary.page.rows import MOST_COLUMNS, Attention, AttentionRow, RecordLinks, cell
from loader.summary.page.timeline import Column, Timeline
from loader.summary.terminal import count_statuses, headline, whose
from loader.text import duration, escape_controls, pluralize

__all__ = ["AttentionRow", "is_page", "render_page"]

_HERE = Path(__file__).parent
#: How our pages begin (page.html.j2), and how many bytes to search.
_BEGINNING, _OURS, _HEAD = b"<!doctype html>", b'<meta name="generator" content="assoc-loader">', 2048
#: What became of a pair that was sent, in the order of the chart.
_SENT = (Status.ASSOCIATED, Status.FAILED, Status.GAVE_UP, Status.REMOVED)
#: Why nothing was sent for a row.
_UNSENT = (Status.EXISTING, Status.INVALID, Status.DUPLICATE, Status.EMPTY)
_HEADINGS = {
    Fix.FILE: "Correct in the file",
    Fix.RETRY: "Fix in HubSpot, or try again",
    Fix.VERIFY: "Ask again",
    Fix.NONE: "Loading again does not help",
}


def is_page(path: str | os.PathLike[str]) -> bool:
    """Whether the file is an earlier page, or empty, so that a new page may replace it. Raises OSError."""
    with open(path, "rb") as file:
        start = file.read(_HEAD)
    return not start or (start.startswith(_BEGINNING) and _OURS in start)


def render_page(
    summary: LoadSummary,
    rows: Iterable[AttentionRow],
    other_names: Sequence[str],
    settled: Iterable[tuple[int, bool, int]],
    now: datetime,
) -> str:
    """The page's HTML, under 2 MB however many `rows` there are; they are read once, and memory stays flat.

    rows: pairs that need attention, in the report's order
    other_names: headers of the rows' `others`, the user's own columns
    settled: counts of sent pairs: Unix second, whether they need attention, how many
    now: printed as the time of writing
    """
    names = [cell(name) for name in other_names[:MOST_COLUMNS]]
    links = RecordLinks(None if summary.simulated else summary.account_id, summary.ui_domain)
    attention, timeline = Attention(links, len(names)), Timeline()
    for row in rows:
        attention.add(row)
    for second in settled:
        timeline.add(*second)
    shown, columns = attention.shown(), timeline.columns()
    sent = {status: summary.counts[status] for status in _SENT}
    style, script = _asset("page.css") + _phone_labels(names), _asset("page.js")
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.from_string(_asset("page.html.j2")).render(
        summary=summary,
        headline=headline(summary),
        facts=list(_facts(summary)),
        sent=[(status, count) for status, count in sent.items() if count],
        unsent=[(status, summary.counts[status]) for status in _UNSENT if summary.counts[status]],
        outcome=charts.outcome(sent) if sum(sent.values()) else "",
        sections=list(_sections(summary, attention, links)),
        pace=charts.pace(columns, timeline.step) if columns else "",
        columns=_table(columns, timeline.step),
        rows=shown,
        hidden=attention.total - len(shown),
        names=names,
        more_names=len(other_names) - len(names),
        filters=[(place, status, cause.title) for place, (status, cause) in enumerate(attention.causes)],
        written_at=now.astimezone().isoformat(" ", "minutes"),
        style=Markup(style),  # noqa: S704 - our own file, and names escaped for CSS
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _facts(summary: LoadSummary) -> Iterable[tuple[str, str]]:
    """The facts below the headline, as pairs of a name and a text."""
    yield "File", escape_controls(Path(summary.invocation.input).name)
    yield "Rows", f"{summary.rows:,}"
    if place := whose(summary):
        yield "Account", place.removeprefix("account ")
    for one in summary.type_pairs[:4]:
        kind = f"{cell(one.from_type)} → {cell(one.to_type)}"
        yield "Object types", f"{kind}: {pluralize(one.pairs, 'pair')}"
    if summary.first_result_at is not None and summary.last_result_at is not None:
        first, last = summary.first_result_at, summary.last_result_at
        began, ended = charts.moment(int(first), 60), charts.moment(int(last), 60)
        until = "" if ended == began else f" to {ended[11:] if ended[:10] == began[:10] else ended}"
        yield "Time", f"{began}{until}, {duration(last - first)}"
    if any(summary.verified.values()):
        yield "Verified", ", ".join(f"{count:,} {name}" for name, count in summary.verified.items() if count)
    if count := sum(summary.not_in_input.values()):
        words = f"{pluralize(count, 'pair')} ({count_statuses(summary.not_in_input)})"
        yield "Sent earlier, no longer in the file", words
    yield "Report", escape_controls(Path(summary.report).name)


def _sections(
    summary: LoadSummary, attention: Attention, links: RecordLinks
) -> Iterable[tuple[str, str, str, list[dict[str, object]]]]:
    """The causes grouped by fix: heading, words for the command, command, causes. Each command once."""
    for fix, heading in _HEADINGS.items():
        groups = [group for group in summary.attention if group.cause.fix is fix]
        if not groups:
            continue
        words, command = summary.step_for(fix) if fix else ("", "")
        causes = [_cause(group, attention, links) for group in groups]
        yield heading, words, command, causes


def _cause(group: CauseGroup, attention: Attention, links: RecordLinks) -> dict[str, object]:
    cause, example, place = (group.status, group.cause), group.example, None
    if cause in attention.causes:  # a row of the input has its number; the checkpoint does not
        place = attention.causes.index(cause)
        row = attention.examples[place]
        example = Example(*row[:5], message=row.error_message, correlation_id=row.correlation_id)
    return {
        "group": group,
        "place": place,
        "advice": _advice(group.cause.advice),
        "example": _example(example, links) if example else "",
    }


def _example(one: Example, links: RecordLinks) -> Markup:
    ends = []
    for object_type, record_id in ((one.from_type, one.from_id), (one.to_type, one.to_id)):
        words = cell(f"{object_type} {record_id}") or "(empty)"
        link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
        address = links.of(object_type, record_id)
        ends.append(link.format(address, words) if address else escape(words))
    text = Markup("row {}: ").format(f"{one.row:,}") if one.row else Markup()
    text += Markup('<span class="id">{} → {}</span>').format(*ends)
    if one.message:
        text += Markup(" “{}”").format(cell(one.message))
    if one.correlation_id:
        text += Markup(' <span class="quiet">correlation ID <span class="id">{}</span></span>').format(
            cell(one.correlation_id)
        )
    return text


def _advice(text: str) -> Markup:
    """Advice with its options and commands set as code, which does not break at a hyphen."""
    marked = re.sub(r"`([^`]+)`|(--[a-z][a-z-]*)", r"<code>\1\2</code>", str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped above


def _table(columns: Iterable[Column], step: int) -> list[tuple[str, float, int, int]]:
    """The pace chart as rows: when, pairs a minute, pairs settled, pairs that need attention."""
    return [
        (charts.moment(start, step), (good + failing) * 60 / step, good, failing)
        for start, good, failing in columns
        if good or failing
    ]


def _phone_labels(names: Sequence[str]) -> str:
    """Style that puts the column's name before each cell when a phone shows rows as cards."""
    labels = ("From", "To", "Cause", *names, "Message", "Correlation ID")
    rules = (
        f'.records td:nth-child({place}):not(:empty)::before {{ content: "{_css_text(label)}"; }}'
        for place, label in enumerate(labels, 2)
    )
    return "@media screen and (max-width: 760px) {\n" + "\n".join(rules) + "\n}\n"


def _css_text(text: str) -> str:
    """Text inside a CSS string: everything but ASCII letters, digits and spaces as an escape."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "
    return "".join(c if c in plain else f"\\{ord(c):06x}" for c in text)


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which a content security policy allows an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
