"""The methods, one a file; :data:`METHOD_CLASSES` lists them in the order of the report."""

from __future__ import annotations

from dni.training.adaptation.methods.adamatch import AdaMatch
from dni.training.adaptation.methods.base import Method
from dni.training.adaptation.methods.coral import DeepCoral
from dni.training.adaptation.methods.dan import Dan
from dni.training.adaptation.methods.dann import Dann
from dni.training.adaptation.methods.dann_mmd import DannMmd
from dni.training.adaptation.methods.ddc import Ddc
from dni.training.adaptation.methods.source_only import SourceOnly
from dni.training.adaptation.methods.target_only import TargetOnly

__all__ = ["METHOD_CLASSES", "Method"]

METHOD_CLASSES: dict[str, type[Method]] = {
    method.id: method for method in (SourceOnly, Dann, DannMmd, Ddc, DeepCoral, Dan, AdaMatch, TargetOnly)
}
