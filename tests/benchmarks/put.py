"""What `load` by PUT costs per row: `python -m tests.benchmarks.put [--rows N] [--rounds N] [--sdk PYTHON]`.

The server has the first core, each client in turn the second. Rounds are interleaved, so that a busy machine
slows everyone; the figures are medians, and the ratios are medians of the rounds' ratios. `--sdk` names an
interpreter that has hubspot-api-client. Then, with answers that take 100 ms, how near 64 requests in flight
come to 640 a second. It prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from statistics import median

from tests.benchmarks.fast_server import pinned, serving

WORKERS = 64
_SDK = "hubspot-api-client"
_SDK_THREADS = 8
_SLOW_ANSWER = 0.1  # seconds

#: By client: rows per second of each round, by what was timed.
Rates = dict[str, dict[str, list[float]]]


def rates_of(
    names: list[str], rows: int, rounds: int, *, delay: float = 0.0, sdk: str = sys.executable
) -> Rates:
    """Run the named clients in turn, `rounds` times, against answers that take `delay` seconds."""
    rates: Rates = {name: defaultdict(list) for name in names}
    with serving(delay) as url:
        for _ in range(rounds):
            for name in names:
                for what, rate in _run(name, url, rows, sdk).items():
                    rates[name][what].append(rate)
    return rates


def ratio(rates: Rates, what: str, than: str, than_what: str = "sending") -> float:
    """How many times faster `load` is than another client."""
    pairs = zip(rates["load"][what], rates[than][than_what], strict=True)
    return median(ours / theirs for ours, theirs in pairs)


def _run(name: str, url: str, rows: int, sdk: str) -> dict[str, float]:
    python, workers = (sdk, _SDK_THREADS) if name == _SDK else (sys.executable, WORKERS)
    if name == _SDK:
        rows //= 5  # it is slow
    command = [python, "-m", "tests.benchmarks.put_clients", name, url, str(rows), str(workers)]
    answer = subprocess.run([*pinned(1), *command], check=True, stdout=subprocess.PIPE, text=True)
    rates: dict[str, float] = json.loads(answer.stdout)
    return rates


def main() -> None:
    """Measure and print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--sdk", metavar="PYTHON", help=f"an interpreter that has {_SDK}")
    given = arguments.parse_args()
    rivals = ["bare aiohttp pool", "aiohttp as people write it", *([_SDK] if given.sdk else [])]
    rates = rates_of(["load", *rivals], given.rows, given.rounds, sdk=given.sdk or sys.executable)
    print("| client | requests per second | `load` / client, whole run | `load` / client, sending |")
    print("| --- | ---: | ---: | ---: |")
    for what in ("whole", "sending"):
        print(f"| `load`, {what} | {median(rates['load'][what]):,.0f} | | |")
    for name in rivals:
        print(
            f"| {name} | {median(rates[name]['sending']):,.0f} "
            f"| {ratio(rates, 'whole', name):.3f} | {ratio(rates, 'sending', name):.3f} |"
        )
    ceiling = WORKERS / _SLOW_ANSWER
    rows = -(-given.rows // WORKERS) * WORKERS  # a short last round would take as long
    slow = rates_of(["load", rivals[0]], rows, 1, delay=_SLOW_ANSWER)
    print(f"\n| answers that take {_SLOW_ANSWER * 1000:.0f} ms | requests per second | of {ceiling:.0f} |")
    print("| --- | ---: | ---: |")
    for name, by_what in slow.items():
        rate = median(by_what["sending"])
        print(f"| {name} | {rate:.1f} | {rate / ceiling:.1%} |")


if __name__ == "__main__":
    main()
