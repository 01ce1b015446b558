"""One run per report, whatever name it goes by, and no lock that outlives its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loader.errors import ReportError
from loader.report import ReportLock

HOLD = (
    "import sys; from pathlib import Path; from loader.report import ReportLock\n"
    "with ReportLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.csv"


def hold(report: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(report)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_until_the_first_has_ended(report: Path) -> None:
    with hold(report) as first:
        with pytest.raises(ReportError, match=r"is in use by") as refused, ReportLock(report):
            pass
        if os.name == "posix":
            assert f"process {first.pid} on " in str(refused.value)
        assert "--report" in refused.value.hint
        first.communicate()
    with ReportLock(report):
        pass
    assert not list(report.parent.iterdir())


def test_a_lock_dies_with_its_process(report: Path) -> None:
    with hold(report) as first:
        first.kill()
        first.wait()
    assert list(report.parent.iterdir())  # the file stays behind and holds nobody up
    with ReportLock(report):
        pass


def test_two_runs_in_one_process_conflict_too(report: Path) -> None:
    with ReportLock(report), pytest.raises(ReportError), ReportLock(report):
        pass


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need privileges on Windows")
def test_two_names_of_one_report_are_one_lock(tmp_path: Path) -> None:
    report, link = tmp_path / "a" / "report.csv", tmp_path / "link.csv"
    report.parent.mkdir()
    link.symlink_to(report)
    with ReportLock(link) as lock:
        assert lock.path == report.resolve()
        with pytest.raises(ReportError), ReportLock(report):
            pass


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no directory"), ReportLock(tmp_path / "none" / "report.csv"):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ReportError, match="can't be locked"), ReportLock(tmp_path / "report.csv"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_lock_file_that_cannot_be_made_is_said(report: Path) -> None:
    report.with_name("report.csv.lock").mkdir()
    with pytest.raises(ReportError, match="can't be locked") as refused, ReportLock(report):
        pass
    assert "report.csv.lock" in str(refused.value)
