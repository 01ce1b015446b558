"""The page's pictures, drawn by pygal as SVG without style, script or link; `page.css` does the rest.

pygal is LGPL, pure Python and small, and gives static SVG; plotly.js would put 4 MB into every page, and
vl-convert and matplotlib are tens of megabytes to install.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup

from loader.model import Status
from loader.summary.page.timeline import Column, Latency

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# pygal hooks an importer for its map plug-ins into every later import, of a kind that Python 3.11 warns of
# and 3.12 no longer calls (Kozea/pygal#532). No map is drawn here: take it out again.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

#: What `Timeline` counts rows under for `pace`.
SETTLED, ATTENTION = 0, 1

_DAY = 86_400


def outcome(counts: dict[Status, int]) -> Markup:
    """A ring with one arc per status, in the order of `Status` (stylesheet: `color-0` to `color-5`)."""
    chart = pygal.Pie(width=240, height=240, margin=4, inner_radius=0.74, **_plain())
    for status, count in counts.items():
        chart.add(status.value, [{"value": count, "label": f"{count:,} {status}"}] if count else [])
    return _drawn(chart)


def pace(columns: Sequence[Column], step: int) -> Markup:
    """Rows per minute over time as stacked bars: settled rows below, those that need attention on top."""
    chart = pygal.StackedBar(**_over_time([column.start for column in columns], step), spacing=0)
    for name, kind in (("settled", SETTLED), ("need attention", ATTENTION)):
        values: list[dict[str, object] | None] = []
        for start, counts in columns:
            rate = counts[kind] * 60 / step
            label = f"{moment(start, step)}: {rate:,.0f} rows a minute {name}"
            values.append({"value": rate, "label": label} if rate else None)
        chart.add(name, values)
    return _drawn(chart)


def latency(steps: Sequence[Latency], step: int) -> Markup:
    """The median answer time and what 95 of 100 answers stayed below, in milliseconds, as two lines."""
    chart = pygal.Line(**_over_time([one.start for one in steps], step), show_dots=len(steps) == 1)
    chart.add("median", [one.median for one in steps])
    chart.add("95 of 100 below", [one.p95 for one in steps])
    return _drawn(chart)


def moment(at: int, step: int) -> str:
    """Unix time `at` in UTC with its date, as exact as steps of `step` seconds need."""
    form = "%Y-%m-%d" if step >= _DAY else "%Y-%m-%d %H:%M" if step >= 60 else "%Y-%m-%d %H:%M:%S"
    return datetime.fromtimestamp(at, UTC).strftime(form)


def _plain() -> dict[str, Any]:
    return {"css": [], "js": [], "show_legend": False, "disable_xml_declaration": True}


def _over_time(starts: Sequence[int], step: int) -> dict[str, Any]:
    """Settings of a wide chart whose horizontal axis is time, with few labels that a phone can show."""
    within_a_day = starts[-1] - starts[0] < _DAY and step < _DAY
    labels = [moment(at, step)[11:] if within_a_day else moment(at, step)[5:] for at in starts]
    return {
        **_plain(),
        "width": 760,
        "height": 240,
        "margin": 8,
        "margin_left": 40,
        "truncate_label": -1,
        "margin_bottom": 16,
        "x_labels": labels,
        "x_labels_major_count": min(4, len(labels)),
        "show_minor_x_labels": False,
        "max_scale": 7,
        "include_x_axis": True,
        "value_formatter": lambda value: f"{value:,.0f}",
    }


def _drawn(chart: Any) -> Markup:
    chart.add_xml_filter(_bare)
    return Markup(chart.render(is_unicode=True))  # noqa: S704 - pygal escapes its text; a test feeds it markup


def _bare(root: Element) -> Element:
    """Leave geometry and classes: the page allows no style or script of an SVG, and nothing may lead outside.

    The description of each value becomes its title, which browsers show under the pointer.
    """
    for parent in list(root.iter()):
        parent.attrib.pop("style", None)
        for child in list(parent):
            name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "comment"
            kind = child.get("class", "")
            if name == "desc" and kind == "label":
                child.tag = child.tag.replace("desc", "title")
                del child.attrib["class"]
            elif name in {"comment", "defs", "desc", "title"} or "overlay" in kind or _is_empty_bar(child):
                parent.remove(child)
    root.attrib.pop("id", None)
    return root


def _is_empty_bar(element: Element) -> bool:
    """Whether pygal draws a missing value as a bar of no height; only values have a label."""
    return element.get("class") == "bar" and all(child.get("class") != "label" for child in element)
