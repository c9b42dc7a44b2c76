"""What a message shows of what came from outside."""

from __future__ import annotations

from dni.errors import DniError, in_words, listed, shown


def test_any_value_is_shown_on_one_short_line() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    values = [
        "x" * 10**7,
        "a\x1b[2J\nb\u202e",
        10**5000,
        deep,
        {"k" * 10**6: 1},
        b"\xff" * 10**6,
        list(range(10**5)),
    ]
    for value in values:
        for text in (shown(value), listed([value, value])):
            assert len(text) <= 200
            assert text.isprintable()


def test_the_text_of_an_error_is_bounded_whatever_it_quotes() -> None:
    error = DniError("Expected\x1b[2J a\n" + "x" * 10**6)
    first, second = str(error).split("\n")
    assert first == "Expected\ufffd[2J a"
    assert len(second) == 4000


def test_names_are_listed_ten_at_most() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(12))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert in_words("a\tb") == "a\ufffdb"
