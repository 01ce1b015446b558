"""A simulator whose answers are faulty."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from random import Random
from types import TracebackType
from typing import NamedTuple, Self

import orjson
from aiohttp import web

from loader.simulator import SimulatorSettings, SimulatorState
from loader.simulator.answers import BrokenReply, Call, Reply, error_reply
from loader.simulator.api_errors import ApiError
from loader.simulator.association_types import type_id_of
from loader.simulator.broken_replies import send_broken
from loader.simulator.routes import Route, find_route
from tests.campaigns.faults_answers import ANYWHERE, OF_ENDPOINT, Fault, headers_of
from tests.campaigns.faults_ledger import Ledger, Pair, says_removed

_WRITES = ("associate", "batch associate")
_BATCHES = ("batch associate", "batch read", "batch archive")


class Temper(NamedTuple):
    """How often an endpoint answers wrongly, and with which faults."""

    chance: float
    faults: list[str]


class FaultyServer:
    """Answers on loopback as a simulator does, but for the faults that `tempers` and the seed draw.

    Which fault a request meets depends on the seed, what it is about, and how often that was asked.

    tempers: by endpoint; none once it is healed
    pairs: the pairs that look-ups are about
    patience: seconds after which the client gives a request up
    arrived: called when a request has arrived (False) and when it has been carried out (True)
    ledger, log: what came of the requests, for the check and for people
    """

    def __init__(
        self, seed: int, state: SimulatorState, settings: SimulatorSettings, tempers: dict[str, Temper]
    ) -> None:
        self.state, self.settings, self.tempers = state, settings, tempers
        self.pairs: list[Pair] = []
        self.patience = 0.0
        self.arrived: Callable[[bool], None] = lambda _done: None
        self.ledger = Ledger()
        self.log: list[str] = []
        self.url = ""
        self._seed = seed
        self._asked: Counter[str] = Counter()
        self._port = 0

    async def __aenter__(self) -> Self:
        self._http = web.Server(self._handle, access_log=None)
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._http.pre_shutdown()
        await self._http.shutdown(0.1)
        await self._listener.wait_closed()

    async def be_out_of_reach(self, seconds: float) -> None:
        """Break all connections and accept none for a while."""
        self._listener.close()
        for connection in self._http.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        await self._listen()

    def exists(self, pair: Pair, *, default: bool = False) -> bool:
        """Whether a pair is associated at all, or by the default type."""
        specs = self.state.types_between(*pair)
        return any(spec.label is None for spec in specs) if default else bool(specs)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._http, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        path, at = request.raw_path.partition("?")[0], loop.time()
        body = await request.read()
        route = find_route(request.method, path)
        self.arrived(False)
        existed = {pair: self.exists(pair) for pair in self._pairs(route, body)}
        random, name, fault = self._draw(route, f"{path} {body.decode()}")
        if self.tempers and random.random() < 0.2:
            await asyncio.sleep(random.choice([0.05, 0.5, 2.0]))
        works = fault is None or (random.random() < 0.5 if fault.works is None else fault.works)
        reply = self._answer(route, body, fault, works, random)
        self.arrived(True)
        later = random.choice([0.05, 0.5, 3.0]) if self.tempers and random.random() < 0.1 else 0.0
        in_time = loop.time() + later < at + self.patience / 4
        self._note(route, existed, at, reply, fault, in_time=in_time)
        status = reply.status if isinstance(reply, Reply) else reply.number
        self.log.append(f"{at:.3f} {path} {body.decode()}")
        self.log.append(f"    {name}, {'works' if works else 'fails'}: {status} {reply.body[:2000]!r}")
        await asyncio.sleep(later)
        if isinstance(reply, BrokenReply):
            return await send_broken(request, reply)
        if reply.status == 401 and route.name in _WRITES and request.transport:
            self.ledger.token_refused = self.ledger.token_refused or loop.time()
        headers = headers_of(random) if self.tempers else {}
        return web.Response(status=reply.status, body=reply.body, headers=headers | dict(reply.headers))

    def _draw(self, route: Route, subject: str) -> tuple[Random, str, Fault | None]:
        self._asked[subject] += 1
        random = Random(f"{self._seed} {subject} {self._asked[subject]}")
        temper = self.tempers.get(route.name)
        if temper is None or random.random() >= temper.chance:
            return random, "true", None
        name = random.choice(temper.faults)
        return random, name, (OF_ENDPOINT.get(route.name, {}) | ANYWHERE)[name]

    def _answer(
        self, route: Route, body: bytes, fault: Fault | None, works: bool, random: Random
    ) -> Reply | BrokenReply:
        state = self.state if works else deepcopy(self.state)
        call = Call(self.settings, state, body, "c", time.time(), "127.0.0.1:1")
        try:
            reply = route.endpoint(call, *route.parts)
        except ApiError as error:
            reply = error_reply(call, error)
        if fault is not None and isinstance(reply, Reply):
            reply = fault.answer(reply, random)
        if not works and route.name == "batch archive" and says_removed(reply):
            return Reply(500, b"{}")
        return reply

    def _pairs(self, route: Route, body: bytes) -> list[Pair]:
        """The pairs that a request is about."""
        if route.name == "associate":
            from_name, from_id, to_name, to_id = route.parts
            return [Pair(type_id_of(from_name) or "", from_id, type_id_of(to_name) or "", to_id)]
        if route.name not in _BATCHES:
            return []
        kinds = [type_id_of(name) or "" for name in route.parts]
        inputs = orjson.loads(body)["inputs"]
        if route.name == "batch read":
            asked = {item["id"] for item in inputs}
            return [
                pair
                for pair in self.pairs
                if (kinds == [pair.from_type, pair.to_type] and pair.from_id in asked)
                or (kinds == [pair.to_type, pair.from_type] and pair.to_id in asked)
            ]
        return [
            Pair(kinds[0], item["from"]["id"], kinds[1], to["id"])
            for item in inputs
            for to in (item["to"] if isinstance(item["to"], list) else [item["to"]])
        ]

    def _note(
        self,
        route: Route,
        existed: dict[Pair, bool],
        at: float,
        reply: Reply | BrokenReply,
        fault: Fault | None,
        *,
        in_time: bool,
    ) -> None:
        if route.name in _WRITES:
            self.ledger.write(existed, at, reply, in_time=in_time)
        elif route.name == "batch read":
            clear = not self.settings.named_errors and (fault is None or fault.harmless)
            self.ledger.look_up(existed, at, reply, clear=clear)
        elif route.name == "batch archive":
            self.ledger.archived.update(existed)
