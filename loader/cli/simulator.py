"""`assoc-loader simulator`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from loader.errors import UsageError


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(0),
    default=190,
    show_default=True,
    metavar="N",
    help="Requests per ten seconds; 0 lifts the limit.",
)
@click.option(
    "--window",
    type=click.Choice(["rolling", "fixed"]),
    default="rolling",
    show_default=True,
    help="How the ten seconds are counted.",
)
@click.option(
    "--daily-limit",
    type=click.IntRange(0),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="Requests per day; 0 for none.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest time that an answer takes.",
)
@click.option(
    "--batch-failure",
    type=click.Choice(["207", "200", "400"]),
    default="207",
    show_default=True,
    help="How a batch answers when some of its pairs are bad.",
)
@click.option("--magic", is_flag=True, help="Print the magic record IDs and leave.")
def simulator(port: int, magic: bool, daily_limit: int, latency: float, **options: Any) -> None:
    """Serve a HubSpot simulator on loopback, to practise on.

    Use it with --base-url http://127.0.0.1:8080 and any token. It ends with Ctrl-C. Magic record IDs make
    each fault happen: 9000404000001 is 404 every time, 9000503002001 is 503 twice, then a success (--magic).
    """
    import asyncio

    from loader.simulator import SimulatorSettings, magic_table, serve

    if magic:
        for record_id, meaning in magic_table():
            click.echo(f"{record_id:<16} {meaning}")
        return
    settings = SimulatorSettings(latency=(0.0, latency), daily_limit=daily_limit or None, **options)
    with suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve(settings, "127.0.0.1", port, click.echo))
        except OSError as error:
            raise UsageError(f"port {port} can't be used: {error.strerror}", "Say another --port.") from error
