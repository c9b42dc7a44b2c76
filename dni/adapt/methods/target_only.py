"""Target-only: trained with the target's labels, which no adaptation method sees; an upper bound."""

from __future__ import annotations

from dni.adapt.methods.base import Batch, Losses, Method, classify
from dni.errors import DniError

__all__ = ["TargetOnly"]


class TargetOnly(Method):
    """Cross-entropy on labelled target digits."""

    id = "target_only"
    title = "Target labels (upper bound)"
    needs_target_labels = True
    iterations = 8000

    def losses(self, batch: Batch, progress: float) -> Losses:
        if batch.target_labels is None:
            raise DniError("Expected a batch with target labels, but got none.")
        return {"classify": classify(self.network(batch.target), batch.target_labels)}
