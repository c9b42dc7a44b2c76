"""The recipe of a result: everything one needs to render the same picture again, as a small JSON text.

It travels in the metadata of picture files (:mod:`dni.pictures.write`) and of blended weights
(``metadata``), or as a JSON file of its own. With the same files of weights, on the same kind of machine and
with the same version of dni, a recipe gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dni.blending.shares import Mix
from dni.errors import DniError, in_words, listed, shown
from dni.recipes.render_request import RenderRequest, is_whole

__all__ = ["MAX_TEXT", "METADATA_KEY", "Recipe", "RecipeError"]

METADATA_KEY = "dni"
# A mask of the largest size takes some 0.4 MB.
MAX_TEXT = 4_000_000
MAX_NAME = 300
MAX_SCALE = 1024
PRECISIONS = ("bfloat16", "float32")
SHA256 = re.compile(r"[0-9a-f]{64}")
REQUIRED = {"pair", "ends", "precision", "scale", "version", "shares", "tile"}
OPTIONAL = {
    *("groups", "extrapolate", "repair", "method", "brush", "mask", "levels", "crop", "bits"),
    "recompute_statistics",
}


class RecipeError(DniError):
    """A recipe is malformed or not there, was written by a newer version, or its ends cannot be found."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a picture or a file of weights was made.

    Args:
        pair: The pair's id in the catalogue, or "" for ends from elsewhere.
        ends: (name, sha256 of the file, 64 lower-case hexadecimal digits) of every end, in the pair's order.
        request: The blend, and for a picture where it applies, which part it is, and the tiles.
        precision: What the network computed in.
        scale: Enlargement of the network.
        version: Version of dni.

    Raises:
        RecipeError: A value is out of these bounds.
    """

    pair: str
    ends: tuple[tuple[str, str], ...]
    request: RenderRequest
    precision: Literal["bfloat16", "float32"]
    scale: int
    version: str

    def __post_init__(self) -> None:
        _expect(_is_name(self.pair), f"a text of at most {MAX_NAME} characters as pair", self.pair)
        _expect(_is_name(self.version), f"a text of at most {MAX_NAME} characters as version", self.version)
        _expect(_are_ends(self.ends), "ends as (name, sha256), at least one,", self.ends)
        _expect(len(self.shares) == len(self.ends), f"{len(self.ends)} shares, one per end,", self.shares)
        _expect(self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)} as precision", self.precision)
        _expect(is_whole(self.scale, most=MAX_SCALE), f"a scale from 1 to {MAX_SCALE}", self.scale)
        fine = self.request.bits == 8 or self.precision == "float32"
        _expect(fine, "float32 as precision for 16 bits", self.precision)

    @property
    def mix(self) -> Mix:
        """How much of each end; with a mask, where nothing is painted."""
        return self.request.mix

    @property
    def shares(self) -> tuple[float, ...]:
        """How much of each end, in layers that no group names."""
        return self.mix.shares

    @property
    def alpha(self) -> float | None:
        """The share of end B, or None where one number does not say it all; see :class:`Mix`."""
        return self.mix.alpha

    @property
    def tile(self) -> int | None:
        """Side of the tiles in input pixels, or None for what suits the network."""
        return self.request.tile

    def to_json(self) -> str:
        """One line of ASCII with sorted keys; ``from_json`` gives an equal recipe, its shares bit for bit.

        What is as by default is left out, so that a plain recipe is one that older versions read.
        """
        identity = {
            "pair": self.pair,
            "ends": self.ends,
            "precision": self.precision,
            "scale": self.scale,
            "version": self.version,
        }
        return json.dumps({**identity, **self.request.to_values()}, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read ``to_json``'s text.

        Raises:
            RecipeError: It is not JSON, longer than 4 MB, lacks or has unknown fields, names one twice, or
                holds a value out of bounds.
        """
        values = _parse(text)
        _check_fields(values)
        try:
            request = RenderRequest.from_values(values)
        except DniError as error:
            raise RecipeError(f"Expected a recipe that can be used, but it cannot. {error}") from error
        return cls(
            pair=values["pair"],
            ends=_to_tuple(values["ends"]),
            request=request,
            precision=values["precision"],
            scale=values["scale"],
            version=values["version"],
        )

    def metadata(self) -> dict[str, str]:
        """The entry for a safetensors file's metadata."""
        return {METADATA_KEY: self.to_json()}


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_TEXT:
        raise RecipeError(
            f"Expected a recipe of at most {MAX_TEXT / 1e6:.0f} MB, but got {len(text) / 1e6:.1f} MB: "
            "it is something else."
        )
    try:
        values = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise RecipeError(
            f"Expected a recipe in JSON, but it cannot be read ({in_words(error)}). "
            "Choose a file that dni wrote, as it wrote it."
        ) from error
    if not isinstance(values, dict):
        raise RecipeError(
            f"Expected a recipe, a JSON object, but got a {type(values).__name__}. "
            "Choose a file that dni wrote, as it wrote it."
        )
    return values


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; JSON itself would let the last of two equal names win, and readers differ in that."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"{shown(twice, most=60)} is there twice")
    return values


def _check_fields(values: Mapping[str, Any]) -> None:
    if missing := sorted(REQUIRED - values.keys()):
        raise RecipeError(
            f"Expected a recipe, but it lacks {listed(missing)}. "
            "Choose a file that dni wrote, as it wrote it."
        )
    if unknown := sorted(values.keys() - REQUIRED - OPTIONAL):
        raise RecipeError(
            f"Expected a recipe that this version of dni knows, but it also holds {listed(unknown)}, and was "
            f"written by dni {shown(values['version'], most=40)}. Update dni."
        )


def _to_tuple(value: object) -> Any:
    """JSON's lists to tuples, also inside; anything else stays for the checks to refuse."""
    return (
        tuple(tuple(item) if isinstance(item, list) else item for item in value)
        if isinstance(value, list)
        else value
    )


def _expect(fine: bool, wanted: str, found: object) -> None:
    if not fine:
        raise RecipeError(f"Expected {wanted} of a recipe, but got {shown(found)}: correct it.")


def _are_ends(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(_is_end(item) for item in value)


def _is_end(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    name, sha256 = value
    return _is_name(name) and isinstance(sha256, str) and SHA256.fullmatch(sha256) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME
