"""Input, report and checkpoint are named after one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.checkpoint import Checkpoint, LoadFiles, discard
from loader.errors import CheckpointError


@pytest.mark.parametrize(
    ("given", "report", "checkpoint"),
    [
        ("pairs.csv", "pairs.report.csv", "pairs.checkpoint.db"),
        ("pairs.csv.gz", "pairs.report.csv", "pairs.checkpoint.db"),
        ("Pairs.XLSX", "Pairs.report.csv", "Pairs.checkpoint.db"),
        ("two.dots.csv", "two.dots.report.csv", "two.dots.checkpoint.db"),
        ("pairs", "pairs.report.csv", "pairs.checkpoint.db"),
    ],
)
def test_an_input_names_its_report_and_its_checkpoint(given: str, report: str, checkpoint: str) -> None:
    files = LoadFiles.of(Path("in", given), None, None)
    assert files == LoadFiles(Path("in", given), Path("in", report), Path("in", checkpoint))


@pytest.mark.parametrize(
    ("report", "checkpoint"),
    [
        ("out/deals.report.csv", "out/deals.checkpoint.db"),
        ("out/deals.csv", "out/deals.checkpoint.db"),
        ("out/deals.txt", "out/deals.txt.checkpoint.db"),
    ],
)
def test_a_named_report_names_its_checkpoint(report: str, checkpoint: str) -> None:
    assert LoadFiles.of(Path("in/pairs.csv"), Path(report), None).checkpoint == Path(checkpoint)


def test_a_named_checkpoint_changes_nothing_else() -> None:
    files = LoadFiles.of(Path("in/pairs.csv"), None, Path("local/my.db"))
    assert files == LoadFiles(Path("in/pairs.csv"), Path("in/pairs.report.csv"), Path("local/my.db"))


def test_a_simulated_load_has_names_of_its_own() -> None:
    files = LoadFiles.of(Path("pairs.csv"), None, None, simulate=True)
    assert (files.report.name, files.checkpoint.name) == (
        "pairs.simulated.report.csv",
        "pairs.simulated.checkpoint.db",
    )


def test_standard_input_is_kept_beside_the_report() -> None:
    assert LoadFiles.of(None, Path("out/deals.report.csv"), None).input == Path("out/deals.input.csv")


@pytest.mark.parametrize(
    ("given", "report", "checkpoint"),
    [("a.csv", "a.csv", None), ("a.csv", None, "a.csv"), ("a.csv", "b.csv", "./b.csv")],
)
def test_one_file_can_not_be_two_of_them(given: str, report: str | None, checkpoint: str | None) -> None:
    with pytest.raises(CheckpointError, match="are one file"):
        LoadFiles.of(Path(given), report and Path(report), checkpoint and Path(checkpoint))  # type: ignore[arg-type]


def test_a_link_to_the_input_is_the_input(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").hardlink_to(tmp_path / "a.csv")
    with pytest.raises(CheckpointError, match="INPUT and the report are one file"):
        LoadFiles.of(tmp_path / "a.csv", tmp_path / "b.csv", None)


def loaded(folder: Path) -> LoadFiles:
    files = LoadFiles.of(folder / "pairs.csv", None, None)
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files)
    files.report.write_text("the report")
    return files


def test_an_earlier_load_is_set_aside_under_the_first_free_number(tmp_path: Path) -> None:
    for number in (1, 2):
        aside = loaded(tmp_path).set_aside()
        assert aside.checkpoint.name == f"pairs.replaced-{number}.checkpoint.db"
        assert aside.report.name == f"pairs.replaced-{number}.report.csv"
    with Checkpoint(aside.checkpoint) as checkpoint:
        assert len(checkpoint.runs()) == 1
    assert aside.report.read_text() == "the report"


def test_setting_nothing_aside_is_nothing(tmp_path: Path) -> None:
    aside = LoadFiles.of(tmp_path / "pairs.csv", None, None).set_aside()
    assert list(tmp_path.iterdir()) == []
    assert not aside.checkpoint.exists()


def test_a_discarded_checkpoint_takes_its_rollback_journal_along(tmp_path: Path) -> None:
    files = loaded(tmp_path)
    files.report.unlink()
    files.checkpoint.with_name(f"{files.checkpoint.name}-journal").write_text("what a kill has left")
    discard(files.checkpoint)
    discard(files.checkpoint)
    assert not list(tmp_path.iterdir())
