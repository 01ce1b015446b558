"""One story of faults: the commands one after another, and what does not hold after each."""

from __future__ import annotations

import asyncio
import os
import random as global_random
import traceback
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

import loader
from loader.commands.result import RunResult
from loader.engine.cancellation import CancelToken
from loader.errors import Interrupted, Stopped, UsageError
from loader.model import Outcome
from tests.campaigns import faults_clock
from tests.campaigns.faults_check import Seen, check_run
from tests.campaigns.faults_server import FaultyServer
from tests.campaigns.faults_story import draw_story, write_rows

_LONGEST = 60.0  # seconds of real time
_MOST_RUNS = 4
#: Seconds of the loop within which a request arrives that had started before a stop.
_ON_ITS_WAY = 6.0
_OF_CONNECTION = ("workers", "max_attempts", "timeout", "outage_timeout", "reserve", "rate")


def play(seed: int, folder: Path) -> tuple[list[str], list[str]]:
    """Play the story of a seed: what does not hold, and what happened."""
    global_random.seed(seed)  # for the loader's jitter
    play = _Play(seed, folder)
    try:
        faults_clock.run(play.tell(), _LONGEST)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever it is, it is what this campaign looks for
        play.faults.append(traceback.format_exc())
    return play.faults, [str(play.story.options), str(play.story.settings), *play.server.log]


class _Play:
    def __init__(self, seed: int, folder: Path) -> None:
        self.faults: list[str] = []
        self.story = draw_story(Random(seed), folder)
        self.server = FaultyServer(seed, self.story.state, self.story.settings, self.story.tempers)
        self.server.patience = self.story.options["timeout"]
        self.server.pairs = sorted({row.pair for row in self.story.rows if row.pair})
        self.server.arrived = self._arrived
        self._random = Random(f"{seed} play")
        self._meanwhile = list(self.story.meanwhile)
        self._meddling = self._random.choice([0.02, 0.2, 1.0])
        self._seen = Seen({}, Counter())
        self._requests = 0
        self._events: dict[int, Any] = {}  # by the number of the request before which they happen
        self._cancelled_at: float | None = None
        self._outages: set[asyncio.Task[None]] = set()

    async def tell(self) -> None:
        """Load until everything is done, then look back and undo."""
        random = self._random
        async with self.server:
            healed = random.randrange(2, _MOST_RUNS + 1)
            for number in range(1, _MOST_RUNS + 1):
                if number == healed:
                    await self._heal()
                if number > 1 and random.random() < 0.15:
                    self._edit_file()
                result = await self._load(number)
                if number >= healed and not _is_over(result):
                    self.faults.append(f"run {number} meets no faults, and is not finished: {result}")
                if self.faults:
                    return
                if result is not None and result.finished and random.random() < 0.7:
                    break
            if random.random() < 0.5:
                self.server.tempers = self.story.tempers
            if random.random() < 0.5:
                await self._verify()
            if random.random() < 0.7 and not self.faults:
                await self._undo()
            await self._heal()

    async def _heal(self) -> None:
        self.server.tempers = {}
        await asyncio.gather(*self._outages)

    def _edit_file(self) -> None:
        """As people do between two runs: sort it, and leave something out or put it back."""
        lines = [row.pair for row in self.story.rows]
        missing = sorted(set(self.server.pairs) - set(lines))
        lines = self._random.sample([*lines, *missing], len(lines) + len(missing))
        write_rows(self.story, lines[: max(1, len(lines) - self._random.randrange(3))])

    def _arrived(self, done: bool) -> None:
        """Other things happen as well, before and after a request is carried out."""
        now = asyncio.get_running_loop().time()
        if self._meanwhile and self._random.random() < self._meddling:
            pair = self._meanwhile.pop()
            if not self.server.exists(pair) and not self.server.ledger.sent[pair]:
                self.story.state.associate(*pair)
                self.server.ledger.made[pair] = now
        self._requests += not done
        event = None if done else self._events.pop(self._requests, None)
        if isinstance(event, float):
            outage = asyncio.create_task(self.server.be_out_of_reach(event))
            self._outages.add(outage)
            outage.add_done_callback(self._outages.discard)
        elif event is not None:
            event.cancel()
            self._cancelled_at = now

    async def _load(self, number: int) -> RunResult | None:
        random, options = self._random, dict(self.story.options)
        if number > 1 and random.random() < 0.2:
            options["retry"] = True
        if self.server.tempers and random.random() < 0.1:
            options["limit"] = random.randrange(1, 20)
        token = CancelToken()
        if self.server.tempers and random.random() < 0.15:
            self._soon(token)
        if self.server.tempers and random.random() < 0.1:
            self._soon(random.choice([0.5, 5.0, 100.0]))
        told: list[Outcome] = []
        files = sorted(os.listdir(self.story.file.parent))
        writes = len(self.server.ledger.writes)
        load = loader.load_async(
            self.story.file,
            from_type="contacts",
            on_outcome=told.append,
            cancel_token=token,
            **self._connection(options),
        )
        result = await self._play(f"load {number}", load)
        if result is not None:
            self._check_told(told)
        elif len(self.server.ledger.writes) != writes and self._cancelled_at is None:
            self.faults.append("it began nothing, and yet something was sent")
        elif number == 1 and (now := sorted(os.listdir(self.story.file.parent))) != files:
            self.faults.append(f"it began nothing, and yet there are new files: {now}")
        return result

    def _soon(self, event: Any) -> None:
        self._events[self._requests + self._random.randrange(1, 30)] = event

    def _check_told(self, told: list[Outcome]) -> None:
        lines = {line["row"]: line for line in self._seen.lines.values() if line["row"]}
        if len({outcome.pair[1:5] for outcome in told}) != len(told):
            self.faults.append("an outcome was told twice")
        for outcome in told:
            if str(outcome.status) != lines[str(outcome.pair.row)]["status"]:
                self.faults.append(f"told {outcome}, and the report says {lines[str(outcome.pair.row)]}")

    async def _verify(self) -> None:
        await self._play("verify", loader.verify_async(self.story.file, **self._of_connection()))

    async def _undo(self) -> None:
        """Some pairs gain a label before it."""
        server, story = self.server, self.story
        labelled = self._random.sample(server.pairs, len(server.pairs) // 5)
        for pair in labelled:
            if server.exists(pair):
                story.state.associate(*pair, label="Later", default=False)
        kept = [
            pair
            for pair in [*story.before, *labelled, *server.ledger.made]
            if pair in labelled or self._seen.lines.get(pair, {}).get("existed_before") != "no"
        ]
        before = {pair: server.state.types_between(*pair) for pair in kept}
        await self._play("undo", loader.undo_async(story.file, **self._of_connection()))
        for pair, types in before.items():
            if (now := server.state.types_between(*pair)) != types:
                self.faults.append(f"undo: {pair} had {types}, and has {now}")

    def _of_connection(self) -> dict[str, Any]:
        return self._connection({name: self.story.options[name] for name in _OF_CONNECTION})

    def _connection(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "base_url": self.server.url, "token": "a-token-of-the-campaign"}

    async def _play(self, name: str, command: Coroutine[Any, Any, RunResult]) -> RunResult | None:
        """Run a command and check what it left; None if it did not begin."""
        server = self.server
        server.log.append(f"--- {name}{'' if server.tempers else ', without faults'}")
        server.ledger.token_refused = self._cancelled_at = None
        try:
            result = await command
        except (UsageError, Interrupted, Stopped) as refused:
            server.log.append(f"    {type(refused).__name__}: {refused}")
            if isinstance(refused, Interrupted) and self._cancelled_at is None:
                self.faults.append(f"{name}: interrupted, and nothing cancelled it")
            return None
        finally:
            self._events.clear()
        ended = result.stopped.reason if result.stopped else "cancelled" if result.interrupted else ""
        server.log.append(f"    exit {result.exit_code} {ended} {dict(result.counts)}")
        for stop in (server.ledger.token_refused, self._cancelled_at):
            if stop and (late := [at for at in server.ledger.writes if at > stop + _ON_ITS_WAY]):
                self.faults.append(f"{name}: {len(late)} requests after the stop at {stop}: {late}")
        self._seen, faults = check_run(self.story, server, result, self._seen, name.partition(" ")[0])
        self.faults += [f"{name}: {fault}" for fault in faults]
        return result


def _is_over(result: RunResult | None) -> bool:
    """Whether a run without faults came to its end: only pairs that are refused may stop it."""
    if result is None or result.finished:
        return result is not None
    return result.stopped is not None and result.stopped.reason in ("too_many_failures", "no_read_access")
