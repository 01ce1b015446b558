"""The HTML page, in a real browser: it answers, searches, copies, is silent, and hostile cells stay text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from loader.model import Status
from loader.summary import Example, OutcomeCount
from loader.summary.page import AttentionRow, render_page
from tests.support.browser import chromium, console, loaded, prefer, resize
from tests.support.summaries import INVOCATION, NOON, refused, summary_of, unavailable

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
NAMES = ("First name", 'Note "}*{')
HOSTILE = (
    "</script></style><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "\"><svg onload=window.hacked=1>'",
    "{{ 7*7 }} {% raw %} <!-- --> ]]> &lt;b&gt;",
    "javascript:window.hacked=1",
)
SUMMARY = summary_of(
    [
        OutcomeCount(Status.ASSOCIATED, 10),
        refused(64),
        OutcomeCount(
            Status.INVALID, 5, Example(15, HOSTILE[0], HOSTILE[1], "companies", "\x1b[2J"), 0, "BAD_ID"
        ),
        unavailable(1),
        OutcomeCount(Status.DUPLICATE, 2),
    ]
)
SETTLED = [(NOON + second, second % 4 == 0, 2) for second in range(20)]

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


def rows() -> Iterator[AttentionRow]:
    """70 rows of three causes, hostile cells among them."""
    message = "One or more associations are invalid"
    failed = AttentionRow(0, "contacts", "", "companies", "", Status.FAILED, 400, "VALIDATION_ERROR", message)
    for row in range(11, 75):
        ids = {"from_id": str(1000 + row), "to_id": str(2000 + row), "correlation_id": f"id-{row}"}
        yield failed._replace(row=row, others=("Ada", f"note {row}"), **cast("Any", ids))
    for row, text in enumerate(HOSTILE, 75):
        cells = text, "x" * 400 + "\u202e", "companies", "\x1b[2J", Status.INVALID, 0, "BAD_ID", text
        yield AttentionRow(row, *cells, others=(text, ""))
    yield AttentionRow(80, "p_pets", "1", "2-123", "2", Status.GAVE_UP, 503, "HTTP_503", "no answer")


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the page of `SUMMARY`."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(render_page(SUMMARY, rows(), NAMES, SETTLED, NOW), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(address: str, chrome: Chrome) -> Iterator[Chrome]:
    """The page, just opened at desktop size."""
    resize(chrome, 1280, 900)
    prefer(chrome, "light")
    console(chrome)
    loaded(chrome)
    chrome.get(address)
    yield chrome
    assert console(chrome) == []


@pytest.fixture
def seen(address: str, chrome: Chrome, request: pytest.FixtureRequest) -> Chrome:
    """The page at desktop size, for tests that change nothing: only the first of them opens it."""
    if not chrome.execute_script("return window.seen"):
        request.getfixturevalue("page")
        chrome.execute_script("window.seen = true")
    return chrome


def rows_shown(page: Chrome) -> list[WebElement]:
    rows = "[...document.querySelectorAll('#table tbody tr')].filter((row) => row.checkVisibility())"
    return cast("list[WebElement]", page.execute_script(f"return {rows}"))


def find(page: Chrome, text: str) -> str:
    """Type over what the search field holds, and return what a screen reader is then told."""
    search = page.find_element(By.ID, "search")
    found = page.find_element(By.ID, "found")
    before = found.text
    page.execute_script("arguments[0].select()", search)
    search.send_keys(text)
    WebDriverWait(page, 5, poll_frequency=0.02).until(lambda _: found.text != before)
    return found.text


def test_the_headline_is_the_answer_and_nothing_else_is_loaded(page: Chrome) -> None:
    assert page.find_element(By.TAG_NAME, "h1").text == (
        "10 of 80 pairs are associated; 70 need attention; 0 not sent"
    )
    facts = page.find_element(By.CLASS_NAME, "facts").text
    for text in ("pairs.csv", "62515", "contacts → companies: 82 pairs", "10 min"):
        assert text in facts
    assert [address for address in loaded(page) if not address.startswith("data:")] == [page.current_url]


def test_pictures_show_what_was_sent_and_zero_rows_are_not_shown(seen: Chrome) -> None:
    shown = [item.text for item in seen.find_elements(By.CSS_SELECTOR, ".counts li")]
    assert shown == ["10 associated", "64 failed", "1 gave up"]
    assert seen.find_element(By.CLASS_NAME, "unsent").text == "Nothing sent for: 5 invalid, 2 duplicate."
    assert len(seen.find_elements(By.CSS_SELECTOR, ".outcome rect")) == 3
    assert len(seen.find_elements(By.CSS_SELECTOR, ".pace rect")) == 20
    for picture in seen.find_elements(By.CSS_SELECTOR, "figure svg"):
        assert picture.size["width"] > 500


def test_each_command_is_there_once_and_can_be_copied(page: Chrome) -> None:
    commands = [code.text for code in page.find_elements(By.CSS_SELECTOR, ".command code")]
    assert commands == [INVOCATION.load(), INVOCATION.load(retry=True)]
    assert len(page.find_elements(By.CSS_SELECTOR, "li.cause")) == 3
    allowed = {"permission": {"name": "clipboard-write"}, "setting": "granted"}
    page.execute_cdp_cmd("Browser.setPermission", allowed)
    for button, command in zip(page.find_elements(By.CLASS_NAME, "copy"), commands, strict=True):
        button.click()
        WebDriverWait(page, 5, poll_frequency=0.02).until(lambda _, b=button: b.text == "Copied")  # type: ignore
        search = page.find_element(By.ID, "search")
        search.clear()
        search.send_keys(Keys.CONTROL, "v")
        assert search.get_attribute("value") == command


def test_a_record_links_to_hubspot(seen: Chrome) -> None:
    first, *_, last = seen.find_elements(By.CSS_SELECTOR, "#table tbody tr")
    links = [link.get_attribute("href") for link in first.find_elements(By.TAG_NAME, "a")]
    assert links == [
        "https://app.hubspot.com/contacts/62515/record/0-1/1011",
        "https://app.hubspot.com/contacts/62515/record/0-2/2011",
    ]
    links = [link.get_attribute("href") for link in last.find_elements(By.TAG_NAME, "a")]
    assert links == ["https://app.hubspot.com/contacts/62515/record/2-123/2"], "p_pets has no known type ID"


def test_the_policy_forbids_the_network(seen: Chrome) -> None:
    refused = seen.execute_async_script(
        "fetch('http://127.0.0.1:9/').then(() => arguments[0]('sent'), () => arguments[0]('refused'))"
    )
    assert refused == "refused"
    assert "Content Security Policy" in " ".join(console(seen))


def test_hostile_cells_stay_text(seen: Chrome) -> None:
    assert seen.execute_script("return window.hacked") is None
    assert seen.find_elements(By.CSS_SELECTOR, "img, svg[onload], script[src]") == []
    shown = seen.find_element(By.ID, "table").text
    for text in HOSTILE:
        assert text in shown
    assert "\\u202e" not in shown  # behind the cut of a long cell
    assert "…" in shown
    assert "\\x1b[2J" in seen.find_element(By.ID, "causes").text


def test_search_and_cause_narrow_the_table_and_say_so(page: Chrome) -> None:
    assert find(page, "1012") == "1 of 70 pairs"
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows_shown(page)] == ["12"]
    assert find(page, "COMPANIES  note ada") == "64 of 70 pairs"
    assert find(page, "<img") == "1 of 70 pairs"
    assert find(page, "nowhere") == "0 of 70 pairs"
    assert find(page, Keys.BACKSPACE) == "70 pairs"
    page.find_elements(By.CSS_SELECTOR, "button.only")[-1].click()
    assert page.find_element(By.ID, "found").text == "1 of 70 pairs"
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows_shown(page)] == ["80"]


def test_it_can_be_used_with_the_keyboard_alone(page: Chrome) -> None:
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to what needs attention"
    reached = []
    for _ in range(40):
        page.switch_to.active_element.send_keys(Keys.TAB)
        active = page.execute_script("return document.activeElement.id || document.activeElement.className")
        reached.append(active)
        if {"search", "cause", "copy", "only"} <= set(reached):
            return
    pytest.fail(f"reached: {reached}")


def test_a_screen_reader_finds_names_for_everything(page: Chrome) -> None:
    for width, mobile in ((1280, False), (390, True)):
        resize(page, width, 800, mobile=mobile)
        nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]
        roles = {role for role, _ in named}
        assert {"banner", "main", "contentinfo", "search", "status", "table", "rowheader"} <= roles
        for role, name in named:
            if role in {"image", "button", "searchbox", "combobox", "link", "heading", "region"}:
                assert name, role
        assert sum(role == "image" for role, _ in named) == 2
    # Chromium sees a table in the phone's blocks without them; other browsers do not.
    assert len(page.find_elements(By.CSS_SELECTOR, "#table tbody tr[role=row]")) == 70


def test_both_themes_can_be_read_and_follow_the_system(page: Chrome) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        prefer(page, scheme)
        ratio, where = page.execute_script(CONTRAST)
        assert ratio >= 4.5, (scheme, where)
        backgrounds.add(page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    assert len(backgrounds) == 2


def test_a_phone_scrolls_commands_only_and_shows_fifty_rows_at_first(page: Chrome) -> None:
    resize(page, 390, 844, mobile=True)
    page.refresh()
    for part in (page.find_element(By.TAG_NAME, "html"), page.find_element(By.ID, "table")):
        assert int(part.get_property("scrollWidth")) <= 390  # type: ignore[arg-type]
    command = page.find_element(By.CSS_SELECTOR, ".command pre")
    assert int(command.get_property("scrollWidth")) > int(command.get_property("clientWidth"))  # type: ignore[arg-type]
    for label in page.find_elements(By.CSS_SELECTOR, ".pace text.y"):
        assert label.rect["height"] >= 9
    labels = "return [...arguments[0].cells].map((c) => getComputedStyle(c, '::before').content)"
    first = page.find_element(By.CSS_SELECTOR, "#table tbody tr")
    assert page.execute_script(labels, first)[:6] == [
        *('"Row"', '"From"', '"To"', '"Cause"', '"First name"', r'"Note \"}*{"'),
    ]
    assert len(rows_shown(page)) == 50
    assert page.find_element(By.ID, "found").text == "70 pairs, 50 shown"
    page.find_element(By.ID, "more").send_keys(Keys.ENTER)
    assert len(rows_shown(page)) == 70
    assert not page.find_element(By.ID, "more").is_displayed()


def test_it_prints_the_examples_and_no_controls(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.find_element(By.ID, "search").is_displayed()
    assert not any(button.is_displayed() for button in page.find_elements(By.TAG_NAME, "button"))
    assert "row 11: contacts 1011 → companies 2011" in page.find_element(By.CLASS_NAME, "example").text
    assert "correlation ID id-11" in page.find_element(By.CLASS_NAME, "example").text
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_every_row_is_still_there(page: Chrome) -> None:
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert len(rows_shown(page)) == 70
        assert not page.find_element(By.ID, "search").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_load_that_has_nothing_wrong_shows_no_table(tmp_path: Path, chrome: Chrome) -> None:
    """And one that is not finished says how it goes on."""
    done = summary_of([OutcomeCount(Status.ASSOCIATED, 2000)])
    open_ = summary_of([OutcomeCount(Status.ASSOCIATED, 40), OutcomeCount(Status.NOT_SENT, 1960)])
    for summary, answer, command in (
        (done, "All 2,000 pairs are associated", INVOCATION.verify()),
        (open_, "40 of 2,000 pairs are associated; 1,960 not sent", INVOCATION.load()),
    ):
        (tmp_path / "page.html").write_text(render_page(summary, (), (), (), NOW), encoding="utf-8")
        chrome.get((tmp_path / "page.html").as_uri())
        assert chrome.find_element(By.TAG_NAME, "h1").text == answer
        assert [code.text for code in chrome.find_elements(By.CSS_SELECTOR, ".command code")] == [command]
        assert chrome.find_elements(By.CSS_SELECTOR, "#table, .cause, .pace") == []
        assert console(chrome) == []
