"""`assoc-loader simulator`: serves a HubSpot simulator until Ctrl-C."""

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
    help="Port on 127.0.0.1; 0 for any free one.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(0),
    default=190,
    show_default=True,
    metavar="N",
    help="Requests per ten seconds; 0 for no limit.",
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
    help="Requests per day; 0 for no limit.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Maximum seconds per answer.",
)
@click.option(
    "--batch-failure",
    type=click.Choice(["207", "200", "400"]),
    default="207",
    show_default=True,
    help="Status of a batch in which some pairs are bad.",
)
@click.option("--magic", is_flag=True, help="List the magic record IDs and exit.")
def simulator(port: int, magic: bool, daily_limit: int, latency: float, **options: Any) -> None:
    """Serve a HubSpot simulator on this machine, to practise with.

    Use it with --base-url http://127.0.0.1:8080 and any token; Ctrl-C ends it. Magic record IDs make faults
    happen: 9000404000001 is always 404, and 9000503002001 is 503 twice, then a success. --magic lists them.
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
            raise UsageError(
                f"port {port} can't be used: {error.strerror}", "Choose another --port."
            ) from error
