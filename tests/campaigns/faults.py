"""Random faults: `python -m tests.campaigns.faults [--stories N] [--seed N] [--only SEED]`.

Each story has a file of some pairs and a server that answers a part of the requests wrongly, in all the ways
that its seed draws, at each endpoint. The file is loaded, by either method, with and without looking first,
cancelled, loaded again, verified and undone, through real sockets and in hurrying time. After each run the report
and the checkpoint are held against what the server stores and what it answered. Which faults meet whom depends
on the seed alone; the order of requests also depends on the machine, so a broken story may need several tries.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random as global_random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import loader
from loader.commands import RunResult
from loader.engine.cancellation import CancelToken
from loader.errors import Interrupted, Stopped, UsageError
from tests.campaigns import faults_clock
from tests.campaigns.faults_check import Seen, check_run
from tests.campaigns.faults_server import FaultyServer
from tests.campaigns.faults_story import Story, draw_story

_LONGEST_STORY = 60.0  # seconds of real time
_MOST_RUNS = 4
#: Seconds within which no request may start any more after a stop: what is on its way arrives within them.
_ON_ITS_WAY = 3.0


class Teller:
    """Plays one story: the commands one after another, and what does not hold after each."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.faults: list[str] = []
        self.said: list[str] = []
        self._random = Random(seed)
        self._story = draw_story(self._random, folder)
        self._server = FaultyServer(seed, self._story.state, self._story.settings, self._story.tempers)
        self._server.patience = self._story.options["timeout"]
        self._server.pairs = sorted({row.pair for row in self._story.rows if row.pair})
        self._server.arrived = self._arrived
        self._meanwhile = list(self._story.meanwhile)
        self._meddling = self._random.choice([0.02, 0.2, 1.0])
        self._seen = Seen({}, Counter())
        self._cancel: tuple[int, CancelToken] | None = None
        self._cancelled_at: float | None = None

    async def tell(self) -> None:
        """Play it."""
        random = self._random
        async with self._server:
            healing = random.randrange(2, _MOST_RUNS + 1)
            for number in range(1, _MOST_RUNS + 1):
                if number == healing:
                    self._server.tempers = {}
                result = await self._load(number)
                if self.faults:
                    return
                if result is not None and result.finished and random.random() < 0.7:
                    break
                if number >= healing and not _is_over(result):
                    self.faults.append(f"run {number} is healed, and not finished: {result}")
            if random.random() < 0.5:
                self._server.tempers = self._story.tempers
            if random.random() < 0.5:
                await self._verify()
            if random.random() < 0.7 and not self.faults:
                await self._undo()

    def _arrived(self, done: bool) -> None:
        """Another integration works as well, before and after a request is carried out."""
        if self._meanwhile and self._random.random() < self._meddling:
            pair = self._meanwhile.pop()
            if not self._server.exists(pair) and not self._server.ledger.sent[pair]:
                self._story.state.associate(*pair)
                self._server.ledger.made[pair] = asyncio.get_running_loop().time()
        if self._cancel is not None and not done:
            left, token = self._cancel
            self._cancel = left - 1, token
            if left == 0:
                token.cancel()
                self._cancelled_at = asyncio.get_running_loop().time()

    async def _load(self, number: int) -> RunResult | None:
        random, options = self._random, dict(self._story.options)
        if number > 1 and random.random() < 0.2:
            options["retry"] = True
        token = CancelToken()
        if number < _MOST_RUNS and random.random() < 0.15 and self._server.tempers:
            self._cancel = random.randrange(30), token
        told: list[Any] = []
        written = sorted(os.listdir(self._story.file.parent))
        sent = len(self._server.ledger.writes)
        result = await self._play(
            f"load {number}",
            lambda: loader.load_async(
                self._story.file,
                from_type="contacts",
                on_outcome=told.append,
                cancel_token=token,
                **self._connection(options),
            ),
        )
        self._cancel = None
        if result is None and not self.faults:
            if len(self._server.ledger.writes) != sent:
                self.faults.append("a UsageError, and yet something was sent")
            if (files := sorted(os.listdir(self._story.file.parent))) != written:
                self.faults.append(f"a UsageError, and yet there are new files: {files}")
        if result is not None:
            self._check_told(told)
        return result

    def _check_told(self, told: list[Any]) -> None:
        lines = {line["row"]: line for line in self._seen.lines.values()}
        if len({outcome.pair[1:5] for outcome in told}) != len(told):
            self.faults.append("an outcome was told twice")
        for outcome in told:
            if str(outcome.status) != lines[str(outcome.pair.row)]["status"]:
                self.faults.append(f"told {outcome}, and the report says {lines[str(outcome.pair.row)]}")

    async def _verify(self) -> None:
        options = {name: value for name, value in self._story.options.items() if name in _OF_CONNECTION}
        await self._play("verify", lambda: loader.verify_async(self._story.file, **self._connection(options)))

    async def _undo(self) -> None:
        server, story, random = self._server, self._story, self._random
        labelled = random.sample(server.pairs, len(server.pairs) // 5)
        for pair in labelled:
            if server.exists(pair):
                story.state.associate(*pair, label="Later", default=False)
        keep = {
            pair: server.state.types_between(*pair)
            for pair in [*story.before, *labelled, *server.ledger.made]
        }
        options = {name: value for name, value in story.options.items() if name in _OF_CONNECTION}
        before = self._seen
        await self._play("undo", lambda: loader.undo_async(story.file, **self._connection(options)))
        for pair, types in keep.items():
            ours = before.lines.get(pair, {}).get("existed_before") == "no" and pair not in labelled
            if not ours and server.state.types_between(*pair) != types:
                self.faults.append(f"undo: {pair} had {types}, has {server.state.types_between(*pair)}")

    def _connection(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "base_url": self._server.url, "token": "a-token-of-the-campaign"}

    async def _play(self, name: str, command: Callable[[], Awaitable[RunResult]]) -> RunResult | None:
        """Run a command and check what it left; None if it refused to begin."""
        server = self._server
        server.log.append(f"--- {name} {'' if server.tempers else '(healed)'}")
        server.ledger.token_refused = self._cancelled_at = None
        try:
            result = await command()
        except (UsageError, Interrupted, Stopped) as refused:
            server.log.append(f"    {type(refused).__name__}: {refused}")
            if isinstance(refused, Interrupted) and self._cancelled_at is None:
                self.faults.append(f"{name}: interrupted, and nobody cancelled it")
            return None
        stopped = result.stopped.reason if result.stopped else result.interrupted
        server.log.append(f"    {result.exit_code} {stopped} {dict(result.counts)}")
        stops = [at for at in (server.ledger.token_refused, self._cancelled_at) if at is not None]
        if stops and (late := [at for at in server.ledger.writes if at > min(stops) + _ON_ITS_WAY]):
            self.faults.append(f"{name}: {len(late)} requests after the stop at {min(stops)}: {late}")
        self._seen, faults = check_run(self._story, server, result, self._seen, name.partition(" ")[0])
        self.faults += [f"{name}: {fault}" for fault in faults]
        return result

    @property
    def log(self) -> list[str]:
        """What the server answered."""
        return [str(self._story.options), str(self._story.settings), *self._server.log]


def _is_over(result: RunResult | None) -> bool:
    """Whether a run without faults came to its end: only pairs that are refused may stop it."""
    if result is None or result.finished:
        return result is not None
    return result.stopped is not None and result.stopped.reason in ("too_many_failures", "no_read_access")


_OF_CONNECTION = frozenset({"workers", "max_attempts", "timeout", "outage_timeout", "reserve", "rate"})


def play(seed: int, folder: Path) -> tuple[list[str], list[str]]:
    """Play the story of a seed: what does not hold, and what happened."""
    global_random.seed(seed)  # the loader's jitter
    teller = Teller(seed, folder)
    try:
        faults_clock.run(teller.tell(), _LONGEST_STORY)
    except BaseException:  # whatever it is, it is what this campaign looks for
        if sys.exc_info()[0] is KeyboardInterrupt:
            raise
        teller.faults.append(traceback.format_exc())
    return teller.faults, teller.log


def campaign(seed: int, stories: int, tell: Callable[[str], None], parallel: int = 4) -> list[int]:
    """Play so many stories, some at the same time since all wait a lot; return the seeds of the broken ones."""

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
    seconds = time.perf_counter() - began
    tell(f"{stories} stories in {seconds:.0f} s, {len(broken)} broken: {broken}")
    return broken


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.faults", description=__doc__)
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="SEED", help="play this story and show what happened")
    options = parser.parse_args()
    if options.only is None:
        return int(bool(campaign(options.seed, options.stories, lambda line: print(line, flush=True))))
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        faults, log = play(options.only, Path(folder))
    print("\n".join([*log, *faults]))
    return int(bool(faults))


if __name__ == "__main__":
    gc.set_threshold(50_000)
    sys.exit(main())
