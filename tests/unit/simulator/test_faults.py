"""The simulator's magic IDs: each fault as a client on the other end of the wire sees it."""

from __future__ import annotations

import asyncio
import gc
import time
from email.utils import parsedate_to_datetime

import aiohttp
import orjson
import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState, magic_table
from tests.support.simulator_client import Client, Reply, against


@pytest.mark.parametrize("status", [*range(301, 304), *range(305, 309), *range(400, 600)])
def test_every_status_can_be_had(status: int) -> None:
    reply = against(lambda client: client.put(f"9000{status}000001", "2"))
    assert reply.status == status
    if status in (520, 524):
        assert reply.body.startswith(b"<!DOCTYPE html>")
    else:
        assert reply.json["correlationId"] == reply.headers["X-HubSpot-Correlation-Id"]


@pytest.mark.parametrize(
    ("digits", "field", "value"),
    [
        ("4000", "context", {"INVALID_OBJECT_IDS": ["CONTACT=9000400000001 is not valid"]}),
        ("4003", "message", "Unable to infer object type from: 0-1"),
        ("4010", "category", "INVALID_AUTHENTICATION"),
        ("4013", "category", "EXPIRED_AUTHENTICATION"),
        ("4030", "category", "FORBIDDEN"),
        ("4033", "category", "MISSING_SCOPES"),
        ("4034", "category", "USER_DOES_NOT_HAVE_PERMISSIONS"),
        ("4040", "category", "OBJECT_NOT_FOUND"),
        ("4290", "policyName", "TEN_SECONDLY_ROLLING"),
        ("4293", "policyName", "DAILY"),
        ("4294", "policyName", "SECONDLY"),
    ],
)
def test_variants_of_a_status(digits: str, field: str, value: object) -> None:
    assert against(lambda client: client.put(f"9000{digits}00001", "2")).json[field] == value


def test_a_magic_id_works_as_the_to_id_too() -> None:
    reply = against(lambda client: client.put("1", "9000400000001"))
    assert reply.json["context"] == {"INVALID_OBJECT_IDS": ["COMPANY=9000400000001 is not valid"]}


@pytest.mark.parametrize("status", [429, 477, 503])
def test_retry_after_in_seconds_and_as_a_date(status: int) -> None:
    async def three(client: Client) -> list[Reply]:
        return [await client.put(f"9000{status}{variant}00001", "2") for variant in (0, 1, 2)]

    none, seconds, date = against(three, wall_clock=lambda: 1_784_908_800.0)
    assert "Retry-After" not in none.headers
    assert seconds.headers["Retry-After"] == "2"
    assert date.headers["Retry-After"].endswith(" GMT")
    assert parsedate_to_datetime(date.headers["Retry-After"]).timestamp() == 1_784_908_802


def test_a_move_takes_up_to_a_day() -> None:
    assert against(lambda client: client.put("9000477300001", "2")).headers["Retry-After"] == "86400"


@pytest.mark.parametrize(
    ("record_id", "answers"),
    [
        ("9000503002001", [503, 503, 200, 200]),
        ("9000429001001", [429, 200, 200, 200]),
        ("9000500000001", [500, 500, 500, 500]),
        ("9000201000001", [201, 201, 201, 201]),
    ],
)
def test_a_fault_lasts_as_often_as_its_digits_say(record_id: str, answers: list[int]) -> None:
    async def four(client: Client) -> list[int]:
        return [(await client.put(record_id, "2")).status for _ in range(4)]

    assert against(four) == answers


def test_each_pair_counts_its_own_tries() -> None:
    async def two(client: Client) -> list[int]:
        return [(await client.put("9000503001001", to_id)).status for to_id in ("2", "3", "2", "3")]

    assert against(two) == [503, 503, 200, 200]


@pytest.mark.parametrize(
    ("variant", "status", "errors"),
    [(1, "COMPLETE", 0), (2, "COMPLETE", 1), (3, "PENDING", 0), (4, "PROCESSING", 0), (5, "CANCELED", 0)],
)
def test_a_success_that_made_nothing(variant: int, status: str, errors: int) -> None:
    state = SimulatorState()
    reply = against(lambda client: client.put(f"9000200{variant}00001", "2"), state=state)
    assert reply.status == 200
    assert (reply.json["status"], reply.json["results"]) == (status, [])
    assert reply.json.get("numErrors", 0) == len(reply.json.get("errors", [])) == errors
    assert not state.associations


def test_a_201_made_the_association() -> None:
    state = SimulatorState()
    reply = against(lambda client: client.put("9000201000001", "2"), state=state)
    assert (reply.status, len(reply.json["results"]), len(state.associations)) == (201, 2, 2)


@pytest.mark.parametrize("status", [200, 400, 503])
def test_bodies_that_are_not_what_they_should_be(status: int) -> None:
    async def four(client: Client) -> list[bytes]:
        return [(await client.put(f"9000{status}{variant}00001", "2")).body for variant in (6, 7, 8, 9)]

    broken, list_, page, empty = against(four)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(broken)
    assert orjson.loads(list_) == []
    assert page.startswith(b"<!DOCTYPE html>")
    assert empty == b""


def test_a_redirect_leads_to_another_host() -> None:
    reply = against(lambda client: client.put("9000301000001", "2"))
    assert reply.headers["Location"].startswith("http://localhost:")


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (602, aiohttp.ClientOSError),
        (603, aiohttp.ServerDisconnectedError),
        (604, aiohttp.ClientPayloadError),
        (605, aiohttp.ClientPayloadError),
        (606, aiohttp.ClientResponseError),
        (609, aiohttp.ClientPayloadError),
    ],
)
@pytest.mark.parametrize("made", [False, True])
def test_faults_of_the_wire(number: int, error: type[Exception], made: bool) -> None:
    state = SimulatorState()
    with pytest.raises(error):
        against(lambda client: client.put(f"9000{number}{int(made)}00001", "2"), state=state)
    assert bool(state.associations) == made
    # aiohttp's client sends a PUT once more by itself when the connection breaks before the answer
    assert set(state.answers) == {0}


def test_a_half_body_is_really_half() -> None:
    async def read(client: Client) -> bytes:
        path = "/crm/objects/2025-09/contacts/9000604000001/associations/default/companies/2"
        headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
        async with client.session.put(client.simulator.url + path, headers=headers) as answer:
            received = await answer.content.readany()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
            return received

    assert against(read).startswith(b'{"status":"COMPLETE"')


@pytest.mark.parametrize("number", [600, 601])
def test_hangs_and_drips_hold_up_neither_others_nor_the_end(number: int) -> None:
    async def story() -> tuple[int, float]:
        async with Simulator() as simulator:
            gone = await _send_by_hand(simulator, f"9000{number}000001")
            gone.close()
            still_there = await _send_by_hand(simulator, f"9000{number}000002")
            async with aiohttp.ClientSession() as session:
                reply = await Client(simulator, session).put("1", "2")
            assert simulator.state.answers == {0: 2, 200: 1}
            began = time.monotonic()
        took = time.monotonic() - began
        still_there.close()
        return reply.status, took

    status, took = asyncio.run(story())
    assert status == 200
    assert took < 2


@pytest.mark.parametrize(("number", "encoding"), [(607, None), (608, "gzip")])
def test_bodies_far_too_big(number: int, encoding: str | None) -> None:
    async def read(client: Client) -> tuple[int, str | None]:
        path = f"/crm/objects/2025-09/contacts/9000{number}000001/associations/default/companies/2"
        headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
        async with client.session.put(client.simulator.url + path, headers=headers) as answer:
            size = 0
            while size < 45 << 20 and (piece := await answer.content.readany()):
                size += len(piece)
            return size, answer.headers.get("Content-Encoding")

    size, seen = against(read)
    assert size >= 45 << 20
    assert seen == encoding


def test_a_body_that_is_not_utf8_and_one_about_another_pair() -> None:
    async def both(client: Client) -> tuple[Reply, Reply]:
        return await client.put("9000610000001", "2"), await client.put("9000611000001", "2")

    broken, other = against(both)
    with pytest.raises(UnicodeDecodeError):
        broken.body.decode()
    assert other.json["results"][0]["from"]["id"] not in ("9000611000001", "2")


@pytest.mark.parametrize(
    "record_id", ["9000", "90004040000011", "9000199000001", "9000699000001", "9000401500001"]
)
def test_other_ids_are_ordinary(record_id: str) -> None:
    assert against(lambda client: client.put(record_id, "2")).status == 200


def test_the_next_requests_can_be_made_to_fail() -> None:
    async def story(client: Client) -> list[int]:
        state = client.simulator.state
        details = "/account-info/2025-09/details"
        state.fail("9000503000001", path_prefix="/account-info/", times=2)
        statuses = [(await client.put("1", "2")).status]
        statuses += [(await client.call("GET", details)).status for _ in range(3)]
        state.fail("9000401000001", times=0)
        statuses += [(await client.put("1", "2")).status for _ in range(2)]
        state.heal()
        return [*statuses, (await client.put("1", "2")).status]

    assert against(story) == [200, 503, 503, 200, 401, 401, 200]


def test_only_magic_ids_can_be_ordered() -> None:
    with pytest.raises(ValueError, match="12345"):
        SimulatorState().fail("12345")


def test_latency_is_drawn_after_counting_and_from_the_seed() -> None:
    async def timed(client: Client) -> float:
        began = time.monotonic()
        await client.put("1", "2")
        return time.monotonic() - began

    assert 0.05 <= against(timed, SimulatorSettings(latency=(0.05, 0.06))) < 1
    assert 0.05 <= against(timed, SimulatorSettings(arrival_jitter=(0.05, 0.06))) < 1


def test_the_table_shows_ids_that_work_as_they_say() -> None:
    table = dict(magic_table())
    assert len(table) == len(magic_table())
    assert "twice" in table["9000503002001"]
    assert all(len(form) == 13 for form in table)


def test_a_client_that_leaves_does_not_disturb_the_server(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with Simulator(SimulatorSettings(latency=(0.05, 0.05))) as simulator:
            (await _send_by_hand(simulator, "1")).close()
            async with aiohttp.ClientSession() as session:
                assert (await Client(simulator, session).put("1", "2")).status == 200
            assert simulator.state.answers[200] == 2

    asyncio.run(story())
    assert not caplog.records


def test_a_client_that_tries_again_while_the_server_stops_is_let_go() -> None:
    async def story(client: Client) -> None:
        # aiohttp's client connects anew as soon as its session closes under the call, which is just
        # before the simulator stops: a lost connection would be a ResourceWarning, and so an error.
        waiting = asyncio.create_task(client.put("9000600000001", "2"))
        waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
        assert (await client.put("1", "2")).status == 200

    against(story)
    gc.collect()


async def _send_by_hand(simulator: Simulator, from_id: str) -> asyncio.StreamWriter:
    """Send a PUT and wait for no answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
    head = f"PUT /crm/objects/2025-09/contacts/{from_id}/associations/default/companies/2 HTTP/1.1"
    writer.write(f"{head}\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n".encode())
    await writer.drain()
    return writer
