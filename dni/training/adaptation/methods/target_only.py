"""Target-only: trained with the target's labels, which no adaptation method sees; an upper bound."""

from __future__ import annotations

from dni.errors import DniError
from dni.training.adaptation.methods.base import Batch, Losses, Method, classify

__all__ = ["TargetOnly"]


class TargetOnly(Method):
    """Cross-entropy on labelled target digits."""

    id = "target_only"
    needs_target_labels = True
    iterations = 8000

    def losses(self, batch: Batch, progress: float) -> Losses:
        if batch.target_labels is None:
            raise DniError("Expected a batch with target labels, but got none.")
        return {"classify": classify(self.network(batch.target), batch.target_labels)}
