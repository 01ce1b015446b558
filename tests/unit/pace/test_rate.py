"""What `--rate` takes."""

from __future__ import annotations

import pytest

from loader.errors import UsageError
from loader.pace import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("auto", None),
        (" AUTO ", None),
        ("100/10", Rate(100, 10.0)),
        ("1/0.5", Rate(1, 0.5)),
        (" 150/10 ", Rate(150, 10.0)),
    ],
)
def test_a_rate_is_read(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "100",
        "100/",
        "/10",
        "0/10",
        "10/0",
        "-1/10",
        "1e3/10",
        "nan/1",
        "10/inf",
        "1/2/3",
        "\u0663/\u0661",
    ],
)
def test_anything_else_is_refused_with_advice(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_rate(text)
    assert str(refused.value).startswith(f"Invalid --rate {text!r}: ")
