"""The HTML page, in a real browser: it renders, searches, is silent, and hostile cells stay text."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from loader.errors import ReportError, UsageError
from loader.model import Status
from loader.report import Record
from loader.summary.page import render, write_page
from tests.support.browser import chromium, console, loaded, prefer, resize
from tests.unit.summary.test_summarise import missing, outcome, write_report

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
HOSTILE = (
    "</script></style><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "\"><svg onload=window.hacked=1>'",
    "{{ 7*7 }} {% raw %} <!-- --> ]]> &lt;b&gt;",
    "javascript:window.hacked=1",
)

#: The lowest contrast of any text on the page with what lies behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const over = (colour, under) => {
  canvas.fillStyle = `rgb(${under.join()})`; canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const behind = (e) => {
  const under = e.parentElement ? behind(e.parentElement) : [255, 255, 255];
  return over(getComputedStyle(e).backgroundColor, under);
};
const light = (c) => c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
let worst = [99, ""];
for (const e of document.querySelectorAll("body *")) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
  const back = behind(e), style = getComputedStyle(e);
  const text = over(e instanceof SVGElement ? style.fill : style.color, back);
  const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 120)];
}
return worst;
"""


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(tmp_path: Path, chrome: Chrome) -> Iterator[Chrome]:
    """The page of a report with 20 rows of every kind, hostile cells among them, open at desktop size."""
    outcomes = [outcome(row, Status.ASSOCIATED, http_status=200) for row in range(1, 11)]
    outcomes += [missing(row) for row in range(11, 15)]
    for row, text in enumerate(HOSTILE, 15):
        bad = outcome(row, Status.INVALID, error_category="BAD_ID", error_message=text)
        outcomes.append(
            bad._replace(pair=bad.pair._replace(from_type=text, from_id="x" * 400 + "\u202e\x1b"))
        )
    outcomes.append(outcome(20, Status.GAVE_UP, error_category="TIMEOUT", error_message="no answer"))
    report = write_report(tmp_path / ("r.csv" if os.name == "nt" else "a <b>bold<"), outcomes)
    log = tmp_path / "load.log"
    log.write_text(
        "".join(json.dumps({"time": 1_795_608_000 + n, "milliseconds": 100 + n}) + "\n" for n in range(20))
    )
    write_page(report, tmp_path / "page.html", log, now=NOW)
    resize(chrome, 1200, 900)
    prefer(chrome, "light")
    console(chrome)
    loaded(chrome)
    chrome.get((tmp_path / "page.html").as_uri())
    yield chrome
    assert console(chrome) == []


def rows_shown(page: Chrome) -> list[WebElement]:
    return [row for row in page.find_elements(By.CSS_SELECTOR, "#table tbody tr") if row.is_displayed()]


def find(page: Chrome, text: str) -> str:
    """Type over what the search field holds, and return what a screen reader is then told."""
    search = page.find_element(By.ID, "search")
    found = page.find_element(By.ID, "found")
    before = found.text
    page.execute_script("arguments[0].select()", search)
    search.send_keys(text)
    WebDriverWait(page, 5, poll_frequency=0.02).until(lambda _: found.text != before)
    return found.text


def test_it_renders_and_loads_nothing_else(page: Chrome) -> None:
    assert page.find_element(By.CLASS_NAME, "lead").text == "10 of 20 rows are done. 10 need attention."
    assert [len(rows_shown(page)), len(page.find_elements(By.CSS_SELECTOR, "li.cause"))] == [10, 3]
    for picture in page.find_elements(By.CSS_SELECTOR, "figure svg"):
        assert picture.size["width"] > 150
        assert picture.size["height"] > 100
    assert len(page.find_elements(By.CSS_SELECTOR, ".ring path.slice")) == 4
    assert len(page.find_elements(By.CSS_SELECTOR, ".pace rect.rect")) == 20
    assert len(page.find_elements(By.CSS_SELECTOR, ".latency path.line.reactive")) == 2
    assert [address for address in loaded(page) if not address.startswith("data:")] == [page.current_url]


def test_the_policy_forbids_the_network(page: Chrome) -> None:
    refused = page.execute_async_script(
        "fetch('http://127.0.0.1:9/').then(() => arguments[0]('sent'), () => arguments[0]('refused'))"
    )
    assert refused == "refused"
    assert "Content Security Policy" in " ".join(console(page))


def test_hostile_cells_stay_text(page: Chrome) -> None:
    assert page.execute_script("return window.hacked") is None
    assert page.find_elements(By.CSS_SELECTOR, "img, h1 b, pre b, svg[onload], script[src]") == []
    shown = page.find_element(By.ID, "table").text
    for text in HOSTILE:
        assert text in shown
    assert "\\u202e" not in shown  # behind the cut of a long cell
    assert "…" in shown


def test_search_narrows_the_table_and_says_so(page: Chrome) -> None:
    assert find(page, "1012") == "1 of 10 rows shown"
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows_shown(page)] == ["12"]
    assert find(page, "COMPANIES  deleted") == "4 of 10 rows shown"
    assert find(page, "<img") == "1 of 10 rows shown"
    assert find(page, "nowhere") == "0 of 10 rows shown"
    assert find(page, Keys.BACKSPACE) == "10 rows"
    page.find_element(By.CSS_SELECTOR, "#status option[value=gave_up]").click()
    assert page.find_element(By.ID, "found").text == "1 of 10 rows shown"
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows_shown(page)] == ["20"]


def test_it_can_be_used_with_the_keyboard_alone(page: Chrome) -> None:
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the outcome"
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.get_attribute("id") == "theme"
    reached = set()
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.switch_to.active_element.get_attribute("id"))
    assert {"search", "status"} <= reached


def test_a_screen_reader_finds_names_for_everything(page: Chrome) -> None:
    for width, mobile in ((1200, False), (390, True)):
        resize(page, width, 800, mobile=mobile)
        nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]
        roles = {role for role, _ in named}
        assert {
            "banner",
            "main",
            "navigation",
            "contentinfo",
            "search",
            "status",
            "table",
            "rowheader",
        } <= roles
        for role, name in named:
            if role in {
                "image",
                "button",
                "searchbox",
                "combobox",
                "link",
                "heading",
                "region",
                "DisclosureTriangle",
            }:
                assert name, role
        assert sum(role == "image" for role, _ in named) == 3
        assert sum(role == "row" for role, _ in named) >= 10
    # Chromium sees a table in the phone's blocks without them; other browsers do not.
    assert len(page.find_elements(By.CSS_SELECTOR, "#table tbody tr[role=row]")) == 10


def test_both_themes_can_be_read(page: Chrome) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        prefer(page, scheme)
        ratio, where = page.execute_script(CONTRAST)
        assert ratio >= 4.5, (scheme, where)
        backgrounds.add(page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    assert len(backgrounds) == 2


def test_the_theme_can_be_switched(page: Chrome) -> None:
    body, button = page.find_element(By.TAG_NAME, "body"), page.find_element(By.ID, "theme")
    light = body.value_of_css_property("background-color")
    button.send_keys(Keys.SPACE)
    assert button.get_attribute("aria-pressed") == "true"
    assert body.value_of_css_property("background-color") != light
    button.click()
    assert body.value_of_css_property("background-color") == light


def test_a_phone_needs_no_sideways_scrolling(page: Chrome) -> None:
    resize(page, 360, 780, mobile=True)
    for part in (page.find_element(By.TAG_NAME, "html"), page.find_element(By.ID, "table")):
        assert int(part.get_property("scrollWidth")) <= 360  # type: ignore[arg-type]
    for label in page.find_elements(By.CSS_SELECTOR, ".pace text.major"):
        assert label.rect["height"] >= 9


def test_it_prints_without_its_controls(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.find_element(By.ID, "search").is_displayed()
    assert len(rows_shown(page)) == 10
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_every_row_is_still_there(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert len(rows_shown(page)) == 10
        assert not page.find_element(By.ID, "search").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def big_report(rows: int) -> Iterator[Record]:
    """Failing rows in which every byte costs most: long cells of characters that HTML writes as entities."""
    cell = '"' * 400
    for row in range(1, rows + 1):
        status = Status.GAVE_UP if row % 1000 == 0 else Status.FAILED
        moment = datetime.fromtimestamp(1_795_608_000 + row * 60, UTC).isoformat()
        yield Record(
            row + 1, row, cell, cell, cell, cell, status, 418, 1, "", "", "", cell, "", cell, moment, (cell,)
        )


def test_a_huge_report_makes_a_small_page_that_says_what_it_leaves_out() -> None:
    summary, html = render(big_report(20_000), "r.csv", (), NOW)
    assert len(html.encode()) < 2_000_000
    shown = html.count("<tr data-status=")
    assert shown > 100
    assert html.count('<tr data-status="gave_up"') == 20, "a rare cause is not crowded out"
    assert f"{shown:,} of 20,000 rows are shown" in html
    assert f"{summary.needs_attention - shown:,} more would make this page too large" in html


def test_no_address_leads_outside() -> None:
    _, html = render(big_report(3), "r.csv", (), NOW)
    assert re.findall(r'(?:src|href|action)="(?!#|data:,")[^"]*"', html) == []
    assert html.count("<script") == html.count("<style") == 1
    assert "url(" not in html
    assert "@import" not in html
    assert "style=" not in html


@pytest.mark.parametrize("status", [None, Status.ASSOCIATED])
def test_a_report_without_trouble_has_no_table(status: Status | None, tmp_path: Path, chrome: Chrome) -> None:
    report = write_report(tmp_path / "r.csv", [outcome(1, status)] if status else [])
    assert write_page(report, tmp_path / "page.html").exit_code == 0
    console(chrome)
    chrome.get((tmp_path / "page.html").as_uri())
    said = chrome.find_element(By.CLASS_NAME, "lead").text
    assert said == ("The 1 row is done. There is nothing to do." if status else "The report has no rows yet.")
    assert chrome.find_elements(By.ID, "table") == []
    assert console(chrome) == []


def test_what_can_not_be_read_or_written_is_said(tmp_path: Path) -> None:
    report = write_report(tmp_path / "r.csv", [missing(1)])
    before = report.read_bytes()
    arguments: list[tuple[Any, ...]] = [
        (report, report),
        (report, tmp_path),
        (report, tmp_path / "p", tmp_path / "no.log"),
    ]
    for one in arguments:
        with pytest.raises(UsageError):
            write_page(*one)
    with pytest.raises(ReportError):
        write_page(tmp_path / "none.csv", tmp_path / "p")
    assert report.read_bytes() == before
    assert not (tmp_path / "p").exists()
