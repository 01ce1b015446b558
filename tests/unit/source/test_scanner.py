"""One record by the letter."""

from __future__ import annotations

from loader.source.scanner import Record, RecordScanner


def test_a_record_is_read_as_it_is_written() -> None:
    for text, record in (
        ("1,2\n3", Record(["1", "2"], 4)),
        ("1,2\r\n3", Record(["1", "2"], 5)),
        ("1,2\r3", Record(["1", "2"], 4)),
        ("1,2", Record(["1", "2"], 3)),
        ("", Record([""], 0)),
        ('"a ""b""",c"d"\n', Record(['a "b"', 'c"d"'], 15)),
        ('"a" b,2\n', Record(['"a" b', "2"], 8, broken=(0,))),
        ('1,"a\nb"\n', Record(["1", "a\nb"], 8, multiline=(1,))),
        ('1,"a\rb" \n', Record(["1", '"a\rb" '], 9, broken=(1,), multiline=(1,))),
        ('1,"a\n', None),
    ):
        assert RecordScanner(",").record(text, 0) == record, text


def test_the_open_quote_is_told() -> None:
    assert RecordScanner("|").open_quote('1|"2"|"3\n', 0) == 2
