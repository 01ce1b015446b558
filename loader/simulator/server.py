"""The simulator as a server on loopback: who may in, what counts, what is answered.

Time is the event loop's (`loop.time()`) for windows and latencies, and `wall_clock` for dates and days, so
that both can be turned from outside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from random import Random
from types import TracebackType
from uuid import UUID

from aiohttp import web

from loader.simulator.account import grant_token
from loader.simulator.answers import Answer, Call, Problem, WireFault, over_limit, refuse
from loader.simulator.faults import fault_answer
from loader.simulator.routes import Route, find, is_token_endpoint
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import SeenRequest, SimulatorState
from loader.simulator.wire import break_wire

# A handler that hangs on purpose must not hold up the end of the program.
_SHUTDOWN_SECONDS = 0.1

# From the accepted socket to the protocol, asyncio takes two turns of its loop.
_TURNS_TO_ARRIVE = 3

_NOBODY = 0


class Simulator:
    """A HubSpot simulator, serving while its `async with` block runs.

    `settings` may be replaced while it serves (a limit that changes in the middle of a run); `state` may be
    seeded before, is live, and outlives the server. `url` is there once it serves: the base URL, without a
    slash at its end. Raises `ValueError` for a host that is not loopback and `OSError` for a port in use.
    """

    def __init__(
        self,
        settings: SimulatorSettings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        state: SimulatorState | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings or SimulatorSettings()
        self.state = state or SimulatorState()
        self.url = ""
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        if not ip_address(self._host).is_loopback:
            raise ValueError(f"the simulator serves on loopback only, not on {host}")
        self._wall_clock = wall_clock
        self._random = Random(self.settings.seed)  # noqa: S311 (jitter and IDs, no secrets)
        self._granted: dict[int, float] = {}
        self._netloc = ""

    async def __aenter__(self) -> Simulator:
        loop = asyncio.get_running_loop()
        self._http = web.Server(self._handle, access_log=None)
        self._listener = await loop.create_server(self._http, self._host, self._port, backlog=1024)
        port = self._listener.sockets[0].getsockname()[1]
        self._netloc = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        self.url = f"http://{self._netloc}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # asyncio loses a connection that was accepted in the very moment its server closes, and says so in a
        # traceback. So first stop accepting, then let those just accepted arrive, then close.
        with suppress(NotImplementedError):  # Windows' proactor loop has no readers
            for listening in self._listener.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(_TURNS_TO_ARRIVE):
            await asyncio.sleep(0)
        self._listener.close()
        self._http.pre_shutdown()
        await self._http.shutdown(_SHUTDOWN_SECONDS)
        await self._listener.wait_closed()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        settings = self.settings
        if settings.arrival_jitter[1]:
            await asyncio.sleep(self._random.uniform(*settings.arrival_jitter))
        at = asyncio.get_running_loop().time()
        path = request.raw_path.partition("?")[0]
        call = self._call()
        client, reply = await self._reply(call, request, path, at)
        status = reply.status if isinstance(reply, Answer) else 0
        self.state.requests.append(SeenRequest(at, client, request.method, path, status))
        self.state.answers[status] += 1
        headers = {**reply.headers} if isinstance(reply, Answer) else {}
        headers["X-HubSpot-Correlation-Id"] = call.correlation_id
        if client != _NOBODY:
            headers |= self.state.limits.headers(client, at, settings)
        if settings.latency[1]:
            await asyncio.sleep(self._random.uniform(*settings.latency))
        if isinstance(reply, WireFault):
            return await break_wire(request, reply)
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _reply(
        self, call: Call, request: web.BaseRequest, path: str, at: float
    ) -> tuple[int, Answer | WireFault]:
        """Who asked (0: nobody we know), and what to answer. Counting happens before the body is read."""
        if is_token_endpoint(path):
            return _NOBODY, await self._grant(call, request, path, at)
        client = self._client(request, at)
        if isinstance(client, Problem):
            self.state.calls["unauthorized"] += 1
            return _NOBODY, refuse(call, client)
        route = find(request.method, path)
        self.state.calls[route.name] += 1
        over = self.state.limits.admit(client, at, call.wall, call.settings, exempt=route.exempt)
        if over is not None:
            return client, over_limit(call, over.value)
        if magic := self.state.ordered_fault(path):
            return client, fault_answer(call, magic)
        return client, await self._ask(route, call, request)

    async def _ask(self, route: Route, call: Call, request: web.BaseRequest) -> Answer | WireFault:
        if request.method in ("PUT", "POST"):
            sent = request.headers.get("Content-Type", "application/json")
            if not sent.startswith("application/json"):
                return refuse(call, Problem(415, f"Content type {sent} is not supported", "VALIDATION_ERROR"))
        if request.can_read_body:
            call = call._replace(body=await request.read())
        return route.endpoint(call, *route.parts)

    async def _grant(self, call: Call, request: web.BaseRequest, path: str, at: float) -> Answer | WireFault:
        self.state.calls["token"] += 1
        if magic := self.state.ordered_fault(path):
            return fault_answer(call, magic)
        answer, token = grant_token(call._replace(body=await request.read()))
        if token is not None:
            self._granted[hash(token)] = at + self.settings.token_lifetime
        return answer

    def _client(self, request: web.BaseRequest, at: float) -> int | Problem:
        """A number that tells tokens apart, or why this one is not accepted. The token itself is not kept."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return Problem(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        client = hash(token)
        if (expires := self._granted.get(client)) is not None:
            if at < expires:
                return client
            return Problem(401, "The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION")
        if self.settings.tokens is not None and token not in self.settings.tokens:
            return Problem(401, "The access token is not valid.", "INVALID_AUTHENTICATION")
        return client

    def _call(self) -> Call:
        correlation_id = str(UUID(int=self._random.getrandbits(128), version=4))
        return Call(self.settings, self.state, b"", correlation_id, self._wall_clock(), self._netloc)


async def serve(settings: SimulatorSettings, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Run a simulator until cancelled; `announce` is called with its URL once it serves.

    Raises `ValueError` for a host that is not loopback and `OSError` for a port in use.
    """
    async with Simulator(settings, host, port) as simulator:
        announce(simulator.url)
        await asyncio.Event().wait()
