"""How long a person waits for `--help`: `python -m tests.benchmarks.startup [--rounds N]`.

Against an interpreter that imports click and nothing else. Rounds are interleaved, figures are medians. It
prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median

_CLICK = "an interpreter that imports click"
_COMMANDS = {
    _CLICK: ("-c", "import click"),
    "--version": ("-m", "loader", "--version"),
    "--help": ("-m", "loader", "--help"),
    "load --help": ("-m", "loader", "load", "--help"),
}


def seconds_to_start(rounds: int) -> dict[str, list[float]]:
    """Seconds from start to end of each command, for each round."""
    seconds: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(rounds):
        for name, arguments in _COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def ratios(seconds: dict[str, list[float]]) -> dict[str, float]:
    """How many times longer than click alone each of our commands takes."""
    return {
        name: median(ours / click for ours, click in zip(of_name, seconds[_CLICK], strict=True))
        for name, of_name in seconds.items()
        if name != _CLICK
    }


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=21)
    seconds = seconds_to_start(arguments.parse_args().rounds)
    times_click = {_CLICK: 1.0, **ratios(seconds)}
    print("| command | milliseconds | times click |")
    print("| --- | ---: | ---: |")
    for name, of_name in seconds.items():
        print(f"| {name} | {median(of_name) * 1000:.0f} | {times_click[name]:.2f} |")


if __name__ == "__main__":
    main()
