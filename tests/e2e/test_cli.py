"""The program's face: help that keeps its promises, options by environment variable, completion, start-up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.core import ParameterSource

from loader.cli.app import program
from loader.cli.options import GROUPS
from loader.simulator import Simulator, SimulatorSettings
from tests.benchmarks.startup import ratios, seconds_to_start
from tests.support.command import TYPES, Serving, end, run, start, write_pairs
from tests.support.terminal import Terminal

COMMANDS = ("load", "check", "summary", "report", "verify", "undo", "simulator")
#: A value that an option takes, where "1" is none.
VALUES = {
    "method": "put",
    "delimiter": "tab",
    "encoding": "utf-8",
    "rate": "1/1",
    "batch_failure": "207",
    "window": "fixed",
}


def command_of(name: str) -> click.Command:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    return command


def options() -> Iterator[tuple[str, click.Option]]:
    for name in COMMANDS:
        for option in command_of(name).params:
            if isinstance(option, click.Option):
                yield name, option


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *[
            ("load", name)
            for name in ("from-column", "to-type-column", "report", "base-url", "rate", "sheet")
        ],
        *[("check", name) for name in ("from-type", "token-file", "checkpoint")],
    ],
)
def test_an_empty_value_is_wrong_usage(tmp_path: Path, command: str, option: str) -> None:
    """As a script's variable that holds nothing makes it: to take it for no value could mean all rows."""
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    ended = run(command, file, *TYPES, "--simulate", f"--{option}", "")
    assert ended.code == 2
    assert f"--{option} is empty" in ended.err
    assert ended.out == ""
    assert os.listdir(tmp_path) == ["pairs.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("load", "", *TYPES, "--simulate"), "INPUT is empty"),
        (("load", ".", *TYPES, "--simulate"), "is a folder"),
        (("verify", ""), "PATH is empty"),
        (("verify", "."), "is a folder"),
        (("undo", ""), "PATH is empty"),
        (("summary", ""), "PATH is empty"),
        (("summary", "none.csv", "--html", ""), "--html is empty"),
    ],
)
def test_empty_paths_are_wrong_usage(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ended = run(*words, cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert not os.listdir(tmp_path)


def test_the_commands_are_the_contracts() -> None:
    assert set(program.list_commands(click.Context(program))) == {*COMMANDS, "help"}


def test_the_options_are_the_contracts() -> None:
    flags = {name: [max(option.opts, key=len) for of, option in options() if of == name] for name in COMMANDS}
    reading = ["--from-type", "--to-type", "--from-column", "--to-column", "--from-type-column"]
    reading += ["--to-type-column", "--delimiter", "--encoding", "--sheet", "--allow-empty", "--trust-quotes"]
    files = ["--report", "--checkpoint", "--overwrite"]
    talking = ["--json", "--log-file", "--quiet", "--verbose"]
    speed = ["--rate", "--reserve", "--workers", "--max-attempts", "--timeout", "--outage-timeout"]
    speed += ["--wait-for-daily-reset"]
    account = ["--token-file", "--base-url", "--api-version"]
    safety = ["--dry-run", "--limit", "--account-id", "--skip-existing", "--retry", "--stop-after-failures"]
    load = [*reading, *files, *talking, *safety, "--method", *speed, *account, "--simulate"]
    assert flags["load"] == load
    assert set(flags["check"]) == {*load, "--online"} - {*safety[:1], *safety[-1:], *talking[2:]}
    assert flags["verify"] == [*talking, "--account-id", *speed, *account]
    undo = {*flags["verify"], "--not-in-input", "--yes", "--stop-after-failures"}
    assert (set(flags["undo"]), flags["summary"], flags["report"]) == (undo, ["--html", "--json"], ["--json"])


def test_every_option_can_be_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, option in options():
        flag = next(text for text in option.opts if text.startswith("--"))
        variable = f"ASSOC_LOADER_{name}_{flag.removeprefix('--')}".upper().replace("-", "_")
        choices = option.type.choices if isinstance(option.type, click.Choice) else ()
        value = str(next(iter(choices), VALUES.get(option.name or "", "1")))
        command = command_of(name)
        with monkeypatch.context() as patched, program.make_context("assoc-loader", [name]) as outer:
            patched.setenv(variable, value)
            arguments = ["FILE"] * sum(isinstance(param, click.Argument) for param in command.params)
            with command.make_context(name, arguments, parent=outer) as inner:
                assert inner.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT, variable
                assert inner.params[option.name or ""] == option.type_cast_value(inner, value), variable


def test_a_variable_from_outside_and_the_command_line_that_wins(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), (3, 4)])
    env = {
        "ASSOC_LOADER_LOAD_FROM_TYPE": "contacts",
        "ASSOC_LOADER_LOAD_TO_TYPE": "companies",
        "ASSOC_LOADER_LOAD_SIMULATE": "1",
        "ASSOC_LOADER_LOAD_LIMIT": "1",
        "ASSOC_LOADER_LOAD_JSON": "1",
    }
    first = run("load", file, env=env)
    assert (first.code, '"associated": 1' in first.out) == (0, True), first.text
    second = run("load", file, "--limit", "2", env=env)
    assert (second.code, '"associated": 2' in second.out) == (0, True), second.text


def test_no_option_takes_the_token() -> None:
    names = {text for _, option in options() for text in option.opts}
    assert not {name for name in names if "token" in name} - {"--token-file"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_page_teaches(name: str) -> None:
    page = run(name, "--help", env={"COLUMNS": "80"})
    assert run("help", name, env={"COLUMNS": "80"}).out == page.out
    assert page.code == 0
    assert page.err == ""
    assert max(map(len, page.out.splitlines())) <= 80, "a terminal would break an example"
    for option in command_of(name).params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert max(option.opts, key=len).replace("--allow", "--[no-]allow") in page.out


def test_the_first_page_fits_a_small_terminal_and_says_each_command_in_full() -> None:
    page = run("--help", env={"COLUMNS": "80"}).out
    assert max(map(len, page.splitlines())) <= 80
    assert "..." not in page.partition("Commands:")[2]


def test_the_help_of_load_has_the_contracts_groups_and_fits_a_small_terminal() -> None:
    page = run("load", "--help", env={"COLUMNS": "80"}).out
    found = re.findall(r"^([A-Z][a-z]+):$", page, re.MULTILINE)
    assert [group for group in found if group != "Other"] == [*GROUPS]
    wrapped = [line for line in page.splitlines() if re.match(r" {20,}\S", line)]
    assert len(wrapped) <= 3, wrapped


@pytest.mark.parametrize("name", ["check", "summary", "verify", "undo"])
def test_help_says_examples_and_exit_codes(name: str) -> None:
    page = run(name, "-h").out
    assert f"assoc-loader {name} " in page
    for code in ("0", "1", "2"):
        assert re.search(rf"^\s+{code}  \w", page, re.MULTILINE), code


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "Usage: assoc-loader"),
        ("load", "INPUT is missing"),
        ("summary", "PATH is missing"),
        ("nothing", "There is no command 'nothing': use one of load, check,"),
        ("lode x", "There is no command 'lode': use assoc-loader load"),
        ("status x", "There is no command 'status': use assoc-loader summary PATH"),
        ("resume x", "use assoc-loader load INPUT, the same command as before"),
        ("sandbox", "use assoc-loader simulator"),
        ("help nothing", "There is no command 'nothing'"),
        ("load x --form-type y", "There is no option --form-type: use --from-type"),
        ("load x --only failed", "There is no option --only: use --retry"),
        ("load x --sandbox", "There is no option --sandbox: use --simulate"),
        (
            "load x --token y",
            "There is no option --token: use --token-file PATH, or the environment variable",
        ),
        ("load x --rate 100", "Invalid --rate '100': use N/S, for example 100/10"),
        ("load x --workers many", "Invalid --workers 'many': use a whole number, for example 100"),
        ("load x --timeout soon", "Invalid --timeout 'soon': use a number, for example 30"),
        ("load x --method bulk", "Invalid --method 'bulk': use put or batch"),
        ("load x y", "Got unexpected extra argument (y)"),
    ],
)
def test_wrong_usage_ends_with_2_and_the_right_word(line: str, said: str) -> None:
    ended = run(*line.split())
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_dry_run_is_a_check(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2), ("x", 4)])
    dry, check = run("load", file, *TYPES, "--dry-run"), run("check", file, *TYPES)
    ends_at = re.compile(r"ends at .*")
    assert ends_at.sub("", dry.out) == ends_at.sub("", check.out)
    assert (dry.code, check.code) == (1, 1)
    assert os.listdir(tmp_path) == ["pairs.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_sigint_that_the_starter_ignores_stays_ignored(tmp_path: Path) -> None:
    """As a shell script starts a program with ``&``: Ctrl-C is for what runs in the foreground."""
    file = write_pairs(tmp_path / "pairs.csv", [(n, n + 1000) for n in range(1, 21)])
    with Serving(
        lambda: Simulator(SimulatorSettings(rate_limit=1_000_000, latency=(0.05, 0.05)))
    ) as simulator:
        arguments = ("load", file, *TYPES, "--base-url", simulator.url, "--workers", "2", "--json")
        process = start(*arguments, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        while simulator.ask(lambda served: not served.state.calls["associate"]):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        ended = end(process)
    assert ended.code == 0, ended.err
    assert '"associated": 20' in ended.out


def test_what_the_output_can_not_encode_is_replaced(tmp_path: Path) -> None:
    """As Windows does it, where standard output sent to a file or a pipe is cp1252."""
    file = tmp_path / "p.csv"
    file.write_text("from_object_id,to_object_id\n1001,2001\n日本,2\n", encoding="utf-8")
    env = {"PYTHONIOENCODING": "cp1252"}
    loaded = end(start("load", file, *TYPES, "--simulate", "-q", env=env))
    assert (loaded.code, "from_object_id '??' is not an ID" in loaded.out) == (1, True), ascii(loaded.text)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_colours_are_for_terminals_and_no_color_takes_them_away(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    command = ("load", file, *TYPES, "--simulate", "--overwrite")
    assert "\x1b[" not in run(*command).text
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        with Terminal(*command, output=True, env=env) as terminal:
            assert terminal.end().code == 0
        assert ("\x1b[32m\x1b[1mFinished: 1 of 1 pair" in terminal.shown) == coloured
        assert ("\x1b[32m" in terminal.shown) == coloured


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    if shell == "bash" and not _bash_is_new_enough():
        pytest.skip("click's completion needs bash 4.4")
    script = run(env={"_ASSOC_LOADER_COMPLETE": f"{shell}_source"})
    assert script.code == 0, script.err
    assert "_ASSOC_LOADER_COMPLETE" in script.out
    words = {"COMP_WORDS": "assoc-loader check --on", "COMP_CWORD": "2" if shell != "fish" else "--on"}
    found = run(env={"_ASSOC_LOADER_COMPLETE": f"{shell}_complete", **words})
    assert "--online" in found.out


def _bash_is_new_enough() -> bool:
    try:
        code = "exit $(( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404 ))"
        return subprocess.run(["bash", "-c", code], check=False).returncode == 0
    except OSError:
        return False


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, atexit\n"
        "heavy = {'pandas', 'numpy', 'aiohttp', 'rich', 'orjson', 'asyncio', 'jinja2'}\n"
        "atexit.register(lambda: print(sorted(heavy & sys.modules.keys()), file=sys.stderr))\n"
        "from loader.cli import main\n"
        "sys.argv = ['assoc-loader', 'check', '--help']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_help_starts_within_two_and_a_half_times_click() -> None:
    """In turns, until one round shows it: other work on the machine must not decide."""
    for _ in range(8):
        if max(ratios(seconds_to_start(rounds=1)).values()) <= 2.5:
            return
    pytest.fail("no round in which a command started within 2.5 times of click")
