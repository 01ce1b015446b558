"""A process that writes a checkpoint until it is told to stop, and says what it does: a victim for faults.

    python -m tests.support.checkpoint_writer CHECKPOINT PATIENCE

Pairs go by twenties. It prints ``recorded FIRST LAST`` once a record has returned, ``sent FIRST LAST`` before
results come in, ``committed N`` (of all that came in, in order), ``trouble WHY`` and ``stopped REASON``.
It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from loader.checkpoint import Checkpoint, CheckpointJournal
from loader.errors import Stopped
from loader.model import Outcome, OutcomeGroup, Pair, Status

_SIZE = 20


def pair(one: int) -> Pair:
    """The pair with this ID; a third of all were found to exist before."""
    return Pair(one, "contacts", str(10**10 + one), "companies", str(one % 7 + 1), "", one)


def existed_before(first: int) -> str:
    """What was found of the twenty pairs from this one on."""
    return ("no", "yes", "")[first // _SIZE % 3]


def status(one: int) -> Status:
    """What becomes of a pair."""
    return Status.FAILED if one % 5 == 0 else Status.ASSOCIATED


async def write(path: Path, patience: float) -> None:
    """Write until standard input ends."""
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    with Checkpoint(path, may_create=True) as checkpoint:
        run = checkpoint.begin_run("load")
        settled, first = 0, checkpoint.next_id
        journal = CheckpointJournal(
            checkpoint, on_trouble=lambda why: say("trouble", why), patience=patience, retry_interval=0.05
        )
        try:
            while not ended.is_set():
                pairs = [pair(one) for one in range(first, first + _SIZE)]
                await journal.record(pairs, existed_before(first))
                say("recorded", first, pairs[-1].id)
                say("committed", settled - journal.backlog)
                say("sent", first, pairs[-1].id)
                for one in pairs:
                    journal.settle(OutcomeGroup([one], Outcome(one, status(one.id), 1.0, 200, 1)))
                settled, first = settled + _SIZE, first + _SIZE
            await asyncio.to_thread(journal.close)
            say("committed", settled - journal.backlog)
            checkpoint.end_run(run, exit_code=0)
        except Stopped as stopped:
            say("stopped", stopped.reason)
            try:
                await asyncio.to_thread(journal.close)
            except Stopped:
                say("committed", settled - journal.backlog)


def say(*words: object) -> None:
    """Print at once."""
    print(*words, flush=True)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), float(sys.argv[2])))
