"""The base of all messages: parses and validates JSON by a dataclass's types, and writes it.

A field is required unless it has a default; unknown keys are ignored. What cannot be used gives one line,
which never repeats more than 200 characters of it, and nothing of a secret.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from dni.blending.methods.merge_method import method_values, read_method
from dni.blending.shares import Mix
from dni.errors import DniError, in_words, shown
from dni.pictures.rectangle import Rectangle

__all__ = [
    "LayeredMix",
    "Message",
    "ProtocolError",
    "long_text",
    "read_mix",
    "read_region",
    "secret",
    "to_json",
]

# More than anybody mixes; a list as long as a request may be would only cost time.
MAX_SHARES = 64
MAX_ITEMS = 1024
MAX_TEXT = 500
LARGEST_NUMBER = 1e9

M = TypeVar("M", bound="Message")
Reader = Callable[[Any, str], Any]


class ProtocolError(DniError):
    """A message of the browser cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What page and server say to each other."""

    @classmethod
    def parse(cls: type[M], value: Any) -> M:
        """Read a message, which may be anything.

        Raises:
            DniError: A field is missing, or is not what it should be.
        """
        if not isinstance(value, dict):
            raise ProtocolError(f"Expected a message with named fields, but got {shown(value)}.")
        readers = readers_of(cls)  # type: ignore[arg-type]  # mypy: a class is hashable
        given = {
            part.name: readers[part.name](value.get(part.name), part.name)
            for part in fields(cls)
            if part.name in value or part.default is MISSING
        }
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; an optional field that is None is left out."""
        values = {part: getattr(self, part.name) for part in fields(self)}
        return {
            part.name: to_json(value)
            for part, value in values.items()
            if value is not None or part.default is MISSING
        }


@dataclass(frozen=True)
class LayeredMix:
    """A mix, and how much of it each group of layers gets, from 0 to 1, where that is not all."""

    blend: Mix
    layers: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Without the groups' shares, which the page has from ``layers``."""
        return {
            "shares": list(self.blend.shares),
            "layers": self.layers,
            "extrapolate": self.blend.extrapolate,
            **way_of(self.blend),
        }


def long_text(default: Any = MISSING) -> Any:
    """A field for a text of any length, for which whoever reads it has a limit; optional with a default."""
    return field(default=default, metadata={"long": True})


def secret(default: Any = MISSING) -> Any:
    """A field for a text that is never shown; optional where there is a default."""
    return field(default=default, repr=False, metadata={"secret": True})


# Readers, by type


@functools.cache
def readers_of(message: Any) -> dict[str, Reader]:
    """What reads each field of a class of messages."""
    hints = get_type_hints(message)
    readers = {part.name: reader_of(hints[part.name]) for part in fields(message)}
    for part in fields(message):
        if "long" in part.metadata or "secret" in part.metadata:
            read = read_secret if "secret" in part.metadata else read_long_text
            readers[part.name] = optional(read) if part.default is None else read
    return readers


def reader_of(hint: Any) -> Reader:
    """What reads a value of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (reader_of(argument) for argument in arguments if argument is not type(None))
        return optional(inner)
    if origin is Literal:
        return functools.partial(read_choice, arguments)
    if origin is tuple:
        return functools.partial(read_list, reader_of(arguments[0]))
    if origin is dict:
        return functools.partial(read_named, reader_of(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, Message):
        return lambda value, _: hint.parse(value)
    return READERS[hint]


def optional(read: Reader) -> Reader:
    return lambda value, name: None if value is None else read(value, name)


def read_text(value: Any, name: str) -> str:
    text = read_long_text(value, name)
    if len(text) > MAX_TEXT:
        raise ProtocolError(f"Expected {name!r} with at most {MAX_TEXT} characters, but got {len(text)}.")
    return text


def read_long_text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"Expected a request with a text {name!r}, but got {shown(value)}.")
    return value


def read_secret(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ProtocolError(f"Expected a request with its {name}, but it names none. Reload the page.")
    return value


def read_number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProtocolError(f"Expected a request with a number {name!r}, but got {shown(value)}.")
    if not abs(value) <= LARGEST_NUMBER:
        raise ProtocolError(f"Expected a sensible {name!r}, but got {shown(value)}.")
    return float(value)


def read_whole(value: Any, name: str) -> int:
    number = read_number(value, name)
    if not number.is_integer():
        raise ProtocolError(f"Expected a whole number as {name!r}, but got {shown(value)}.")
    return int(number)


def read_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError(f"Expected {name!r} as true or false, but got {shown(value)}.")
    return value


def read_choice(choices: tuple[str, ...], value: Any, name: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ProtocolError(f"Expected {name!r} as one of {', '.join(choices)}, but got {shown(value)}.")
    return value


def read_list(read: Reader, value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise ProtocolError(f"Expected {name!r} as a list, but got {shown(value)}.")
    return tuple(read(item, f"{name}[{index}]") for index, item in enumerate(value))


def read_named(read: Reader, value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise ProtocolError(f"Expected {name!r} as an object, but got {shown(value)}.")
    return {
        read_text(key, name): read(item, f"{name}.{in_words(key, most=50)}") for key, item in value.items()
    }


def read_region(value: Any, name: str = "region") -> Rectangle:
    """A rectangle of whole pixels; whether it lies in a picture is for whoever has the picture."""
    sides = value if isinstance(value, dict) else {}
    read = (read_whole(sides.get(side), f"{name}.{side}") for side in ("left", "top", "width", "height"))
    return Rectangle(*read)


def read_mix(value: Any, name: str = "mix") -> Mix:
    """A mix: ``shares``, and where wanted ``groups``, ``extrapolate``, ``repair`` and ``method``.

    Raises:
        DniError: It is none.
    """
    given = value if isinstance(value, dict) else {}
    groups = given.get("groups")
    if groups is not None and (not isinstance(groups, dict) or len(groups) > MAX_SHARES):
        raise ProtocolError(
            f"Expected groups of layers with their shares, but got {shown(groups)}. Send an object."
        )
    return Mix.of(
        read_shares(given.get("shares"), f"{name}.shares"),
        groups={
            key: read_shares(own, f"{name}.groups.{in_words(key, most=50)}")
            for key, own in (groups or {}).items()
        },
        extrapolate=given.get("extrapolate") is True,
        repair=given.get("repair") is True,
        method=read_method(given.get("method")),
    )


def read_shares(value: Any, name: str) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_SHARES:
        raise ProtocolError(
            f"Expected {name!r} as a list of numbers, one an end, but got {shown(value)}. Send them."
        )
    return tuple(read_number(share, f"{name}[{index}]") for index, share in enumerate(value))


def read_layered_mix(value: Any, name: str) -> LayeredMix:
    layers = value.get("layers") if isinstance(value, dict) else None
    return LayeredMix(read_mix(value, name), read_named(read_number, layers or {}, f"{name}.layers"))


READERS: dict[Any, Reader] = {
    str: read_text,
    float: read_number,
    int: read_whole,
    bool: read_flag,
    Rectangle: read_region,
    Mix: read_mix,
    LayeredMix: read_layered_mix,
}


def way_of(mix: Mix) -> dict[str, Any]:
    """Whether a mix is repaired, and its merge method; only where it is, or has one."""
    repair = {"repair": True} if mix.repair else {}
    return repair if mix.method is None else {**repair, "method": method_values(mix.method)}


def to_json(value: Any) -> Any:
    """A field's value as JSON can hold it."""
    if isinstance(value, Message | LayeredMix):
        return value.to_dict()
    if isinstance(value, Rectangle):
        return asdict(value)
    if isinstance(value, Mix):
        groups = {name: list(shares) for name, shares in value.groups}
        own = {"shares": list(value.shares), "groups": groups, "extrapolate": value.extrapolate}
        return {**own, **way_of(value)}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value
