"""The recipe of a result: everything one needs to render the same picture again, as a small JSON text.

It travels in the metadata of PNG files (``dni.images.save_png``) and of blended weights (``metadata``).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from dni.errors import DniError

__all__ = ["Recipe", "RecipeError"]

METADATA_KEY = "dni"
PRECISIONS = ("bfloat16", "float32")
SHA256 = re.compile(r"[0-9a-f]{64}")
# Shares may come from float32 arithmetic.
SUM_TOLERANCE = 1e-5
# No extrapolation is meant beyond this, and the sum of larger ones is no longer exact enough to check.
LARGEST_SHARE = 1000


class RecipeError(DniError):
    """A recipe is malformed, or was written by a newer version."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a picture or a file of weights was made.

    Args:
        pair: The pair's id in the catalogue, or "" for ends from elsewhere.
        ends: (name, sha256 of the file, 64 lower-case hexadecimal digits) of every end, in the pair's order.
        shares: How much of each end; they sum to 1.
        precision: What the network computed in.
        tile: Side of the tiles in pixels of the input, or None for the whole picture at once.
        scale: Enlargement of the network.
        version: Version of dni.

    Raises:
        RecipeError: A value is out of these bounds.
    """

    pair: str
    ends: tuple[tuple[str, str], ...]
    shares: tuple[float, ...]
    precision: Literal["bfloat16", "float32"]
    tile: int | None
    scale: int
    version: str

    def __post_init__(self) -> None:
        _expect(_is_text(self.pair), "a text as pair", self.pair)
        _expect(_is_text(self.version), "a text as version", self.version)
        _expect(_are_ends(self.ends), "ends as (name, sha256), at least one", self.ends)
        _expect(_are_shares(self.shares, len(self.ends)), "one share per end, in sum 1,", self.shares)
        _expect(self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)} as precision", self.precision)
        _expect(self.tile is None or _is_positive(self.tile), "a tile of at least 1 or none", self.tile)
        _expect(_is_positive(self.scale), "a scale of at least 1", self.scale)

    @property
    def alpha(self) -> float | None:
        """The share of end B where there are two ends, otherwise None."""
        return self.shares[1] if len(self.shares) == 2 else None

    def to_json(self) -> str:
        """One line of ASCII with sorted keys; ``from_json`` gives an equal recipe, its shares bit for bit."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read ``to_json``'s text.

        Raises:
            RecipeError: It is not JSON, lacks or has unknown fields, or holds a value out of bounds.
        """
        values = _parse(text)
        wanted = {field.name for field in fields(cls)}
        if missing := sorted(wanted - values.keys()):
            raise RecipeError(
                f"Expected a recipe with the fields {sorted(wanted)}, but {missing} are missing: "
                "use the text as dni wrote it."
            )
        if unknown := sorted(values.keys() - wanted):
            raise RecipeError(
                f"Expected a recipe with the fields {sorted(wanted)}, but got also {unknown[:10]}, "
                f"written by dni {str(values['version'])[:40]!r}: update dni."
            )
        values["ends"] = _to_tuple(values["ends"])
        values["shares"] = _to_tuple(values["shares"])
        return cls(**values)

    def metadata(self) -> dict[str, str]:
        """The entry for a safetensors file's metadata."""
        return {METADATA_KEY: self.to_json()}


def _parse(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(
            f"Expected a recipe in JSON, but it cannot be read ({error}): use the text as dni wrote it."
        ) from error
    if not isinstance(values, dict):
        raise RecipeError(
            f"Expected a recipe in JSON, an object, but got a {type(values).__name__}: "
            "use the text as dni wrote it."
        )
    return values


def _to_tuple(value: object) -> object:
    """JSON's lists to tuples, also inside; anything else stays for the checks to refuse."""
    return (
        tuple(tuple(item) if isinstance(item, list) else item for item in value)
        if isinstance(value, list)
        else value
    )


def _expect(fine: bool, wanted: str, found: object) -> None:
    if not fine:
        raise RecipeError(f"Expected {wanted} of a recipe, but got {str(found)[:200]!r}: correct it.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _are_ends(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(_is_end(item) for item in value)


def _is_end(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    name, sha256 = value
    return isinstance(name, str) and isinstance(sha256, str) and SHA256.fullmatch(sha256) is not None


def _are_shares(value: object, count: int) -> bool:
    if not isinstance(value, tuple) or len(value) != count:
        return False
    if not all(isinstance(share, int | float) and not isinstance(share, bool) for share in value):
        return False
    return all(abs(share) <= LARGEST_SHARE for share in value) and abs(math.fsum(value) - 1) <= SUM_TOLERANCE
