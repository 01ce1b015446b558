"""What a command may throw away: a file of its own kind. Anything else that a person keeps is left alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings
from tests.support.command import Finished, Serving, load, report_of, rows_of, run, write_pairs


@pytest.fixture(scope="module")
def simulator() -> Iterator[Serving[Simulator]]:
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        yield serving


@pytest.fixture(scope="module")
def kept(simulator: Serving[Simulator], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of each kind: the input, its report, what verify and undo made, a page."""
    folder = tmp_path_factory.mktemp("kept")
    file = write_pairs(folder / "pairs.csv", [(1, 2), (3, 4)])
    report = report_of(file)
    assert load(simulator.url, file, "--skip-existing").code == 0
    assert run("verify", report, "--base-url", simulator.url).code == 0
    assert run("summary", report, "--html", folder / "pairs.html").code == 0
    assert load(simulator.url, folder / "pairs.verified.csv", "-o", folder / "again.csv").code == 0
    assert run("undo", report, "--base-url", simulator.url, "--yes").code == 0
    (folder / "notes.txt").write_text("do not lose this\n")
    (folder / "empty").touch()
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "here"))


def fill_the_disk() -> None:
    """The file size limit stands in for the disk: a write beyond it fails as on a full one."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))


def refuses(ended: Finished, target: Path, before: bytes) -> None:
    assert ended.code == 2, ended.text
    assert target.read_bytes() == before
    assert str(target) in ended.err
    assert ended.out == ""
    assert not [name for name in os.listdir(target.parent) if name.endswith((".lock", ".unfinished"))]


@pytest.mark.parametrize("name", ["pairs.html", "notes.txt", "other.csv"])
@pytest.mark.parametrize("command", ["load", "check"])
@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_load_overwrites_nothing_but_a_report(
    simulator: Serving[Simulator], folder: Path, name: str, command: str, more: tuple[str, ...]
) -> None:
    write_pairs(folder / "other.csv", [(7, 8)])
    target = folder / name
    before = target.read_bytes()
    types = ("--from-type", "contacts", "--to-type", "companies")
    options: list[str | Path] = ["-o", target, *types, "--base-url", simulator.url, *more]
    ended = run(command, folder / "pairs.csv", *options)
    refuses(ended, target, before)
    assert bool(more) or "--overwrite" not in ended.err, "it offers what would be refused"


@pytest.mark.parametrize(
    "name", ["pairs.csv", "pairs.report.csv", "pairs.verified.csv", "notes.txt", "a.html"]
)
def test_a_page_replaces_nothing_but_a_page(folder: Path, name: str) -> None:
    (folder / "a.html").write_text("<!doctype html>\n<title>Somebody else's</title>\n")
    before = (folder / name).read_bytes()
    refuses(run("summary", folder / "pairs.report.csv", "--html", folder / name), folder / name, before)


@pytest.mark.parametrize("name", ["pairs.html", "empty", "new.html"])
def test_a_page_replaces_a_page(folder: Path, name: str) -> None:
    page = folder / name
    for _ in range(2):
        assert run("summary", folder / "pairs.report.csv", "--html", page).code == 0
    assert "pairs.report.csv" in page.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="Windows has neither such limits nor such permissions")
def test_a_full_disk_leaves_no_half_page(folder: Path) -> None:
    page, report = folder / "pairs.html", folder / "pairs.report.csv"
    page.chmod(0o640)
    before, names = page.read_bytes(), sorted(os.listdir(folder))
    for target in (page, folder / "new.html"):
        full = run("summary", report, "--html", target, preexec_fn=fill_the_disk)
        assert full.code == 2
        assert f"The page {target} can't be written: File too large" in full.err
    assert page.read_bytes() == before
    assert sorted(os.listdir(folder)) == names
    (folder / "link.html").symlink_to(page)
    report.write_text(report.read_text().replace(",associated,", ",existing,"))
    assert run("summary", report, "--html", folder / "link.html").code == 0
    assert (folder / "link.html").is_symlink()
    assert page.read_bytes() != before
    assert page.stat().st_mode & 0o777 == 0o640


def test_a_page_can_go_to_another_program(folder: Path) -> None:
    if not os.path.exists("/dev/stdout"):
        pytest.skip("needs /dev/stdout")
    ended = run("summary", folder / "pairs.report.csv", "--html", "/dev/stdout")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("<!doctype html>")


def test_a_page_of_no_report(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.touch()
    ended = run("summary", tmp_path / "none.csv", "--html", page)
    assert ended.code == 2
    assert "there is no report" in ended.err
    assert page.read_bytes() == b""


@pytest.mark.parametrize("content", [b"", b"row,from_obj", b"row,from_obj\0\0\0\0", b"\0" * 100])
def test_what_a_kill_has_left_of_a_header_is_begun_anew(
    simulator: Serving[Simulator], folder: Path, content: bytes
) -> None:
    report = folder / "pairs.report.csv"
    report.write_bytes(content)
    assert load(simulator.url, folder / "pairs.csv", "--overwrite").code == 0
    assert len(rows_of(report)) == 2
