"""The program: its commands, and what every command does with an error."""

from __future__ import annotations

import gc
import os
import signal
import sys
from difflib import get_close_matches
from types import FrameType
from typing import NoReturn

import click

from loader.cli.check import check
from loader.cli.console import accept_every_character, print_error
from loader.cli.load import load
from loader.cli.report import report
from loader.cli.simulator import simulator
from loader.cli.summary import summary
from loader.cli.undo import undo
from loader.cli.verify import verify
from loader.errors import LoaderError, UsageError
from loader.version import __version__

_AGAIN = "Run the same command again."
#: What people type, and what it is called here.
_COMMANDS_MEANT = {
    "status": "summary PATH",
    "show": "summary PATH",
    "resume": "load INPUT, the same command as before",
    "continue": "load INPUT, the same command as before",
    "run": "load INPUT",
    "import": "load INPUT",
    "associate": "load INPUT",
    "retry": "load INPUT --retry",
    "dry-run": "check INPUT",
    "validate": "check INPUT",
    "export": "report PATH",
    "delete": "undo PATH",
    "remove": "undo PATH",
    "rollback": "undo PATH",
    "revert": "undo PATH",
    "sandbox": "simulator",
    "version": "--version",
}
_OPTIONS_MEANT = {
    "--only": "--retry, which sends again what failed, gave up, was removed or is missing",
    "--sandbox": "--simulate",
    "--output": "--report",
    "--out": "--report",
    "--resume": "the same command as before: it resumes",
    "--force": "--overwrite",
    "--token": "--token-file PATH, or the environment variable HUBSPOT_ACCESS_TOKEN",
    "--access-token": "--token-file PATH, or the environment variable HUBSPOT_ACCESS_TOKEN",
    "--concurrency": "--workers",
    "--batch": "--method batch",
}
_EPILOG = """\b
Start here:
  assoc-loader load pairs.csv --from-type contacts --to-type deals --simulate
  assoc-loader load pairs.csv --from-type contacts --to-type deals --limit 10
The first practises against a HubSpot simulator, the second is a real pilot;
run it again without --limit to load the rest.

\b
Exit codes:
  0    all pairs taken up so far are associated, existing, duplicate or empty
  1    some are failed, gave_up, invalid, removed, missing or unknown
  2    nothing was sent: something must be fixed first
  3    stopped before the end; run the same command again to resume
  130  interrupted by Ctrl-C (143: SIGTERM); run it again to resume
"""


class Program(click.Group):
    """The commands; an unknown name is answered with the command that was probably meant."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name. Raises UsageError, except while a shell completes a name."""
        command = super().get_command(ctx, cmd_name)
        if command is None and not ctx.resilient_parsing and not cmd_name.startswith("-"):
            near = get_close_matches(cmd_name, self.list_commands(ctx), n=1)
            meant = _COMMANDS_MEANT.get(cmd_name.lower()) or (near[0] if near else "")
            advice = f"use assoc-loader {meant}" if meant else f"use one of {', '.join(self.commands)}"
            raise UsageError(f"There is no command {cmd_name!r}: {advice}")
        return command


@click.group(
    cls=Program,
    epilog=_EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "ASSOC_LOADER",
        "max_content_width": 100,
    },
)
@click.version_option(__version__, prog_name="assoc-loader", message="%(prog)s %(version)s")
def program() -> None:
    """Create HubSpot default associations in bulk, from a file of record-ID pairs.

    Every pair gets a line in a report that says what became of it. Run the same command again to resume.
    """


@click.command("help", hidden=True)
@click.argument("name", required=False)
@click.pass_context
def help_(context: click.Context, name: str | None) -> None:
    """Show the help page of a command."""
    outer = context.parent
    if outer is None:
        return
    command = program.get_command(outer, name) if name else program
    if command is not None:
        inner = command.make_context(name, [], parent=outer, resilient_parsing=True) if name else outer
        click.echo(command.get_help(inner))


for _command in (load, check, summary, report, verify, undo, simulator, help_):
    program.add_command(_command)


def main() -> NoReturn:
    """Run the command line and exit with the contract's code; no traceback reaches a user."""
    _open_closed_streams()
    accept_every_character()
    # A run makes millions of tuples that are in no cycle. Looking for cycles every 700 would take half of a
    # batch load's CPU time. Only the program sets this: a process that calls the library is not ours.
    gc.set_threshold(400_000, 20, 50)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _end)
    _leave(_exit_code())


def _exit_code() -> int | str | None:
    try:
        return program.main(prog_name="assoc-loader", standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):  # click turns Ctrl-C into Abort
        print_error("Interrupted", _AGAIN)
        return 130
    except SystemExit as end:
        print_error("Interrupted", _AGAIN)
        return end.code
    except click.ClickException as error:
        _explain_usage(error)
        return 2
    except LoaderError as error:
        print_error(str(error), error.hint, error.command)
        return error.exit_code
    except BrokenPipeError:
        return 3
    except Exception as defect:  # the last resort: a user gets words, not a traceback
        fault = _innermost(defect)
        print_error(
            f"Something went wrong inside assoc-loader ({type(fault).__name__}: {fault})",
            "The results so far are safe; run the same command again to resume. Please report this defect.",
        )
        return 3


def _explain_usage(error: click.ClickException) -> None:
    """Say what is wrong with a command line, and which option was probably meant."""
    context = getattr(error, "ctx", None)
    page = f"{context.command_path} --help" if context is not None else "assoc-loader --help"
    if isinstance(error, click.NoSuchOption):
        meant = _OPTIONS_MEANT.get(error.option_name) or " or ".join((error.possibilities or ())[:2])
        advice = f": use {meant}" if meant else ""
        print_error(f"There is no option {error.option_name}{advice}", f"{page} lists them all.")
    elif isinstance(error, click.MissingParameter) and error.param is not None:
        print_error(f"{error.param.make_metavar(context)} is missing", f"See {page}")  # type: ignore[arg-type]
    elif isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
    else:
        print_error(error.format_message().rstrip("."), f"See {page}")


def _innermost(defect: BaseException) -> BaseException:
    """The fault inside an exception group."""
    while isinstance(defect, BaseExceptionGroup):
        defect = defect.exceptions[0]
    return defect


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Exit on SIGTERM if the command does not handle it itself (a load does)."""
    raise SystemExit(128 + number)


def _open_closed_streams() -> None:
    """Open the null device in place of standard streams that are closed at the start, as under a scheduler.

    Python has None there, and the system gives their descriptors to the files that are opened next: what C
    code writes to descriptor 2 would land in the report.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def _leave(code: int | str | None) -> NoReturn:
    """Exit with `code` even if standard output is full, has lost its reader, or Ctrl-C comes late."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
