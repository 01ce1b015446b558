"""The input on the disk, and what can be read only once."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from loader.errors import InputError
from loader.source import is_pipe, save_copy
from loader.source.input_file import open_input

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files on POSIX only")


def nothing() -> None:
    """Goes on."""


def test_a_file_is_no_pipe_and_what_can_be_read_once_is_one(tmp_path: Path) -> None:
    file, fifo = tmp_path / "a.csv", tmp_path / "fifo"
    file.touch()
    os.mkfifo(fifo)
    assert [is_pipe(str(path)) for path in (file, fifo, "-", "/dev/null")] == [False, True, True, True]
    with pytest.raises(InputError, match="can't be read twice"):
        open_input(str(fifo))


def test_a_folder_and_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        is_pipe(str(tmp_path))
    with pytest.raises(InputError, match="there is no such file"):
        open_input(str(tmp_path / "none.csv"))
    with pytest.raises(InputError):
        is_pipe("a\0b")


def test_a_pipe_is_saved_whole(tmp_path: Path) -> None:
    fifo, copy = tmp_path / "fifo", tmp_path / "copy.csv"
    os.mkfifo(fifo)
    data = os.urandom(3_000_000)
    writer = threading.Thread(target=fifo.write_bytes, args=(data,))
    writer.start()
    save_copy(str(fifo), copy, nothing)
    writer.join()
    assert copy.read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.csv", "fifo"]


def test_a_pipe_set_not_to_block_is_waited_for(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        os.write(writing, b"1,2\n")
        os.close(writing)

    threading.Timer(0.15, write).start()
    with open(reading, "rb") as stdin:
        save_copy("-", tmp_path / "copy.csv", nothing, stdin)
    assert (tmp_path / "copy.csv").read_bytes() == b"1,2\n"


def test_what_ends_the_waiting_leaves_no_file(tmp_path: Path) -> None:
    fifo, copy = tmp_path / "fifo", tmp_path / "copy.csv"
    os.mkfifo(fifo)
    copy.write_bytes(b"what was there")
    descriptor = os.open(fifo, os.O_RDWR)  # a writer that never ends
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        os.write(descriptor, b"half")
        if asked == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_copy(str(fifo), copy, stop)
    assert copy.read_bytes() == b"what was there"
    os.write(descriptor, b"more")
    os.close(descriptor)
    for thread in threading.enumerate():
        if thread.name == "copying":
            thread.join(5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.csv", "fifo"]


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    target = tmp_path / "none" / "copy.csv"
    with (
        open(reading, "rb") as stdin,
        pytest.raises(InputError, match="standard input can't be saved as") as caught,
    ):
        save_copy("-", target, nothing, stdin)
    assert str(target) in str(caught.value)


def test_a_pipe_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        save_copy(str(tmp_path / "none"), tmp_path / "copy.csv", nothing)
