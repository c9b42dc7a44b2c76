"""Only files in an upload, against python-multipart's own parser, whatever pieces it comes in."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.multipart import MultipartParser, parse_options_header

from dni.ui.requests.guard.bodies import MAX_FILES, FilesOnly, Refused

BOUNDARY = b"bound"
DISPOSITIONS = [
    b'form-data; name="files"; filename="a.png"',
    b"form-data; name=files; filename=a.png",
    b'form-data; name="files"; FILENAME="a.png"',
    b'form-data; name="t"',
    b'form-data; name="t; filename=x"',
    b'form-data; name="a\\"; filename=b"',
    b"form-data",
]
CONTENTS = [b"", b"x", b"\r\n", b"\r\n--boun", b"--bound\r\n", b"\r\n--", b"a" * 100]


def body_of(parts: list[tuple[bytes, bytes]], end: bytes) -> bytes:
    pieces = [
        b"--" + BOUNDARY + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n"
        for disposition, content in parts
    ]
    return b"".join(pieces) + b"--" + BOUNDARY + end


def all_are_files(body: bytes) -> bool:
    """As Gradio decides it: by the options of each part's last disposition."""
    found: list[bool] = []
    header: dict[str, bytes] = {"name": b"", "value": b"", "disposition": b""}

    def add(key: str) -> Any:
        def take(data: bytes, start: int, end: int) -> None:
            header[key] += data[start:end]

        return take

    def end_header() -> None:
        if header["name"].lower() == b"content-disposition":
            header["disposition"] = header["value"]
        header["name"] = header["value"] = b""

    def headers_finished() -> None:
        found.append(b"filename" in parse_options_header(header["disposition"])[1])
        header["disposition"] = b""

    parser = MultipartParser(
        BOUNDARY,
        {
            "on_header_field": add("name"),
            "on_header_value": add("value"),
            "on_header_end": end_header,
            "on_headers_finished": headers_finished,
        },
    )
    parser.write(body)
    return all(found)


@settings(max_examples=300)
@given(
    parts=st.lists(
        st.tuples(st.sampled_from(DISPOSITIONS), st.sampled_from(CONTENTS)), min_size=1, max_size=4
    ),
    end=st.sampled_from([b"--\r\n", b"--", b""]),
    cuts=st.lists(st.integers(0, 600), max_size=6),
)
def test_what_the_parser_takes_for_a_field_is_refused(
    parts: list[tuple[bytes, bytes]], end: bytes, cuts: list[int]
) -> None:
    body = body_of(parts, end)
    check, places = FilesOnly("multipart/form-data; boundary=bound"), sorted({0, len(body), *cuts})
    try:
        for start, stop in itertools.pairwise(places):
            check(body[start:stop])
        accepted = True
    except Refused:
        accepted = False
    if accepted:
        assert all_are_files(body)
    elif all(content == b"x" or not content for _, content in parts):
        assert not all_are_files(body)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", "application/json; boundary=x"]
)
def test_an_upload_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(Refused, match="Expected files as multipart"):
        FilesOnly(content_type)


def test_a_part_whose_header_never_ends_is_refused() -> None:
    check = FilesOnly('multipart/form-data; boundary="bound"')
    check(b"--bound\r\nContent-Disposition: form-data; ")
    check(b"a" * 16_000)
    with pytest.raises(Refused, match="long header"):
        check(b"a" * 1000)


def test_more_files_than_a_page_sends_are_refused() -> None:
    body = body_of([(DISPOSITIONS[0], b"x")] * (MAX_FILES + 1), b"--\r\n")
    check = FilesOnly("multipart/form-data; boundary=bound")
    check(body_of([(DISPOSITIONS[0], b"x")] * MAX_FILES, b"--\r\n"))
    assert check.count == MAX_FILES
    with pytest.raises(Refused, match="at most 40 files at once"):
        FilesOnly("multipart/form-data; boundary=bound")(body)
