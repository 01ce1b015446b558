"""How long the account asks to be left alone, and what a person is told of it, from outside."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command import (
    TYPES,
    Finished,
    Serving,
    end,
    load,
    report_of,
    rows_of,
    start_warm,
    write_pairs,
)
from tests.support.wire import ASSOCIATED, Script, Seen, Wire, http

USED_UP = b'{"message":"You have reached your daily limit.","policyName":"DAILY"}'
MOVING = b'{"message":"The account is moving."}'
OAUTH = {
    "HUBSPOT_ACCESS_TOKEN": "",
    "HUBSPOT_CLIENT_ID": "client",
    "HUBSPOT_CLIENT_SECRET": "secret-9f8e7d6c",
    "HUBSPOT_REFRESH_TOKEN": "refresh-1a2b3c4d",
}


def answering(*puts: bytes, token: bytes = b"") -> Script:
    """Each PUT in turn gets one of `puts`, the last one for ever; whoever asks for a token gets `token`."""
    waiting = list(puts)

    async def script(request: Seen, writer: asyncio.StreamWriter) -> None:
        if request.method == "PUT":
            writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        else:
            writer.write(token if request.path.startswith("/oauth") else http(404, b"{}"))

    return script


def one_row(
    folder: Path, script: Script, *options: str, env: Mapping[str, str] | None = None
) -> tuple[Finished, int, list[dict[str, str]]]:
    """Load one pair: how it ended, how many PUTs that took, and the report's rows."""
    file = write_pairs(folder / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(script)) as wire:
        ended = load(wire.url, file, *options, env=env, timeout=30)
        puts = sum(request.method == "PUT" for request in wire.server.seen)
    return ended, puts, rows_of(report_of(file))


@pytest.mark.parametrize(("status", "body"), [(477, MOVING), (429, USED_UP)])
def test_who_is_sent_away_for_hours_is_told_until_when(tmp_path: Path, status: int, body: bytes) -> None:
    earliest = datetime.now().astimezone() + timedelta(seconds=7200)
    ended, puts, rows = one_row(tmp_path, answering(http(status, body, Retry_After="7200")))
    assert (ended.code, puts, [row["status"] for row in rows]) == (3, 1, ["not_sent"])
    told = {(earliest + timedelta(minutes=more)).strftime("%Y-%m-%d %H:%M") for more in (0, 1, 2)}
    assert any(moment in ended.err for moment in told), ended.err
    assert ".;" not in ended.err
    assert "Stopped: 0 of 1 pair associated, 1 not sent" in ended.out


def test_a_short_wait_is_taken_by_its_word_and_no_attempt(tmp_path: Path) -> None:
    began = time.monotonic()
    moving = http(477, MOVING, Retry_After="1")
    script = answering(moving, http(200, ASSOCIATED))
    ended, puts, (row,) = one_row(tmp_path, script, "--max-attempts", "1")
    assert (ended.code, puts, row["attempts"]) == (0, 2, "1")
    assert time.monotonic() - began > 1


def test_a_used_up_day_is_slept_through_until_a_person_interrupts(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(answering(http(429, USED_UP)))) as wire:
        process = start_warm("load", file, "--base-url", wire.url, *TYPES, "--wait-for-daily-reset")
        while not wire.ask(lambda server: sum(one.method == "PUT" for one in server.seen)):
            time.sleep(0.01)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        ended = end(process)
        assert wire.ask(lambda server: sum(one.method == "PUT" for one in server.seen)) == 1
    assert ended.code == 130


def test_a_wait_before_the_first_request_is_told(tmp_path: Path) -> None:
    answers = [http(477, MOVING, Retry_After="2")]

    async def script(request: Seen, writer: asyncio.StreamWriter) -> None:
        first = request.path.startswith("/account-info") and answers
        writer.write(answers.pop() if first else http(200, ASSOCIATED))

    ended, _, (row,) = one_row(tmp_path, script)
    assert row["status"] == "associated"
    assert "Waiting before the first request: HubSpot is moving the account" in ended.err


def test_a_token_that_can_not_be_had_is_said_at_once(tmp_path: Path) -> None:
    answer, file = http(503, b"{}", Retry_After="0"), write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(answering(http(200, ASSOCIATED), token=answer))) as wire:
        ended = load(wire.url, file, env=OAUTH)
        assert not [request for request in wire.server.seen if request.method == "PUT"]
    assert ended.code == 2
    assert "Can't get an access token" in ended.err


def test_a_report_is_no_stream(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    refused = load("http://127.0.0.1:9", file, "--report", "-")
    assert refused.code == 2
    assert "Invalid --report '-': use a file" in refused.err
