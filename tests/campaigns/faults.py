"""Random faults: `python -m tests.campaigns.faults [--stories N] [--seed N] [--only SEED]`.

Each story has a file of some pairs, and a server that answers a part of the requests wrongly, at each
endpoint in the ways that its seed draws. The file is loaded, by either method, with and without looking
first; cancelled, edited, loaded again, verified and undone; through real sockets and in hurrying time. After
each run the report and the checkpoint are held against what the server stores and what it answered. The
faults depend on the seed alone, the order of requests also on the machine: a story may not break each time.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.campaigns.faults_play import play


def campaign(seed: int, stories: int, tell: Callable[[str], None], parallel: int = 4) -> list[int]:
    """Play so many stories, some at a time since all wait a lot; return the seeds of the broken ones."""

    def play_in_folder(number: int) -> list[str]:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            return play(number, Path(folder))[0]

    broken: list[int] = []
    began = time.perf_counter()
    with ThreadPoolExecutor(parallel) as pool:
        for number, faults in enumerate(pool.map(play_in_folder, range(seed, seed + stories)), seed):
            if faults:
                broken.append(number)
                tell(f"story {number}: {faults[0]}")
    tell(f"{stories} stories in {time.perf_counter() - began:.0f} s, {len(broken)} broken: {broken}")
    return broken


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.faults", description=__doc__)
    parser.add_argument("--stories", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, metavar="SEED", help="play this story and show what happened")
    options = parser.parse_args()
    logging.disable()  # of the loader and of the server whose connections break
    if options.only is None:
        print(f"seed {options.seed}")
        return int(bool(campaign(options.seed, options.stories, lambda line: print(line, flush=True))))
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        faults, log = play(options.only, Path(folder))
    print("\n".join([*log, *faults]))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
