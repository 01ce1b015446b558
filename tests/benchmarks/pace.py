"""How much of the limit the pace uses, and how many requests are answered 429.

    python -m tests.benchmarks.pace [--seconds 60] [--quick] [--virtual]

prints a Markdown table. Each line is a run of a first window, which is not measured, and then of `--seconds`,
against a server that enforces the window exactly: by default the simulator, over real HTTP on loopback and in
real time, all runs at once; with `--virtual` a model of it in virtual time (seconds instead of minutes, the
same each time). `--quick` leaves out all but the account limit of 190.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections.abc import Mapping
from contextlib import AsyncExitStack
from math import inf
from random import Random
from typing import Literal, NamedTuple

import aiohttp
from aiolimiter import AsyncLimiter

from loader.pace import Pace, Permit
from loader.simulator import Simulator, SimulatorSettings
from tests.benchmarks.window_server import Log, Service, WindowServer, compete, load, uniform
from tests.support import clock

_WINDOW = 10.0
#: When the second of two loaders starts that do not start together, in seconds.
_LATE = 30.0
Legs = tuple[tuple[float, float], tuple[float, float]]
#: Bounds of the way out, before the server counts, and of the rest until the answer arrives, in seconds.
LATENCIES: dict[str, Legs] = {
    "20 ms": ((0.005, 0.010), (0.010, 0.015)),
    "20 to 300 ms": ((0.010, 0.015), (0.010, 0.285)),
    "20 to 300 ms on the way out": ((0.010, 0.285), (0.010, 0.015)),
    "200 ms": ((0.020, 0.030), (0.120, 0.230)),
    "0.3 to 1.2 s": ((0.005, 0.010), (0.295, 1.190)),
    "3 s": ((0.020, 0.040), (2.480, 3.460)),
}


class Scenario(NamedTuple):
    """One line of the table."""

    latency: str = "20 to 300 ms"
    limit: int = 190
    window: Literal["rolling", "fixed"] = "rolling"
    count_rejected: bool = False
    rival: Literal["", "takes half", "second loader", "second loader, later"] = ""
    tells_late: bool = False
    client: Literal["Pace", "AsyncLimiter(limit, 10)", "AsyncLimiter(1, 10/limit)"] = "Pace"


class Result(NamedTuple):
    """What was measured after the first window; shares of 1, over all requests that the limit allowed."""

    used: float  # share of the limit that we used
    rest: float  # share that we used of what the rival left
    rival: float  # share of the limit that the rival used
    rejected: int  # our requests answered 429, from the start on
    rejected_share: float  # of our requests


class Bucket(Pace):
    """An aiolimiter alone, which learns nothing from the answers: what people usually build."""

    def __init__(self, limiter: AsyncLimiter) -> None:
        super().__init__()
        self._bucket = limiter

    async def acquire(self) -> Permit:
        await self._bucket.acquire()
        return Permit(0, 0.0, 0)

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None: ...

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None: ...


def scenarios(*, quick: bool) -> list[Scenario]:
    """The lines of the table."""
    lines = [
        Scenario(latency, limit, window)
        for limit in (190, 100, 250)
        for window in ("rolling", "fixed")
        for latency in LATENCIES
    ]
    lines += [Scenario(latency, tells_late=True) for latency in LATENCIES]
    lines += [Scenario(count_rejected=True)]
    lines += [Scenario(rival=rival) for rival in ("takes half", "second loader", "second loader, later")]
    lines += [Scenario(client="AsyncLimiter(limit, 10)", count_rejected=counted) for counted in (False, True)]
    lines += [Scenario(client="AsyncLimiter(1, 10/limit)")]
    return [line for line in lines if line.limit == 190] if quick else lines


async def measure(scenario: Scenario, service: Service, seconds: float, seed: int = 1) -> Result:
    """Run one scenario against `service` and measure it."""
    start = asyncio.get_running_loop().time()
    late = _LATE if scenario.rival == "second loader, later" else 0.0
    measured_from = start + late + _WINDOW
    until = measured_from + seconds
    runs = [load(service, _pace(scenario), "ours", until=until)]
    if scenario.rival == "takes half":
        gap = 2 * _WINDOW / scenario.limit
        runs.append(compete(service, "rival", itertools.repeat(gap), start=start, until=until))
    elif scenario.rival:
        runs.append(_join(service, start + late, until))
    await asyncio.gather(*runs)
    allowed = scenario.limit * seconds / _WINDOW
    ours = service.log.accepted_between("ours", measured_from, until)
    rival = service.log.accepted_between("rival", measured_from, until)
    rejected = service.log.rejected_between("ours", start, inf)
    sent = rejected + service.log.accepted_between("ours", start, inf)
    return Result(ours / allowed, ours / (allowed - rival), rival / allowed, rejected, rejected / sent)


async def _join(service: Service, start: float, until: float) -> None:
    await asyncio.sleep(start - asyncio.get_running_loop().time())
    await load(service, Pace(), "rival", until=until)


def _pace(scenario: Scenario) -> Pace:
    match scenario.client:
        case "Pace":
            return Pace()
        case "AsyncLimiter(limit, 10)":
            return Bucket(AsyncLimiter(scenario.limit, _WINDOW))
        case _:
            return Bucket(AsyncLimiter(1, _WINDOW / scenario.limit))


def measure_virtually(scenario: Scenario, seconds: float, seed: int = 1) -> Result:
    """Run one scenario against the model, in virtual time; `seed` is that of the latencies."""
    random = Random(seed)
    before, after = LATENCIES[scenario.latency]
    server = WindowServer(
        scenario.limit,
        _WINDOW,
        scenario.window,
        uniform(random, *before),
        uniform(random, *after),
        scenario.count_rejected,
        tells_late=scenario.tells_late,
    )
    return clock.run(measure(scenario, server, seconds))


class HttpService:
    """A simulator behind real sockets; one token for all clients."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.log = Log()
        self._session = session
        self._url = f"{url}/crm/objects/2025-09/contacts/1/associations/default/companies/"
        self._record = itertools.count(1)

    async def request(self, client: str) -> tuple[bool, Mapping[str, str]]:
        headers = {"Authorization": "Bearer benchmark", "Content-Type": "application/json"}
        async with self._session.put(f"{self._url}{next(self._record)}", headers=headers) as response:
            await response.read()
        accepted = response.status != 429
        self.log.note(client, asyncio.get_running_loop().time(), accepted)
        return accepted, response.headers


async def measure_over_http(lines: list[Scenario], seconds: float) -> list[Result]:
    """Run all scenarios at once, each against a simulator of its own."""
    async with AsyncExitStack() as stack:
        runs = []
        for line in lines:
            before, after = LATENCIES[line.latency]
            settings = SimulatorSettings(
                rate_limit=line.limit,
                window=line.window,
                count_rejected=line.count_rejected,
                arrival_jitter=before,
                latency=after,
            )
            simulator = await stack.enter_async_context(Simulator(settings))
            connector = aiohttp.TCPConnector(limit=0)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            runs.append(measure(line, HttpService(session, simulator.url), seconds))
        return await asyncio.gather(*runs)


def table(lines: list[Scenario], results: list[Result]) -> str:
    """The results as a Markdown table."""
    rows = [
        "| client | limit | window | latency | rival | limit used | rival's | of the rest | 429 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for line, result in zip(lines, results, strict=True):
        window = f"{line.window}, counts rejected" if line.count_rejected else line.window
        latency = f"{line.latency}, told late" if line.tells_late else line.latency
        rival = f"{result.rival:.1%} | {result.rest:.1%}" if line.rival else "|"
        rows.append(
            f"| {line.client} | {line.limit} | {window} | {latency} | {line.rival} "
            f"| {result.used:.1%} | {rival} | {result.rejected} ({result.rejected_share:.1%}) |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="length of each run after the first window"
    )
    parser.add_argument("--quick", action="store_true", help="only the limit of 190")
    parser.add_argument("--virtual", action="store_true", help="a model in virtual time instead of HTTP")
    options = parser.parse_args()
    # The simulator looks up what remains when it counts.
    lines = [line for line in scenarios(quick=options.quick) if options.virtual or not line.tells_late]
    if options.virtual:
        results = [measure_virtually(line, options.seconds) for line in lines]
    else:
        results = asyncio.run(measure_over_http(lines, options.seconds))
    print(table(lines, results))


if __name__ == "__main__":
    main()
