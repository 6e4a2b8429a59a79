"""Reading CSV files of every kind of badness: each row alone is refused, and nothing ends the reading."""

import io
import tracemalloc

import pytest

from workflows.importing.csv_rows import LONGEST_LINE, CsvRows
from workflows.importing.shapes import FileRefused, Problem, RawRow

REQUIRED, OPTIONAL = ("reference", "email"), ("name",)


def rows_of(content: bytes) -> list[RawRow]:
    return list(CsvRows("customers.csv", io.BytesIO(content), REQUIRED, OPTIONAL))


def problems(rows: list[RawRow]) -> list[tuple[int, str]]:
    return [(line, row.reason) for line, row in rows if isinstance(row, Problem)]


def test_columns_come_in_any_order_and_optional_ones_may_be_missing() -> None:
    assert rows_of(b"email,reference\na@e.io,1\n") == [(2, {"email": "a@e.io", "reference": "1"})]


def test_quotes_line_breaks_blank_lines_and_either_line_end() -> None:
    rows = rows_of(b'reference,email,name\r\n1,a@e.io,"Doe, ""J""\r\nJane"\r\n\r\n2,b@e.io,x')

    assert [(line, row["name"]) for line, row in rows if not isinstance(row, Problem)] == [
        (2, 'Doe, "J"\r\nJane'),
        (5, "x"),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert rows_of(b"\xef\xbb\xbfreference,email\n1,a@e.io\n") == [(2, {"reference": "1", "email": "a@e.io"})]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty: the first line must name the columns"),
        (b"\n1,2\n", "is empty: the first line must name the columns"),
        (b"reference,email,colour\n", "unknown column 'colour'"),
        (b"reference,name\n", "missing column 'email'"),
        (b"reference,email,email\n", "repeated column 'email'"),
        (b"reference;email\n", "the columns must be separated by commas"),
        ("reference,email\n1,a@e.io\n".encode("utf-16"), "is not UTF-8"),
        (b"reference,email,n\xe4me\n", "is not UTF-8"),
        (b'"reference,email\n', "the header is no CSV"),
        (b"x" * (LONGEST_LINE + 10), "is empty"),
    ],
)
def test_a_wrong_header_refuses_the_file(content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=r"customers\.csv") as refused:
        rows_of(content)

    assert reason in str(refused.value)


def test_a_wrong_header_is_told_what_would_be_right() -> None:
    with pytest.raises(FileRefused, match="expected reference, email, and optionally name"):
        rows_of(b"id,email\n")


def test_ragged_rows_are_refused_alone() -> None:
    rows = rows_of(b"reference,email\n1\n2,b@e.io\n3,c@e.io,x,y\n4,d@e.io\n")

    assert problems(rows) == [(2, "has 1 columns, not 2"), (4, "has 4 columns, not 2")]
    assert [line for line, row in rows if not isinstance(row, Problem)] == [3, 5]


def test_broken_quotes_are_refused_and_the_reading_goes_on() -> None:
    rows = rows_of(b'reference,email\n1,"a"b\n2,b@e.io\n3,"never closed\n')

    assert [line for line, _ in problems(rows)] == [2, 4]
    assert all(reason.startswith("is no CSV row") for _, reason in problems(rows))
    assert (3, {"reference": "2", "email": "b@e.io"}) in rows


def test_bytes_that_are_not_utf8_reach_the_column_that_refuses_them() -> None:
    [(line, row)] = rows_of(b"reference,email,name\n1,a@e.io,J\xe4ne\n")

    assert line == 2
    assert not isinstance(row, Problem)
    assert row["name"] == "J\udce4ne"


def test_a_huge_field_is_refused_and_the_reading_goes_on() -> None:
    huge = b'2,"' + b"x" * 200_000 + b'"\n'

    rows = rows_of(b"reference,email\n1,a@e.io\n" + huge + b"3,c@e.io\n")

    assert problems(rows) == [(3, "is no CSV row: field larger than field limit (131072)")]
    assert rows[-1] == (4, {"reference": "3", "email": "c@e.io"})


def test_an_endless_line_is_refused_without_being_read_into_memory() -> None:
    content = b"reference,email\n" + b"x" * (40 * LONGEST_LINE) + b"\n2,b@e.io\n"
    file = io.BytesIO(content)
    tracemalloc.start()

    rows = list(CsvRows("customers.csv", file, REQUIRED, OPTIONAL))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problems(rows) == [(2, f"is longer than {LONGEST_LINE} bytes")]
    assert rows[-1] == (3, {"reference": "2", "email": "b@e.io"})
    assert peak < 8 * LONGEST_LINE


def test_how_much_was_read_is_known() -> None:
    content = b"reference,email\n1,a@e.io\n"
    rows = CsvRows("customers.csv", io.BytesIO(content), REQUIRED, OPTIONAL)

    list(rows)

    assert rows.bytes_read == len(content)
