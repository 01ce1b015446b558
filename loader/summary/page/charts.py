"""The page's two charts, as SVG without style, script or link; `page.css` colours them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from loader.model import Status
from loader.summary.page.timeline import Column

_DAY = 86_400
#: The size of the pace chart in SVG units, and the margins for its axes.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 760, 232, 56, 24, 20
_FEWEST_UNITS = 4.0


def outcome(counts: Mapping[Status, int]) -> Markup:
    """One bar of the pairs that were sent, with a visible part for each status."""
    total = sum(counts.values())
    widths = {status: max(_FEWEST_UNITS, 1000 * count / total) for status, count in counts.items() if count}
    scale = 1000 / sum(widths.values())
    parts, left = [], 0.0
    for status, width in widths.items():
        title = f"<title>{counts[status]:,} {status.replace('_', ' ')}</title>"
        parts.append(
            f'<rect class="{status}" x="{left:.1f}" width="{width * scale:.1f}" height="20">{title}</rect>'
        )
        left += width * scale
    return Markup(f'<svg viewBox="0 0 1000 20" preserveAspectRatio="none">{"".join(parts)}</svg>')  # noqa: S704


def pace(columns: Sequence[Column], step: int) -> Markup:
    """Pairs per minute over time as bars: those that need attention on top of the others."""
    per_minute = 60 / step
    top = _round_up(max(column.good + column.attention for column in columns) * per_minute)
    plot_width, plot_height = _WIDTH - _LEFT, _HEIGHT - _BOTTOM - _TOP
    pitch = plot_width / len(columns)
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + plot_height * (1 - share)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="y" x="{_LEFT - 8}" y="{y + 4:.1f}">{top * share:,.0f}</text>')
    for index, (start, good, attention) in enumerate(columns):
        x, y = _LEFT + index * pitch, _TOP + float(plot_height)
        for kind, pairs, words in (("good", good, "settled"), ("attention", attention, "need attention")):
            if not pairs:
                continue
            height = plot_height * pairs * per_minute / top
            y -= height
            title = f"<title>{moment(start, step)}: {pairs * per_minute:,.0f} pairs a minute {words}</title>"
            box = f'x="{x:.2f}" y="{y:.2f}" width="{pitch * 0.92:.2f}" height="{height:.2f}"'
            parts.append(f'<rect class="{kind}" {box}>{title}</rect>')
    parts += _time_axis(columns, step, pitch)
    return Markup(f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>')  # noqa: S704 - numbers only


def moment(at: int, step: int) -> str:
    """Unix time in this machine's time zone, as precise as steps of `step` seconds need."""
    form = "%Y-%m-%d" if step >= _DAY else "%Y-%m-%d %H:%M" if step >= 60 else "%Y-%m-%d %H:%M:%S"
    return datetime.fromtimestamp(at).astimezone().strftime(form)


def _time_axis(columns: Sequence[Column], step: int, pitch: float) -> list[str]:
    within_a_day = columns[-1].start - columns[0].start < _DAY and step < _DAY
    last = len(columns) - 1
    labels = []
    for index in sorted({0, last // 2, last}):
        text = moment(columns[index].start, step)[11 if within_a_day else 5 :]
        anchor = "first" if index == 0 else "last" if index == last else "middle"
        x = _WIDTH if anchor == "last" else _LEFT if anchor == "first" else _LEFT + (index + 0.5) * pitch
        labels.append(f'<text class="x {anchor}" x="{x:.1f}" y="{_HEIGHT - 4}">{text}</text>')
    return labels


def _round_up(value: float) -> float:
    """The smallest round number that is at least `value` and whose half is easy to read too."""
    if value <= 10:
        return float(next(step for step in (2, 4, 6, 8, 10) if value <= step))
    scale = 10
    while value > 10 * scale:
        scale *= 10
    return next(step * scale for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if value <= step * scale)
