"""The options that commands share. Only click is imported here: `--help` must not wait for pandas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def stacked(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help page."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def statuses_of(text: str) -> frozenset[str]:
    """The words of `--only`, none of an empty value, which the settings refuse."""
    return frozenset(word.strip().lower() for word in text.split(",") if word.strip())


INPUT = click.argument("input", metavar="INPUT", type=click.Path(path_type=str, allow_dash=True))

#: How the input is read: which columns, which types, which dialect.
READING = stacked(
    click.option(
        "--from-type",
        metavar="TYPE",
        help="Object type of the from-IDs (contacts, 0-1) where the file has none, or its cell is empty.",
    ),
    click.option("--to-type", metavar="TYPE", help="Object type of the to-IDs."),
    click.option("--from-column", metavar="NAME", help="Column of the from-IDs.  [default: from_object_id]"),
    click.option("--to-column", metavar="NAME", help="Column of the to-IDs.  [default: to_object_id]"),
    click.option(
        "--from-type-column", metavar="NAME", help="Column of the from-types.  [default: from_object_type]"
    ),
    click.option(
        "--to-type-column", metavar="NAME", help="Column of the to-types.  [default: to_object_type]"
    ),
    click.option(
        "--delimiter",
        default="auto",
        show_default=True,
        metavar="CHAR",
        help="One character, 'tab', or 'auto' (comma, semicolon, tab, pipe).",
    ),
    click.option(
        "--encoding",
        default="auto",
        show_default=True,
        metavar="CODEC",
        help="Any Python codec, or 'auto': byte-order marks decide, else UTF-8.",
    ),
)

#: Who is asked, with which credentials.
CONNECTING = stacked(
    click.option(
        "--account-id",
        type=int,
        metavar="N",
        help="Refuse to start unless the token belongs to this HubSpot account.",
    ),
    click.option(
        "--base-url",
        default="https://api.hubapi.com",
        show_default=True,
        metavar="URL",
        help="API host; EU accounts may need https://api-eu1.hubapi.com.",
    ),
    click.option(
        "--api-version", default="2025-09", show_default=True, metavar="VERSION", help="Dated API version."
    ),
    click.option(
        "--token-file",
        metavar="PATH",
        type=click.Path(path_type=str, allow_dash=True),
        help="Read the access token from a file ('-': standard input) instead of HUBSPOT_ACCESS_TOKEN.",
    ),
)

#: How hard to try, and how fast.
SENDING = stacked(
    click.option(
        "--rate",
        default="auto",
        show_default=True,
        metavar="N/S",
        help="'auto' follows the account's limit; N/S is at most N requests per S seconds.",
    ),
    click.option(
        "--workers",
        type=int,
        default=100,
        show_default=True,
        metavar="N",
        help="Most requests under way at once.",
    ),
    click.option(
        "--max-attempts",
        type=int,
        default=8,
        show_default=True,
        metavar="N",
        help="Tries per row for passing faults.",
    ),
    click.option(
        "--timeout",
        type=float,
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="Time that one request may take.",
    ),
    click.option(
        "--outage-timeout",
        type=float,
        default=300.0,
        show_default=True,
        metavar="SECONDS",
        help="Time without any answer before the run stops.",
    ),
    click.option(
        "--reserve",
        type=float,
        default=0.0,
        show_default=True,
        metavar="PERCENT",
        help="Share of the short-term and the daily limit that is left to other integrations.",
    ),
    click.option(
        "--wait-for-daily-reset",
        is_flag=True,
        help="Sleep through an exhausted daily limit instead of stopping.",
    ),
)

TALKING = stacked(
    click.option("--json", is_flag=True, help="Print the result on standard output as one JSON object."),
    click.option("-q", "--quiet", count=True, help="Less on standard error."),
    click.option("-v", "--verbose", count=True, help="More on standard error."),
)
