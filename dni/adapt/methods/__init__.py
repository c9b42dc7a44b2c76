"""The methods, one a file; :data:`METHODS` lists them in the order of the report."""

from __future__ import annotations

from dni.adapt.methods.base import Method
from dni.adapt.methods.consistency import Consistency
from dni.adapt.methods.coral import DeepCoral
from dni.adapt.methods.dann import Dann
from dni.adapt.methods.dann_mmd import DannMmd
from dni.adapt.methods.ddc import Ddc
from dni.adapt.methods.source_only import SourceOnly
from dni.adapt.methods.target_only import TargetOnly
from dni.errors import DniError

__all__ = ["ANCESTOR", "BEST", "METHODS", "Method", "method_id"]

METHODS: dict[str, type[Method]] = {
    method.id: method for method in (SourceOnly, Dann, DannMmd, Ddc, DeepCoral, Consistency, TargetOnly)
}
# All others start from this one.
ANCESTOR = SourceOnly.id
# The state-of-the-art row, which "best" stands for.
BEST = Consistency.id


def method_id(name: str) -> str:
    """The id of a method; "best" is the state-of-the-art row.

    Raises:
        DniError: There is no such method.
    """
    name = BEST if name == "best" else name
    if name not in METHODS:
        raise DniError(f"Expected one of the methods {', '.join(METHODS)} or best, but got {name!r}.")
    return name
