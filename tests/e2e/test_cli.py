"""The program's face: help that keeps its promises, options by environment variable, completion, start-up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.core import ParameterSource

from loader.cli.app import program
from tests.benchmarks.startup import ratios, seconds_to_start
from tests.support.command import TYPES, run, write_pairs

COMMANDS = ("load", "check", "summary", "verify", "undo", "simulator")
#: A valid value of the options that do not take "1".
VALUES = {"delimiter": "tab", "encoding": "utf-8", "rate": "1/1", "batch_failure": "207", "window": "fixed"}


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
        *[("load", name) for name in ("only", "from-column", "to-type-column", "report", "base-url", "rate")],
        *[("check", name) for name in ("only", "from-type", "token-file")],
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
        (("load", "none.csv", "--only", ", ,"), "--only is empty"),
        (("verify", ""), "REPORT is empty"),
        (("verify", "."), "not a regular file"),
        (("verify", "none.csv", "-o", ""), "--output is empty"),
        (("undo", "none.csv", "-o", ""), "--output is empty"),
        (("summary", ""), "REPORT is empty"),
        (("summary", "none.csv", "--html", ""), "--html is empty"),
    ],
)
def test_empty_paths_are_wrong_usage(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ended = run(*words, cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert not os.listdir(tmp_path)


def test_the_commands_are_the_contracts() -> None:
    assert set(program.list_commands(click.Context(program))) == set(COMMANDS)


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
    assert (first.code, '"rows": 1' in first.out) == (0, True), first.text
    second = run("load", file, "--limit", "2", env=env)
    assert (second.code, '"rows": 2' in second.out) == (0, True), second.text


def test_no_option_takes_the_token() -> None:
    names = {text for _, option in options() for text in option.opts}
    assert not {name for name in names if "token" in name} - {"--token-file"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_page_teaches(name: str) -> None:
    page = run(name, "--help")
    assert page.code == 0
    assert page.err == ""
    assert max(map(len, page.out.splitlines())) <= 100
    for option in command_of(name).params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert max(option.opts, key=len) in page.out


@pytest.mark.parametrize("name", ["check", "summary"])
def test_help_says_examples_and_exit_codes(name: str) -> None:
    page = run(name, "-h").out
    assert f"assoc-loader {name} " in page
    for code in ("0", "1", "2"):
        assert re.search(rf"^\s+{code}  \w", page, re.MULTILINE), code


def test_check_takes_the_input_options_of_load() -> None:
    taken = {option.name for name, option in options() if name == "check"}
    loads = {option.name for name, option in options() if name == "load"}
    assert loads - taken == {"stop_after_failures", "quiet", "verbose"}


@pytest.mark.parametrize("line", ["", "load", "nothing", "check", "summary", "check x --nothing"])
def test_wrong_usage_ends_with_2_and_no_traceback(line: str) -> None:
    assert run(*line.split()).code == 2


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
        "heavy = {'pandas', 'numpy', 'aiohttp', 'rich', 'orjson', 'asyncio', 'pygal', 'jinja2'}\n"
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
