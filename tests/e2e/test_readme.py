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
from loader.model import Status
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
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=1_000_000))) as serving:
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
        online = ["--base-url", serving.url] if name not in ("summary", "check") else []
        ended = run(name, *arguments, *online)
        assert ended.code == step.code, f"{step.command}\n{ended.text}"
        assert step.output in ended.out
    assert {path.name for path in tmp_path.iterdir()} == {
        "pairs.csv",
        "pairs.html",
        "pairs.report.csv",
        "pairs.checkpoint.db",
    }


def test_the_main_command_says_what_the_readme_shows(tmp_path: Path) -> None:
    pattern = r"<!-- command: main -->\n```bash\n(.*?)\n```\n```text\n(.*?)\n```"
    ((command, shown),) = re.findall(pattern, README, re.DOTALL)
    words = shlex.split(command.rpartition("&& ")[2])
    shutil.copytree(
        ROOT / "sample_data",
        tmp_path / "sample_data",
        ignore=lambda _d, names: [n for n in names if n.count(".") > 1],
    )
    ended = run(*words[1:], cwd=tmp_path)
    assert ended.code == 0
    first, second = shown.splitlines()
    assert ended.out.startswith(first.rpartition(" · ")[0])
    assert second in ended.out


def test_the_samples_are_told_and_there() -> None:
    for path in (ROOT / "sample_data").iterdir():
        if path.name.count(".") == 1:
            assert path.stem in README, path.name


def test_every_command_is_told() -> None:
    context = click.Context(program)
    for name in program.list_commands(context):
        if name != "help":
            assert f"assoc-loader {name}" in README or f"`{name}`" in README, name


def test_the_statuses_and_exit_codes_are_told() -> None:
    for status in Status:
        assert f"| `{status}` |" in README
    for code in ("0", "1", "2", "3", "130, 143"):
        assert f"\n| {code} | " in README


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"<!-- python -->\n```python\n(.*?)```", README, re.DOTALL)
    shutil.copy(ROOT / "sample_data" / "contacts_companies.csv", tmp_path / "pairs.csv")
    monkeypatch.chdir(tmp_path)
    exec(example, {})  # the README's own text
