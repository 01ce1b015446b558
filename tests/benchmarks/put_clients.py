"""The clients that the PUT benchmark compares, each in a process of its own.

`python -m tests.benchmarks.put_clients NAME URL ROWS WORKERS` sends ROWS pairs and prints rows per second as
JSON: `sending` by the clock, `processor` by the processor time of this process. `hubspot-api-client` needs an
interpreter that has that package, and nothing else of this project.
"""

from __future__ import annotations

import asyncio
import csv
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_TYPES = ("contacts", "companies")
_TOKEN = "pat-benchmark-0000"


def bare_pool(url: str, rows: int, workers: int) -> dict[str, float]:
    """A fair reference: workers that send and read the body, and nothing else.

    asyncio asks for 256 KiB at every read, which glibc maps and unmaps each time until a larger block has
    been freed once. Importing pandas does that by accident, so the reference may have it too.
    """
    import aiohttp

    bytearray(1 << 22)

    async def send() -> dict[str, float]:
        ids: Iterator[int] = iter(range(1, rows + 1))
        connector = aiohttp.TCPConnector(limit=workers)
        async with aiohttp.ClientSession(connector=connector, headers=_headers()) as session:

            async def work() -> None:
                for number in ids:
                    async with session.put(url + _path(number)) as response:
                        await response.read()

            began, used = time.perf_counter(), time.process_time()
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(work())
            return {
                "sending": rows / (time.perf_counter() - began),
                "processor": rows / (time.process_time() - used),
            }

    return asyncio.run(send())


def as_people_write_it(url: str, rows: int, workers: int) -> dict[str, float]:
    """aiohttp with a task per row, a semaphore and `response.json()`."""
    import aiohttp

    async def send() -> float:
        gate = asyncio.Semaphore(workers)
        async with aiohttp.ClientSession(headers=_headers()) as session:

            async def associate(number: int) -> object:
                async with gate, session.put(url + _path(number)) as response:
                    response.raise_for_status()
                    return await response.json()

            began = time.perf_counter()
            await asyncio.gather(*(associate(number) for number in range(1, rows + 1)))
            return rows / (time.perf_counter() - began)

    return {"sending": asyncio.run(send())}


def load(url: str, rows: int, workers: int) -> dict[str, float]:
    """The loader's own `load`, at a pace that never waits.

    `whole` is from the first look at the input to the written report; `sending` is without the first reading.
    Both include everything that the loader does between them, the report too.
    """
    from loader.commands.load import run_load
    from loader.commands.observer import Observer
    from loader.settings import LoadSettings

    class Clock(Observer):
        began = used = 0.0

        def begin(self, *_: object) -> None:
            self.began, self.used = time.perf_counter(), time.process_time()

    with tempfile.TemporaryDirectory() as folder:
        path, token = Path(folder, "pairs.csv"), Path(folder, "token")
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(
                [("from_object_id", "to_object_id"), *((n, n + 1) for n in range(1, rows + 1))]
            )
        token.write_text(_TOKEN)
        token.chmod(0o600)
        settings = LoadSettings(
            input=str(path),
            from_type=_TYPES[0],
            to_type=_TYPES[1],
            base_url=url,
            token_file=str(token),
            rate="1000000/1",
            workers=workers,
        )
        gc.set_threshold(400_000, 20, 50)  # as the command line does
        clock, started = Clock(), time.perf_counter()
        result = asyncio.run(run_load(settings, observer=clock))
        ended, used = time.perf_counter(), time.process_time()
    assert result.exit_code == 0, result
    return {
        "sending": rows / (ended - clock.began),
        "processor": rows / (used - clock.used),
        "whole": rows / (ended - started),
    }


def hubspot_api_client(url: str, rows: int, workers: int) -> dict[str, float]:
    """HubSpot's own package, with `workers` threads."""
    from hubspot import Client  # type: ignore[import-not-found]

    api = Client.create(access_token=_TOKEN).crm.associations.v4.basic_api
    api.api_client.configuration.host = url

    def associate(number: int) -> None:
        api.create_default(_TYPES[0], str(number), _TYPES[1], str(number + 1))

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(associate, range(1, rows + 1)):
            pass
    return {"sending": rows / (time.perf_counter() - began)}


CLIENTS: dict[str, Callable[[str, int, int], dict[str, float]]] = {
    "load": load,
    "bare aiohttp pool": bare_pool,
    "aiohttp as people write it": as_people_write_it,
    "hubspot-api-client": hubspot_api_client,
}


def _path(number: int) -> str:
    return f"/crm/objects/2025-09/{_TYPES[0]}/{number}/associations/default/{_TYPES[1]}/{number + 1}"


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}


if __name__ == "__main__":
    name, url, rows, workers = sys.argv[1:]
    print(json.dumps(CLIENTS[name](url, int(rows), int(workers))))
