"""A bare client of the simulator for its tests: one call, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import aiohttp
import orjson

from loader.simulator import Simulator, SimulatorSettings, SimulatorState

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer; `json` fails a test where the body is none."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """Calls to one simulator with one token."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session

    async def call(self, method: str, path: str, *, token: str | None = "pat-test", **more: Any) -> Reply:
        headers = {"Content-Type": "application/json"} | more.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = self.simulator.url + path
        async with self.session.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def put(
        self, from_id: str, to_id: str, types: tuple[str, str] = ("contacts", "companies")
    ) -> Reply:
        path = f"/crm/objects/2025-09/{types[0]}/{from_id}/associations/default/{types[1]}/{to_id}"
        return await self.call("PUT", path)

    async def batch(
        self, action: str, inputs: list[dict[str, Any]], types: tuple[str, str] = ("contacts", "companies")
    ) -> Reply:
        path = f"/crm/associations/2025-09/{types[0]}/{types[1]}/batch/{action}"
        return await self.call("POST", path, json={"inputs": inputs})


def against(
    test: Callable[[Client], Awaitable[T]],
    settings: SimulatorSettings | None = None,
    state: SimulatorState | None = None,
    **more: Any,
) -> T:
    """Run a test's coroutine against a simulator that lives as long as it."""

    async def main() -> T:
        async with Simulator(settings, state=state, **more) as simulator, aiohttp.ClientSession() as session:
            return await test(Client(simulator, session))

    return asyncio.run(main())
