"""`report`: the input joined with the checkpoint, written again."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from loader.commands.observer import Observer
from loader.commands.result import RunResult
from loader.commands.run import open_load, progress_of
from loader.engine.cancellation import CancelToken
from loader.errors import InputError


async def run_report(
    path: str, *, observer: Observer | None = None, cancel_token: CancelToken | None = None
) -> RunResult:
    """Write the report of the load of this input, report or checkpoint. Raises UsageError."""
    observer, cancel_token = observer or Observer(), cancel_token or CancelToken()
    with ExitStack() as stack:
        progress = progress_of(observer, cancel_token)
        load = await asyncio.to_thread(open_load, path, "report", stack, observer, progress)
        if load.read is None:
            raise InputError(
                f"The input of this load can't be read: {load.files.input}",
                "The report is written from it. Put it back, then run the same command again. "
                "The checkpoint still has every pair that was sent: `summary` counts them.",
            )
        run = await asyncio.to_thread(load.begin, "report", None)
        return await run.finish(None, lambda summary: summary.exit_code)
