"""Any of the three files of a load means that load, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.checkpoint import Checkpoint, LoadFiles, find_checkpoint, refuse_files
from loader.errors import CheckpointError


def loaded(
    folder: Path, name: str = "pairs.csv", report: str | None = None, *, simulate: bool = False
) -> LoadFiles:
    (folder / name).write_text("from_object_id,to_object_id\n1,2\n")
    files = LoadFiles.of(folder / name, report and folder / report, None, simulate=simulate)  # type: ignore[arg-type]
    with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
        checkpoint.begin_run("load", files=files)
    files.report.write_text("row\n")
    return files


@pytest.mark.parametrize("simulate", [False, True])
def test_each_of_the_three_files_means_the_load(tmp_path: Path, simulate: bool) -> None:
    files = loaded(tmp_path, simulate=simulate)
    assert find_checkpoint(files.checkpoint) == files.checkpoint
    assert find_checkpoint(files.report) == files.checkpoint
    if not simulate:
        assert find_checkpoint(tmp_path / "pairs.csv") == files.checkpoint


def test_so_does_standard_input_that_was_kept(tmp_path: Path) -> None:
    files = loaded(tmp_path, "pairs.input.csv", "pairs.report.csv")
    assert find_checkpoint(tmp_path / "pairs.input.csv") == files.checkpoint


def test_a_checkpoint_of_any_name_is_known_by_its_content(tmp_path: Path) -> None:
    files = loaded(tmp_path)
    other = files.checkpoint.rename(tmp_path / "mine.db")
    assert find_checkpoint(other) == other


def test_the_input_may_be_gone(tmp_path: Path) -> None:
    files = loaded(tmp_path)
    (tmp_path / "pairs.csv").unlink()
    assert find_checkpoint(tmp_path / "pairs.csv") == files.checkpoint


def test_a_simulated_load_is_not_taken_for_a_real_one(tmp_path: Path) -> None:
    files = loaded(tmp_path, simulate=True)
    with pytest.raises(CheckpointError, match="only been loaded with --simulate") as refused:
        find_checkpoint(tmp_path / "pairs.csv")
    assert str(files.checkpoint) in refused.value.hint


def test_a_path_that_may_mean_two_loads_is_not_guessed(tmp_path: Path) -> None:
    loaded(tmp_path)
    loaded(tmp_path, "pairs.report.csv")
    with pytest.raises(CheckpointError, match=r"may be the report of .* or the input of"):
        find_checkpoint(tmp_path / "pairs.report.csv")


@pytest.mark.parametrize(("exists", "message"), [(True, "no load of .* is known"), (False, "there is no ")])
def test_a_file_that_was_never_loaded_is_refused(tmp_path: Path, exists: bool, message: str) -> None:
    if exists:
        (tmp_path / "pairs.csv").write_text("1,2\n")
    with pytest.raises(CheckpointError, match=message):
        find_checkpoint(tmp_path / "pairs.csv")


def test_a_report_without_its_checkpoint_is_not_overwritten_unasked(tmp_path: Path) -> None:
    files = loaded(tmp_path)
    files.checkpoint.unlink()
    with pytest.raises(CheckpointError, match=r"its checkpoint .* does not") as refused:
        refuse_files(files, overwrite=False)
    assert "--overwrite" in refused.value.hint
    refuse_files(files, overwrite=True)


def test_the_report_of_a_known_load_is_no_input(tmp_path: Path) -> None:
    first = loaded(tmp_path)
    with pytest.raises(CheckpointError, match="is the report of a load") as refused:
        refuse_files(LoadFiles.of(first.report, None, None), overwrite=False)
    assert f"load {first.input} with --retry" in refused.value.hint


def test_a_report_is_known_also_when_it_was_moved_with_its_checkpoint(tmp_path: Path) -> None:
    loaded(tmp_path)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in tmp_path.glob("pairs*"):
        path.rename(folder / path.name)
    with pytest.raises(CheckpointError, match="is the report of a load"):
        refuse_files(LoadFiles.of(folder / "pairs.report.csv", None, None), overwrite=False)


def test_the_input_of_a_known_load_is_an_input(tmp_path: Path) -> None:
    refuse_files(loaded(tmp_path), overwrite=False)


def test_a_foreign_database_in_the_way_is_no_report_of_a_load(tmp_path: Path) -> None:
    (tmp_path / "pairs.checkpoint.db").write_bytes(b"no checkpoint at all" * 100)
    refuse_files(LoadFiles.of(tmp_path / "pairs.csv", tmp_path / "other.csv", None), overwrite=False)
