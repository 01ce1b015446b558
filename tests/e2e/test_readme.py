"""The README keeps its word: its story is played through, its outputs are real, its tables complete."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from loader.cli.app import program
from loader.model import LOAD_STATUSES, OWN_COLUMNS
from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import Serving, run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

_STORY = re.compile(r"<!-- story(?:: (\d))? -->\n```bash\n(.*?)\n```(?:\n```text\n(.*?)\n```)?", re.DOTALL)


class Step(NamedTuple):
    code: int
    command: list[str]
    output: str


STEPS = [
    Step(int(code or 0), shlex.split(command), output) for code, command, output in _STORY.findall(README)
]


@pytest.fixture
def serving() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings())) as serving:
        yield serving


def test_the_story_is_true_word_for_word(
    serving: Serving[Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(STEPS) == 7
    shutil.copy(ROOT / "sample_data" / "mistakes.csv", tmp_path / "pairs.csv")
    monkeypatch.chdir(tmp_path)
    for step in STEPS:
        program_name, name, *arguments = step.command
        assert program_name == "assoc-loader"
        online = ["--base-url", serving.url] if name != "summary" else []
        ended = run(name, *arguments, *online)
        assert ended.code == step.code, f"{step.command}\n{ended.text}"
        if step.output:
            assert ended.out.strip() == step.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "pairs.csv",
        "pairs.html",
        "pairs.report.csv",
        "pairs.report.report.csv",
        "pairs.undo.csv",
        "pairs.verified.csv",
    }


@pytest.mark.parametrize("file", ["contacts_companies.csv", "mixed_types.csv", "mistakes.csv"])
def test_each_sample_is_explained(file: str) -> None:
    assert f"`sample_data/{file}`" in README
    assert (ROOT / "sample_data" / file).is_file()


def test_every_command_and_every_option_of_load_is_told() -> None:
    context = click.Context(program)
    for name in program.list_commands(context):
        assert f"assoc-loader {name}" in README or f"`{name} " in README, name
    load = program.get_command(context, "load")
    assert load is not None
    options = {
        option for p in load.params if isinstance(p, click.Option) for option in p.opts if option[1] == "-"
    }
    assert {option for option in options if f"`{option}" not in README and f", {option}" not in README} <= {
        "--quiet",
        "--verbose",
    }


def test_the_options_that_the_table_names_exist() -> None:
    load = program.get_command(click.Context(program), "load")
    assert load is not None
    known = {option for parameter in load.params for option in parameter.opts}
    table = README[README.index("## Options of `load`") : README.index("The token goes to the base URL")]
    named = set(re.findall(r"(?<![\w-])(--[a-z-]+|-[a-z])\b", table))
    assert named <= known


def test_the_statuses_columns_and_exit_codes_are_told() -> None:
    for status in LOAD_STATUSES:
        assert f"| `{status}` |" in README
    for column in OWN_COLUMNS:
        assert f"`{column}`" in README
    for code in ("0", "1", "2", "3", "130, 143"):
        assert f"\n| {code} | " in README


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shutil.copy(ROOT / "sample_data" / "contacts_companies.csv", tmp_path / "pairs.csv")
    monkeypatch.chdir(tmp_path)
    exec(example, {})  # the README's own text
    assert (tmp_path / "pairs.report.csv").is_file()
