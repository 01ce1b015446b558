"""Answers that are broken on their way: what a client on the other end of the wire meets."""

from __future__ import annotations

import asyncio
import gc
import time

import aiohttp
import orjson
import pytest

from loader.simulator import Simulator
from tests.support.simulator_client import Client, against


def test_a_broken_connection_with_and_without_the_association() -> None:
    async def story(client: Client) -> None:
        for number, error in (
            (602, aiohttp.ClientOSError),
            (603, aiohttp.ServerDisconnectedError),
            (604, aiohttp.ClientPayloadError),
            (605, aiohttp.ClientPayloadError),
            (606, aiohttp.ClientResponseError),
            (609, aiohttp.ClientPayloadError),
        ):
            for made in (0, 1):
                record_id = f"9000{number}{made}00001"
                with pytest.raises(error):
                    await client.put(record_id, "2")
                there = client.state.types_between("contacts", record_id, "companies", "2")
                assert bool(there) == bool(made)
        assert set(client.state.answers) == {0}

    against(story)


def test_a_batch_can_be_carried_out_and_its_answer_lost() -> None:
    async def story(client: Client) -> None:
        for made in (0, 1):
            with pytest.raises(aiohttp.ClientError):
                await client.associate(("1", "2"), (f"9000604{made}00001", "2"))
            assert len(client.state.associations) == 4 * made

    against(story)


def test_a_half_body_is_really_half() -> None:
    async def story(client: Client) -> bytes:
        async with client.session.put(_url(client, 604), headers=_HEADERS) as answer:
            received = await answer.content.readany()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
            return received

    assert against(story).startswith(b'{"status":"COMPLETE"')


def test_bodies_far_too_big() -> None:
    async def story(client: Client) -> None:
        for number, encoding in ((607, None), (608, "gzip")):
            async with client.session.put(_url(client, number), headers=_HEADERS) as answer:
                size = 0
                while size < 45 << 20 and (piece := await answer.content.readany()):
                    size += len(piece)
                assert size >= 45 << 20
                assert answer.headers.get("Content-Encoding") == encoding

    against(story)


def test_answers_that_are_odd_in_their_bytes() -> None:
    async def story(client: Client) -> None:
        with pytest.raises(UnicodeDecodeError):
            (await client.put("9000610000001", "2")).body.decode()
        other = await client.put("9000611000001", "2")
        assert other.json["results"][0]["from"]["id"] not in ("9000611000001", "2")
        for number, size in ((612, 40_000), (613, 100_000)):
            assert len((await client.put(f"9000{number}000001", "2")).headers["X-Padding"]) == size
        correlation_id = (await client.put("9000614000001", "2")).headers["X-HubSpot-Correlation-Id"]
        assert correlation_id.encode("utf-8", "surrogateescape") == b"\xff\xfe\xc3\x28"
        numbers = await client.put("9000615100001", "2")
        assert numbers.json["results"][0]["from"]["id"] == 9000615100001
        assert (await client.put("9000616000001", "2")).json == {}
        deep = (await client.put("9000617000001", "2")).body
        assert deep.count(b"[") > 100_000
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(deep)

    against(story)


@pytest.mark.parametrize("number", [600, 601])
def test_a_hanging_answer_delays_neither_others_nor_the_end(number: int) -> None:
    async def story() -> float:
        async with Simulator() as simulator:
            (await _send(simulator, f"9000{number}000001")).close()
            open_still = await _send(simulator, f"9000{number}000002")
            async with aiohttp.ClientSession() as session:
                assert (await Client(simulator, session).put("1", "2")).status == 200
            assert simulator.state.answers == {0: 2, 200: 1}
            began = time.monotonic()
        took = time.monotonic() - began
        open_still.close()
        return took

    assert asyncio.run(story()) < 20


def test_a_client_that_disconnects_does_not_disturb_the_server(caplog: pytest.LogCaptureFixture) -> None:
    async def story(client: Client) -> None:
        client.state.fail("9000601000001")
        (await _send(client.simulator, "1")).close()
        assert (await client.put("1", "2")).status == 200

    against(story)
    assert not caplog.records


def test_a_client_that_tries_again_while_the_server_stops_is_released() -> None:
    async def story(client: Client) -> None:
        # aiohttp's client connects anew as soon as its session closes under the call, which is just
        # before the simulator stops: a lost connection would be a ResourceWarning, and so an error.
        waiting = asyncio.create_task(client.put("9000600000001", "2"))
        waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
        assert (await client.put("1", "2")).status == 200

    against(story)
    gc.collect()


_HEADERS = {"Authorization": "Bearer x", "Content-Type": "application/json"}


def _url(client: Client, number: int) -> str:
    path = f"/crm/objects/2025-09/contacts/9000{number}000001/associations/default/companies/2"
    return client.simulator.url + path


async def _send(simulator: Simulator, from_id: str) -> asyncio.StreamWriter:
    """Send a PUT and wait for no answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
    head = f"PUT /crm/objects/2025-09/contacts/{from_id}/associations/default/companies/2 HTTP/1.1"
    writer.write(f"{head}\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n".encode())
    await writer.drain()
    return writer
