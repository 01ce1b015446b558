"""The server itself: loopback only, its life, its latency, paths that lead nowhere."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState, serve
from tests.support.simulator_client import Client, against


def test_it_serves_on_loopback_only() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(ValueError, match="loopback"):
            Simulator(host=host)


def test_a_state_outlives_its_server_and_the_port_is_free_again() -> None:
    async def outage() -> SimulatorState:
        state, port = SimulatorState(), 0
        for from_id in ("1", "2"):
            async with Simulator(port=port, state=state) as simulator, aiohttp.ClientSession() as session:
                assert (await Client(simulator, session).put(from_id, "7")).status == 200
                port = int(simulator.url.rpartition(":")[2])
                with pytest.raises(OSError, match=str(port)):
                    await Simulator(port=port).__aenter__()
        return state

    state = asyncio.run(outage())
    assert len(state.associations) == 4
    assert (state.calls["associate"], state.answers[200]) == (2, 2)


def test_serve_announces_its_url_and_stops_when_cancelled() -> None:
    async def story() -> str:
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(SimulatorSettings(), "localhost", 0, announced.set_result))
        url = await announced
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 401
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        return url

    host, _, port = asyncio.run(story()).removeprefix("http://").partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_jitter_comes_before_and_latency_after_a_request_is_counted() -> None:
    async def story(client: Client) -> None:
        clock = asyncio.get_running_loop().time
        client.simulator.settings = SimulatorSettings(arrival_jitter=(0.05, 0.06))
        began = clock()
        assert (await client.put("1", "2")).status == 200
        assert client.state.requests[-1].at - began >= 0.049
        client.simulator.settings = SimulatorSettings(latency=(0.05, 0.06))
        assert (await client.put("1", "2")).status == 200
        assert clock() - client.state.requests[-1].at >= 0.049

    against(story)


def test_paths_that_lead_nowhere() -> None:
    async def story(client: Client) -> None:
        path = "/crm/objects/2025-09/contacts/1/associations/default/companies/2"
        assert (await client.call("GET", path)).status == 405
        assert (await client.call("GET", "/nowhere")).status == 404
        assert client.state.calls == {"wrong method": 1, "unknown": 1}

    against(story)
