"""The HTML page as text; `tests/e2e/test_page.py` opens it in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loader.model import Status
from loader.summary import OutcomeCount
from loader.summary.page import AttentionRow, is_page, render_page
from tests.support.summaries import INVOCATION, refused, summary_of

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
SUMMARY = summary_of([OutcomeCount(Status.ASSOCIATED, 10), refused(64)])
FAILED = AttentionRow(
    3, "contacts", "1003", "companies", "2003", Status.FAILED, 400, "VALIDATION_ERROR", "no"
)


def test_links_lead_to_the_accounts_own_host_or_nowhere() -> None:
    def links(**more: Any) -> list[str]:
        html = render_page(replace(SUMMARY, **more), [FAILED], (), (), NOW)
        return re.findall(r'href="(https:[^"]*)"', html)

    assert links(ui_domain="app-eu1.hubspot.com")[0].startswith("https://app-eu1.hubspot.com/contacts/62515/")
    assert all(link.startswith("https://app.hubspot.com/") for link in links(ui_domain="evil.example/x"))
    assert links(account_id=None) == links(simulated=True) == []


def many_rows(rows: int) -> Iterator[AttentionRow]:
    """Failing rows in which every byte costs most: long cells of characters that HTML writes as entities."""
    cell = '"' * 400
    for row in range(1, rows + 1):
        status = Status.GAVE_UP if row % 100 == 0 else Status.FAILED
        cells = cell, cell, cell, cell, status, 418, "", cell, "", cell, ""
        yield AttentionRow(row, *cells, others=(cell,) * 20)


def test_many_rows_make_a_small_page_that_says_what_it_leaves_out() -> None:
    html = render_page(SUMMARY, many_rows(2_000), [f"Column {n}" for n in range(20)], (), NOW)
    assert len(html.encode()) < 2_000_000
    shown = html.count("<tr data-cause=")
    assert shown > 100
    assert html.count('<tr data-cause="1"') == 20, "a rare cause is not crowded out"
    assert f"{shown:,} of 2,000 pairs are on this page" in html
    assert "12 more of your columns are in the report" in html


def test_no_address_leads_outside_but_to_records() -> None:
    html = render_page(summary_of([refused(3)], account_id=None), many_rows(3), (), (), NOW)
    assert re.findall(r'(?:src|href|action)="(?!#|data:,")[^"]*"', html) == []
    assert html.count("<script") == html.count("<style") == 1
    for word in ("url(", "@import", "style="):
        assert word not in html


def test_practice_says_so() -> None:
    summary = summary_of([OutcomeCount(Status.ASSOCIATED, 2)], simulated=True, account_id=None)
    html = render_page(summary, (), (), (), NOW)
    assert "SIMULATOR: nothing was sent to HubSpot" in html
    assert f"{INVOCATION.load(limit=10)}</code>" in html


def test_only_an_earlier_page_or_an_empty_file_may_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    for text, ours in (("", True), (render_page(SUMMARY, (), (), (), NOW), True), ("<!doctype html>", False)):
        file.write_text(text, encoding="utf-8")
        assert is_page(file) is ours
