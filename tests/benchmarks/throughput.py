"""`load --method batch` of a million rows against what no loader can go without: reading and writing.

    python -m tests.benchmarks.throughput [--rows N] [--rounds N] [--alone]

The load sends all pairs to a server that has the other core. Its rate is printed twice: to the last result in
the checkpoint (the bar is 100,000 rows a second), and with the report. The reference reads the same file with
pandas in chunks and writes a report of the same content with the csv module, without any network. If curl is
installed, it sends one PUT per pair, 64 at a time, without pace or report. Interleaved, medians, rows per
second and their ratio. `--alone` leaves both out, for files that the reference could not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from tests.benchmarks.fast_server import pinned, serving
from tests.campaigns.soak import peak_memory
from tests.support.command import TYPES, environment, report_of, write_pairs
from tests.support.second_run import checkpoint_of

_NAME = "tests.benchmarks.throughput"
_ENTRY = '{"from":{"id":"%s"},"to":{"id":"%s"},"associationSpec":{"associationCategory":"HUBSPOT_DEFINED",'
_BOTH = f'{_ENTRY}"associationTypeId":279}}}},{_ENTRY}"associationTypeId":280}}}}'


class _Batches(asyncio.Protocol):
    """Answers each batch with all of its pairs, and anything else with an account."""

    def __init__(self) -> None:
        self._heard = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._heard[:end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n")[0]) if at >= 0 else 0
        if len(self._heard) < end + 4 + length:
            return
        body = '{"portalId":1,"accountType":"STANDARD","timeZone":"UTC","uiDomain":"app.hubspot.com"}'
        if length:
            inputs = orjson.loads(self._heard[end + 4 : end + 4 + length])["inputs"]
            ends = [(pair["from"]["id"], pair["to"]["id"]) for pair in inputs]
            body = f'{{"status":"COMPLETE","results":[{",".join([_BOTH % (a, b, b, a) for a, b in ends])}]}}'
        del self._heard[: end + 4 + length]
        answer = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        self._transport.write(answer.encode())


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Batches, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def answering_batches() -> Iterator[str]:
    """The port of a server on the first core, while the block runs."""
    command = [*pinned(0), sys.executable, "-m", _NAME, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def many_pairs(folder: Path, rows: int) -> Path:
    """A file of so many different pairs, with IDs of the length that HubSpot's have."""
    folder.mkdir(exist_ok=True)
    pairs = ((51_000_000_000 + n, 9_100_000_000 + n * 7919 % 10**9) for n in range(rows))
    return write_pairs(folder / "pairs.csv", pairs)


class Reference(NamedTuple):
    """Reading the file and writing its report without any network: seconds by the clock, of the processor."""

    seconds: float
    processor: float


def reference(file: Path, folder: Path) -> Reference:
    """Measure the reference; a load must have left the report."""
    command = [*pinned(1), sys.executable, "-m", _NAME, "reference", str(file)]
    paths = [str(report_of(file)), str(folder / "out.csv")]
    done = subprocess.run([*command, *paths], stdout=subprocess.PIPE, text=True, check=True)
    return Reference(*map(float, done.stdout.split()))


def read_and_write(file: Path, report: Path, out: Path) -> None:
    """The reference, as a process of its own runs it: `report` is what the load has left."""
    import pandas as pd

    with report.open(encoding="utf-8", newline="") as lines:
        content = list(csv.reader(lines))
    began, used = time.perf_counter(), time.process_time()
    for _ in pd.read_csv(file, chunksize=50_000):
        pass
    with out.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows(content)
    print(time.perf_counter() - began, time.process_time() - used)


class Load(NamedTuple):
    """One load: seconds, MiB at its peak (0: unknown here), seconds of the processor.

    `seconds` are the run's, with the report; `sending` those until the last result. The processor time is
    that of the whole process, its start included.
    """

    seconds: float
    sending: float
    peak: float
    processor: float


def load(port: str, file: Path) -> Load:
    """Load the file by batch."""
    command = [*pinned(1), sys.executable, "-m", "loader", "load", str(file), *TYPES, "--method", "batch"]
    options = ["--base-url", f"http://127.0.0.1:{port}", "--overwrite", "-q", "--json"]
    options += ["--rate", "1000000/1"]  # else it would be HubSpot's lowest limit, a batch in 0.1 s
    peak = 0.0
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [*command, *options], env=environment(), stdout=said, stderr=subprocess.DEVNULL
        )
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, peak_memory(process.pid))
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        said.seek(0)
        summary = json.load(said)
    assert process.returncode == 0, summary
    with closing(sqlite3.connect(checkpoint_of(file))) as db:
        (milliseconds,) = db.execute(
            "SELECT (SELECT max(completed_at) FROM pair) - (SELECT max(started_at) FROM run)"
        ).fetchone()
    used = ended[2].ru_utime + ended[2].ru_stime
    return Load(float(summary["run"]["seconds"]), milliseconds / 1000, peak, used)


def curl(folder: Path, pairs: int) -> float:
    """Pairs per second of `curl --parallel` against the fastest of the servers."""
    with serving() as url:
        paths = (f"contacts/{n}/associations/default/companies/{n + 1}" for n in range(1, pairs + 1))
        config, answers = folder / "curl", folder / "answers"
        config.write_text("".join(f'url = "{url}/crm/objects/2025-09/{path}"\n' for path in paths))
        command = [*pinned(1), "curl", "-sZ", "--parallel-max", "64", "-X", "PUT", "-K", str(config)]
        with answers.open("wb") as out:
            began = time.perf_counter()
            subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
            seconds = time.perf_counter() - began
        assert answers.read_bytes().count(b"COMPLETE") == pairs
    return pairs / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="the load and nothing beside it")
    asked = parser.parse_args()
    loads, references, curls = [], [], []
    with tempfile.TemporaryDirectory() as name, answering_batches() as port:
        folder = Path(name)
        file = many_pairs(folder, asked.rows)
        for _ in range(asked.rounds):
            loads.append(load(port, file))
            if asked.alone:
                continue
            references.append(reference(file, folder).seconds)
            if shutil.which("curl"):
                curls.append(curl(folder, 20_000))
        with report_of(file).open(encoding="utf-8") as report:
            assert sum(",associated," in line for line in report) == asked.rows
    ours = asked.rows / statistics.median(one.seconds for one in loads)
    print("| what | rows per second | `load` / this |\n| --- | ---: | ---: |")
    sending = asked.rows / statistics.median(one.sending for one in loads)
    print(f"| load --method batch, {max(one.peak for one in loads):.0f} MiB at its peak | {ours:,.0f} | |")
    print(f"| the same to the finished checkpoint | {sending:,.0f} | |")
    rivals = {
        "pandas reads, csv writes": [asked.rows / seconds for seconds in references],
        "curl --parallel, one PUT per pair": curls,
    }
    for name, rates in rivals.items():
        if rates:
            print(f"| {name} | {statistics.median(rates):,.0f} | {ours / statistics.median(rates):.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(_serve())
    elif sys.argv[1:2] == ["reference"]:
        read_and_write(*(Path(os.fspath(path)) for path in sys.argv[2:5]))
    else:
        main()
