"""A bare HTTP client for the tests of the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import aiohttp
import orjson

from loader.simulator import Simulator, SimulatorSettings, SimulatorState

T = TypeVar("T")


class Answer(NamedTuple):
    """An answer that was received; `json` raises if the body is none."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Calls one simulator with one token."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session

    @property
    def state(self) -> SimulatorState:
        return self.simulator.state

    async def call(self, method: str, path: str, *, token: str | None = "pat-test", **more: Any) -> Answer:
        headers = {"Content-Type": "application/json"} | more.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = self.simulator.url + path
        async with self.session.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.read())

    async def put(
        self, from_id: str, to_id: str, types: tuple[str, str] = ("contacts", "companies")
    ) -> Answer:
        path = f"/crm/objects/2025-09/{types[0]}/{from_id}/associations/default/{types[1]}/{to_id}"
        return await self.call("PUT", path)

    async def associate(self, *pairs: tuple[str, str]) -> Answer:
        """Associate contacts with companies by one batch call."""
        return await self.batch("associate/default", pairs_json(pairs))

    async def batch(
        self, action: str, inputs: list[dict[str, Any]], types: tuple[str, str] = ("contacts", "companies")
    ) -> Answer:
        path = f"/crm/associations/2025-09/{types[0]}/{types[1]}/batch/{action}"
        return await self.call("POST", path, json={"inputs": inputs})

    async def grant(self, refresh_token: str, version: str = "2026-03") -> Answer:
        """Ask for an OAuth access token."""
        form = {"grant_type": "refresh_token", "client_id": "id", "client_secret": "secret"}
        form["refresh_token"] = refresh_token
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.call("POST", f"/oauth/{version}/token", token=None, data=form, headers=headers)


def pairs_json(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """The inputs of a batch associate."""
    return [{"from": {"id": from_id}, "to": {"id": to_id}} for from_id, to_id in pairs]


def against(
    test: Callable[[Client], Awaitable[T]],
    settings: SimulatorSettings | None = None,
    state: SimulatorState | None = None,
    **more: Any,
) -> T:
    """Run a test's coroutine against a simulator of its own."""

    async def main() -> T:
        # force_close: a fault may close the connection that the next request would use.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        session = aiohttp.ClientSession(connector=connector, max_field_size=1 << 18)
        async with Simulator(settings, state=state, **more) as simulator, session:
            return await test(Client(simulator, session))

    return asyncio.run(main())
