"""The options of all commands, each declared once. Only click is imported, so that `--help` is quick."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from loader.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

#: Headings of a help page, in order.
GROUPS = ("Input", "Output", "Safety", "Speed", "Connection")


class GroupedOption(click.Option):
    """An option that knows the heading under which a help page lists it."""

    def __init__(self, *args: Any, group: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click's, with a flag and its opposite in short: ``--[no-]allow-empty``."""
        record = super().get_help_record(ctx)
        return record and (re.sub(r"--([a-z-]+) / --no-\1", r"--[no-]\1", record[0]), record[1])


class GroupedCommand(click.Command):
    """A command whose help page lists its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                lines.setdefault(getattr(param, "group", "Other"), []).append(record)
        for heading, records in lines.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records, col_max=32)


class _Number(click.ParamType):  # type: ignore[type-arg]
    """A number; an error names the value first."""

    def __init__(self, kind: type[int] | type[float], example: str) -> None:
        self.name = kind.__name__
        self._kind, self._example = kind, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:
        try:
            return self._kind(value)
        except ValueError:
            kind = "a whole number" if self._kind is int else "a number"
            raise UsageError(f"{invalid(value, param)}: use {kind}, for example {self._example}") from None


class _Choice(click.Choice[str]):
    """One of a few words; an error names the value first."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise UsageError(f"{invalid(value, param)}: use {' or '.join(self.choices)}")
        return str(value)


def invalid(value: object, param: click.Parameter | None) -> str:
    """``Invalid --workers 'x'``."""
    return f"Invalid {max(param.opts, key=len) if param else 'value'} {value!r}"


_PATH = click.Path(path_type=str, allow_dash=True)
#: An option without its heading: its spellings, and the arguments for click.
_Spec = tuple[tuple[str, ...], dict[str, Any]]


def _flag(name: str, text: str, short: str = "", **more: Any) -> _Spec:
    return (*filter(None, [short]), name), {"help": text, "is_flag": True, **more}


def _count(name: str, text: str, short: str) -> _Spec:
    return (short, name), {"help": text, "count": True}


def _text(name: str, metavar: str, text: str, default: str | None = None) -> _Spec:
    told = {"metavar": metavar, "default": default, "show_default": default is not None}
    return (name,), {"help": text, **told}


def _path(name: str, text: str, short: str = "") -> _Spec:
    return (*filter(None, [short]), name), {"help": text, "metavar": "PATH", "type": _PATH}


def _number(name: str, text: str, kind: _Number, default: int | None = None, metavar: str = "N") -> _Spec:
    told = {"metavar": metavar, "type": kind, "default": default, "show_default": default is not None}
    return (name,), {"help": text, **told}


_WHOLE, _SECONDS = _Number(int, "100"), _Number(float, "30")

_TABLE: dict[str, tuple[_Spec, ...]] = {
    "Input": (
        _text("--from-type", "TYPE", "Object type of the first ID, such as contacts."),
        _text("--to-type", "TYPE", "Object type of the second ID."),
        _text("--from-column", "NAME", "Column of the first ID.  [default: found]"),
        _text("--to-column", "NAME", "Column of the second ID.  [default: found]"),
        _text("--from-type-column", "NAME", "Column of the first type.  [default: found]"),
        _text("--to-type-column", "NAME", "Column of the second type."),
        _text("--delimiter", "CHAR", "One character, 'tab' or 'auto'.", "auto"),
        _text("--encoding", "CODEC", "A Python codec, or 'auto'.", "auto"),
        _text("--sheet", "NAME", "Worksheet of an .xlsx.  [default: first]"),
        _flag(
            "--allow-empty/--no-allow-empty",
            "Accept rows without an ID.",
            default=None,
        ),
        _flag("--trust-quotes", "Treat multi-line quoted cells as text."),
    ),
    "Output": (
        _path("--report", "The report.  [default: STEM.report.csv beside INPUT]", "-o"),
        _path("--checkpoint", "The checkpoint.  [default: beside the report]"),
        _path("--html", "Also write the summary as one self-contained page."),
        _flag("--overwrite", "Rename an earlier load's files and start over."),
        _flag("--json", "Print the result as one JSON object."),
        _path("--log-file", "Append a JSON line for each request and decision."),
        _count("--quiet", "Less on standard error.", "-q"),
        _count("--verbose", "More on standard error.", "-v"),
    ),
    "Safety": (
        _flag("--dry-run", "Do what `check` does: send nothing."),
        _flag("--online", "Also ask HubSpot, without writing."),
        _number("--limit", "Send at most N pairs in this run.", _WHOLE),
        _number("--account-id", "Refuse a token of another HubSpot account.", _Number(int, "62515")),
        _flag("--skip-existing", "Look first; send, and later undo, the new only."),
        _flag("--retry", "Send again what failed or is missing."),
        _flag("--not-in-input", "Only pairs that are no longer in the input."),
        _flag("--yes", "Don't ask before it starts.", "-y"),
        _number("--stop-after-failures", "Stop when N in a row are refused.", _WHOLE, 100),
    ),
    "Speed": (
        (
            ("--method",),
            {
                "help": "One pair per request, or 2,000.",
                "type": _Choice(["put", "batch"]),
                "default": "put",
                "show_default": True,
            },
        ),
        _text("--rate", "N/S", "N requests per S seconds at most.", "auto"),
        _number("--reserve", "Share of the limits to leave to others.", _Number(float, "20"), 0, "PERCENT"),
        _number("--workers", "Maximum requests in flight.", _WHOLE, 100),
        _number("--max-attempts", "Maximum attempts per pair.", _WHOLE, 8),
        _number("--timeout", "Longest time for one request.", _SECONDS, 30, "SECONDS"),
        _number("--outage-timeout", "Stop after this long with no answer.", _SECONDS, 300, "SECONDS"),
        _flag("--wait-for-daily-reset", "Sleep through a used-up daily limit."),
    ),
    "Connection": (
        _path("--token-file", "File with the access token ('-': stdin)."),
        _text("--base-url", "URL", "API host.", "https://api.hubapi.com"),
        _text("--api-version", "VERSION", "Dated API version.", "2025-09"),
        _flag("--simulate", "Use a simulator in this process: no token."),
    ),
}

READING = (
    *("from-type", "to-type", "from-column", "to-column", "from-type-column", "to-type-column"),
    *("delimiter", "encoding", "sheet", "allow-empty", "trust-quotes"),
)
FILES = ("report", "checkpoint", "overwrite")
REQUESTS = (
    *("rate", "reserve", "workers", "max-attempts", "timeout", "outage-timeout", "wait-for-daily-reset"),
    *("account-id", "token-file", "base-url", "api-version"),
)
TALKING = ("json", "log-file", "quiet", "verbose")

INPUT = click.argument("input", metavar="INPUT", type=_PATH)
PATH = click.argument("path", metavar="PATH", type=_PATH)


def options(*names: str) -> Callable[[Command], Command]:
    """These options (``from-type`` …) as one decorator; a help page has them in the table's order."""
    wanted = set(names)
    chosen = [
        click.option(*spellings, cls=GroupedOption, group=group, **more)
        for group, specs in _TABLE.items()
        for spellings, more in specs
        if spellings[-1].split("/")[0].removeprefix("--") in wanted
    ]

    def decorate(command: Command) -> Command:
        for option in reversed(chosen):
            command = option(command)
        return command

    return decorate
