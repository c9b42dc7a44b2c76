"""The messages in Python and the types of the browser's side have the same fields, equally optional."""

from __future__ import annotations

import os
import re
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

from dni.ui.protocol import (
    adaptation,
    effects,
    frames,
    mixing,
    transfer_depth,
    transfer_maps,
    transfer_teacher,
)
from dni.ui.protocol.messages import Message

WEB = Path(os.environ.get("DNI_WEB") or Path(__file__).parents[3] / "dni" / "ui" / "web")
TYPEDEF = re.compile(r"@typedef\s+(\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\})\s+(\w+)")
PROPERTY = re.compile(r"@property\s+\{((?:[^{}]|\{[^{}]*\})*)\}\s+(\[?)(\w+)")
NO_FIELDS = {"Success", "Failure", "Dropped"}
# Of the browser alone: what a field holds, and what is sent instead of a reply.
ELSEWHERE = {*NO_FIELDS, "Region", "Mix", "Method", "Server", "Frame", "Metrics"} | {
    *("Blends", "DepthReport", "DigitSource", "Measured", "TeacherReport"),
    *("Facts", "Seeds"),
    *("Accuracies", "LettersReport", "UnlabelledReport", "WordsReport"),
}

Fields = dict[str, tuple[bool, bool]]
"""For each name, whether it may be absent, and whether it may be null."""


def messages_of(module: ModuleType) -> dict[str, type[Message]]:
    return {name: getattr(module, name) for name in module.__all__ if name[0].isupper()}


def fields_of(message: type[Message]) -> Fields:
    hints = get_type_hints(message)
    return {
        part.name: (part.default is not MISSING, type(None) in get_args(hints[part.name]))
        for part in fields(message)
    }


# The browser's types


def typedefs_of(file: str) -> dict[str, str]:
    """What stands in each type of a file: an expression, or properties."""
    text = re.sub(r"\n \*(?!/) ?", "\n", (WEB / file).read_text(encoding="utf-8"))
    found = {}
    for comment in re.findall(r"/\*\*(.*?)\*/", text, re.DOTALL):
        for expression, name in TYPEDEF.findall(comment):
            found[name] = expression[1:-1].strip() if expression != "{object}" else comment
    return found


def split(text: str, separator: str) -> list[str]:
    """Split where no bracket is open."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "{([<") - (letter in "})]>" and not parts[-1].endswith("="))
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def read_fields(expression: str, known: dict[str, str]) -> Fields:
    """The fields of an expression: of a reply those of its success, of `&` those of both."""
    if "@property" in expression:
        return {
            name: (bool(bracket), "null" in split(kind, "|"))
            for kind, bracket, name in PROPERTY.findall(expression)
        }
    choices = [choice for choice in split(expression, "|") if choice not in NO_FIELDS]
    assert len(choices) == 1, f"one success in {expression}"
    found: Fields = {}
    for part in split(choices[0], "&"):
        if part in NO_FIELDS:
            continue
        if part.startswith("("):
            found |= read_fields(part[1:-1], known)
        elif part.startswith("{"):
            for entry in split(part[1:-1], ","):
                name, kind = entry.split(":", 1)
                found[name.rstrip("? ")] = (name.endswith("?"), "null" in split(kind, "|"))
        else:
            found |= read_fields(known[part], known)
    return found


# Together

SIDES = {
    "lib/protocol.js": messages_of(frames) | messages_of(effects) | messages_of(mixing),
    "adaptation/protocol.js": messages_of(adaptation),
    "transfer/protocol.js": messages_of(transfer_teacher) | messages_of(transfer_depth),
    "transfer/maps-protocol.js": messages_of(transfer_maps),
}


@pytest.mark.parametrize(
    ("file", "name"), [(file, name) for file, messages in SIDES.items() for name in messages]
)
def test_a_message_has_the_same_fields_on_both_sides(file: str, name: str) -> None:
    known = typedefs_of("lib/protocol.js") | typedefs_of(file)
    ours, theirs = fields_of(SIDES[file][name]), read_fields(known[name], known)
    assert set(ours) == set(theirs)
    for field, (ours_optional, ours_null) in ours.items():
        optional, null = theirs[field]
        assert ours_optional == optional, f"{field} is optional on one side only"
        # What may be absent is None in Python, and left out on the way back.
        assert ours_null == null or (optional and ours_null), f"{field} is null on one side only"


@pytest.mark.parametrize("file", SIDES)
def test_every_message_of_the_browser_is_known_here(file: str) -> None:
    named = {name for name in typedefs_of(file) if not name.startswith("import")}
    assert named - ELSEWHERE == SIDES[file].keys()
