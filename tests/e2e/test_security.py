"""What a hostile file or server can't do, and what the token can't be seen in (issue 4)."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import stat
import sys
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote

import orjson
import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import (
    TOKEN,
    TYPES,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    run,
    start,
    wait_until,
    write_pairs,
)
from tests.support.second_run import checkpoint_of
from tests.support.wire import ASSOCIATED, Seen, Wire, http, says

FAST = SimulatorSettings(rate_limit=1_000_000, daily_limit=None)
SLOW = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=(0.05, 0.1))
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes")

HOSTILE_IDS = [
    "../../x",
    "1/../../2",
    "1?x=1",
    "1#x",
    "%2e%2e",
    "1%2f2",
    "1 2",
    "\uff11\uff12",
    "-1",
    "1\x002",
]
HOSTILE_TYPES = [
    "../crm",
    "contacts/1",
    "contacts?x",
    "contacts#",
    "%2e",
    "con tacts",
    "a:b",
    "0-1/..",
    ".",
]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "=cmd|' /C calc'!A0", " =1", "\uff1d1"]
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x1b]8;;http://x\x1b\\\x9b2J\x08\x00\u202egnp"


def serving(settings: SimulatorSettings = FAST) -> Serving[Simulator]:
    return Serving(lambda: Simulator(settings, state=SimulatorState(100_000)))


def refuses(message: str, category: str = "VALIDATION_ERROR") -> Wire:
    """A server that refuses every pair with its own words, and has no account to show."""
    body = orjson.dumps(
        {"status": "error", "message": message, "category": category, "correlationId": message}
    )

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400, body, X_HubSpot_Correlation_Id="=1+1"))

    return Wire(script)


def raw_controls(text: str) -> list[str]:
    """Control characters in a text that a terminal would obey."""
    return re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_no_cell_leads_a_request_elsewhere(tmp_path: Path) -> None:
    rows = [(cell, "5", "contacts", "companies") for cell in HOSTILE_IDS]
    rows += [("5", cell, "contacts", "companies") for cell in HOSTILE_IDS]
    rows += [("5", "6", cell, "companies") for cell in HOSTILE_TYPES]
    rows += [("5", "6", "contacts", cell) for cell in HOSTILE_TYPES]
    types = ["from_object_type", "to_object_type"]
    file = write_pairs(tmp_path / "pairs.csv", [*rows, ("1", "2", "contacts", "companies")], types)
    with serving() as hubspot:
        finished = run("load", file, "--base-url", hubspot.url)
        paths = hubspot.ask(lambda s: {seen.path for seen in s.state.requests if seen.method == "PUT"})
    assert finished.code == 1
    assert paths == {"/crm/objects/2025-09/contacts/1/associations/default/companies/2"}
    assert [line["status"] for line in rows_of(report_of(file))] == ["invalid"] * len(rows) + ["associated"]


@pytest.mark.parametrize("option", ["--from-type", "--to-type", "--api-version", "--base-url"])
@pytest.mark.parametrize("value", ["../x", "a\r\nX: y"])
def test_no_option_leads_a_request_elsewhere(tmp_path: Path, option: str, value: str) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with serving() as hubspot:
        refused = run("load", file, "--base-url", hubspot.url, *TYPES, option, value)
        assert refused.code in (1, 2)
        assert hubspot.ask(lambda s: s.state.calls["associate"]) == 0
    assert not raw_controls(refused.text)


@pytest.mark.parametrize("url", ["http://127.0.0.1.example.com", "https://u:p@127.0.0.1"])
def test_the_token_goes_nowhere_unsafe(tmp_path: Path, url: str) -> None:
    refused = run("load", write_pairs(tmp_path / "pairs.csv", [(1, 2)]), "--base-url", url, *TYPES)
    assert refused.code == 2, refused.text


def test_words_of_the_server_are_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if not seen.path.startswith("/crm"):
            writer.write(http(404, b"{}"))
            return
        said = FORMULAS[int(seen.path.split("/")[5]) - 1]
        body = {"status": "error", "message": said, "category": said, "correlationId": said}
        writer.write(http(400, orjson.dumps(body), X_HubSpot_Correlation_Id="=1+1"))

    file = write_pairs(tmp_path / "pairs.csv", [(n, 2) for n in range(1, len(FORMULAS) + 1)])
    with Serving(lambda: Wire(script)) as wire:
        assert load(wire.url, file).code == 1
    columns = ("error_category", "error_message", "error_details", "correlation_id", "association_types")
    for line, formula in zip(rows_of(report_of(file)), FORMULAS, strict=True):
        assert line["error_message"].endswith(formula.strip()), line
        for column in columns:
            assert not re.match(r"[\s]*[=+\-@\uff1d]", line[column]), (column, line[column])


def test_the_inputs_own_columns_pass_through_unchanged(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(n, n, cell) for n, cell in enumerate(FORMULAS, 1)], ["note"])
    with serving() as hubspot:
        assert load(hubspot.url, file).code == 0
    assert [line["note"] for line in rows_of(report_of(file))] == FORMULAS


@pytest.mark.parametrize("more", [("-vv",), ("--json",)])
def test_terminal_sequences_never_reach_the_screen(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Neither from the server's words, nor from cells, headers or the file's own name."""
    file = tmp_path / ("pairs.csv" if os.name == "nt" else "pa\x1b[31mirs.csv")
    rows = [(1, 2, "note"), (f"9{ESCAPES}", 3, ESCAPES), (1, 2, "again")]
    write_pairs(file, rows, [f"h{ESCAPES}"])
    with Serving(lambda: refuses(f"no {ESCAPES} way", f"CAT{ESCAPES}")) as wire:
        finished = load(wire.url, file, *more)
        assert finished.code == 1
        other = write_pairs(tmp_path / "other.csv", [(9, 9, "x")], [f"h{ESCAPES}"])
        checkpoint = tmp_path / "other.db"  # so the report is there, and its checkpoint is not
        foreign = load(wire.url, other, "-o", report_of(file), "--checkpoint", checkpoint, *more)
        assert foreign.code == 2
        unknown = load(wire.url, file, "--from-column", ESCAPES.replace("\0", ""), *more)
        assert unknown.code == 2
    for screen in (finished, foreign, unknown):
        assert not raw_controls(screen.out), screen.out
        assert not raw_controls(screen.err), screen.err


def test_an_error_of_the_first_reading_shows_no_sequence(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(f'from_object_id,to_object_id\n1,2\n"{ESCAPES}\n3,4\n', encoding="utf-8")
    with serving() as hubspot:
        refused = load(hubspot.url, file)
    assert refused.code == 2
    assert not raw_controls(refused.text)


def echoes() -> Wire:
    """A server that repeats the request's headers in all that it says."""

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        said = seen.headers.get("authorization", "")
        body = orjson.dumps(
            {"message": said, "category": said, "correlationId": said, "errors": [{"in": said}]}
        )
        writer.write(http(400, body, X_HubSpot_Correlation_Id=said, Location=f"http://x/{said}"))

    return Wire(script)


def test_the_token_is_in_nothing_that_is_left(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    with Serving(echoes) as wire:
        finished = load(wire.url, file, "-vv", "--json", "--log-file", tmp_path / "log")
        assert all(seen.headers["authorization"] == f"Bearer {TOKEN}" for seen in wire.server.seen)
    assert finished.code == 1
    assert {".csv", ".db"} <= {left.suffix for left in tmp_path.iterdir()}
    for left in tmp_path.iterdir():
        assert TOKEN.encode() not in left.read_bytes(), left
    assert TOKEN not in finished.text


_SIGNS = "CJSPab&cyGQAf3xBKm/qYAG+QsF4="
_SPELLINGS = {
    "JSON that escapes slashes": _SIGNS.replace("/", "\\/"),
    "JSON that escapes signs": _SIGNS.replace("=", "\\u003D").replace("+", "\\u002b").replace("/", "\\/"),
    "JSON that escapes all": "".join(f"\\u{ord(sign):04x}" for sign in _SIGNS),
    "a URL": quote(_SIGNS, safe=""),
    "a URL in a URL": quote(quote(_SIGNS, safe=""), safe=""),
    "HTML": "".join(f"&#x{ord(sign):X};" for sign in _SIGNS),
    "HTML with names": _SIGNS.replace("&", "&amp;").replace("/", "&sol;"),
    "HTML in HTML": "".join(f"&amp;#{ord(sign)};" for sign in _SIGNS),
}


@pytest.mark.parametrize("status", [400, 401, 302])
def test_a_token_spelled_otherwise_is_hidden_too(tmp_path: Path, status: int) -> None:
    """In each row's answer in another way."""
    spellings = [*_SPELLINGS.values()]

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if not seen.path.startswith("/crm"):
            writer.write(http(404, b"{}"))
            return
        echoed = spellings[int(seen.path.split("/")[5]) - 1]
        body = '{"message":"no TOKEN","category":"TOKEN","correlationId":"TOKEN","errors":[{"in":"TOKEN"}]}'
        said = quote(_SIGNS, safe="")
        writer.write(http(status, body.replace("TOKEN", echoed).encode(), Location=f"http://x/{said}"))

    file = write_pairs(tmp_path / "pairs.csv", [(n, 2) for n in range(1, len(spellings) + 1)])
    with Serving(lambda: Wire(script)) as wire:
        finished = load(
            wire.url, file, "-vv", "--log-file", tmp_path / "log", env={"HUBSPOT_ACCESS_TOKEN": _SIGNS}
        )
    assert finished.code == (1 if status == 400 else 3), finished.err
    files = [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.iterdir()]
    for left in [finished.text, *files]:
        said = unescape(unescape(unquote(unquote(left)))).replace("\\/", "/").replace("\\\\u", "\\u")
        said = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), said)
        assert _SIGNS not in said, left
    lines = [line["error_message"] for line in rows_of(report_of(file))]
    if status == 400:
        assert all("[hidden]" in line for line in lines), lines
    assert "[hidden]" in finished.text + " ".join(lines)


def test_the_token_is_not_taken_from_the_command_line() -> None:
    said = run("load", "--help").out
    assert not re.search(r"--token(?!-file)", said)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_token_of_a_file_is_not_in_the_process_list(tmp_path: Path) -> None:
    """Neither in the command line, which all users see, nor in an environment that children inherit."""
    secret = "pat-na1-from-a-file-77777777"
    token = tmp_path / "token"
    token.write_text(secret + "\n")
    token.chmod(0o600)
    file = write_pairs(tmp_path / "pairs.csv", ((n, n) for n in range(1, 300)))
    with serving(SLOW) as hubspot:
        process = start(
            "load", file, "--base-url", hubspot.url, *TYPES, "--token-file", token, "--workers", "5",
            env={"HUBSPOT_ACCESS_TOKEN": ""},
        )  # fmt: skip
        wait_until(lambda: hubspot.ask(lambda s: s.state.calls["associate"]) > 5)
        seen = [Path(f"/proc/{process.pid}/{what}").read_bytes() for what in ("cmdline", "environ")]
        process.terminate()
        ended = end(process)
    assert all(secret.encode() not in text for text in seen)
    assert secret not in ended.text
    assert "Other users can read" not in ended.err


@posix
def test_a_token_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("pat-na1-from-a-file\n")
    token.chmod(0o640)
    with serving() as hubspot:
        file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
        finished = load(hubspot.url, file, "--token-file", token)
    assert finished.code == 0
    assert f"Other users can read the token file {token}" in finished.err


@posix
def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with serving() as hubspot:
        command = ("load", file, "--base-url", hubspot.url, *TYPES, "--log-file", tmp_path / "log")
        assert run(*command, umask=0o027).code == 0
    for made in (report_of(file), checkpoint_of(file), tmp_path / "log"):
        assert stat.S_IMODE(made.stat().st_mode) == 0o640


@posix
@pytest.mark.parametrize("name", ["pairs.report.csv.unfinished", "pairs.checkpoint.db-lock"])
def test_a_link_in_the_place_of_an_auxiliary_file_is_not_followed(tmp_path: Path, name: str) -> None:
    """In a folder that others can write, they could put a link where the loader writes."""
    precious = tmp_path / "precious"
    precious.write_text("mine" * 1000)
    (tmp_path / name).symlink_to(precious)
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with serving() as hubspot:
        load(hubspot.url, file)
    assert precious.read_text() == "mine" * 1000


def test_a_report_of_hostile_cells_is_one_line_a_row(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2, 'a"b\r\nc,d'), (3, 4, "x")], ["note"])
    with Serving(lambda: refuses('two\r\nlines,"and" a quote')) as wire:
        assert load(wire.url, file).code == 1
    with report_of(file).open(encoding="utf-8", newline="") as report:
        cells = list(csv.reader(report))
    assert [len(line) for line in cells] == [17, 17, 17]
    assert cells[1][16] == 'a"b\r\nc,d'
    assert "\n" not in cells[1][11]


def test_a_token_wrapped_in_quotes_is_unwrapped(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with serving() as hubspot:
        assert load(hubspot.url, file, env={"HUBSPOT_ACCESS_TOKEN": f'"{TOKEN}"'}).code == 0
    with Serving(lambda: Wire(says(http(200, ASSOCIATED)))) as wire:
        load(wire.url, file, "--overwrite", env={"HUBSPOT_ACCESS_TOKEN": f"'{TOKEN}'"})
        assert {seen.headers["authorization"] for seen in wire.server.seen} == {f"Bearer {TOKEN}"}


def test_a_rotated_refresh_token_is_told_and_never_shown(tmp_path: Path) -> None:
    refresh, rotated, access = "refresh-1111-2222", "rotated-3333-4444", "access-5555-6666"

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        grant = {"access_token": access, "refresh_token": rotated, "expires_in": 1800}
        answer = orjson.dumps(grant) if seen.path == "/oauth/2026-03/token" else ASSOCIATED
        writer.write(http(200, answer))

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    oauth = {
        "HUBSPOT_CLIENT_ID": "id",
        "HUBSPOT_CLIENT_SECRET": "secret-77",
        "HUBSPOT_REFRESH_TOKEN": refresh,
    }
    with Serving(lambda: Wire(script)) as wire:
        finished = load(
            wire.url, file, "-v", "--log-file", tmp_path / "log", env={"HUBSPOT_ACCESS_TOKEN": "", **oauth}
        )
    assert finished.code == 0, finished.err
    assert "HubSpot has replaced the refresh token" in finished.err
    for left in [finished.text, *(path.read_text(encoding="latin-1") for path in tmp_path.iterdir())]:
        assert not any(secret in left for secret in (refresh, rotated, access, "secret-77"))


def test_bytes_that_are_no_text_reach_no_file(tmp_path: Path) -> None:
    answer = http(200, ASSOCIATED, X_HubSpot_Correlation_Id="c-1").replace(b"c-1", b"c-\xff")
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(says(answer))) as wire:
        finished = load(wire.url, file, "--log-file", tmp_path / "log")
    assert finished.code == 0, finished.err
    assert '"correlation_id":"c-\ufffd"' in (tmp_path / "log").read_text(encoding="utf-8")
    assert rows_of(report_of(file))[0]["correlation_id"] == "c-\ufffd"
