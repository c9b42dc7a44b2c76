"""What the view "How deep?" compares: names and sizes that training, evaluation and page share."""

from __future__ import annotations

from models.transfer import LAYERS

__all__ = ["CLASSES_A", "CLASSES_B", "CUTS", "KINDS", "LABEL_COUNTS", "LIVE_COUNT"]

CLASSES_A = (0, 1, 2, 3, 4)
CLASSES_B = (5, 6, 7, 8, 9)
# A network is cut after so many layers.
CUTS = tuple(range(1, len(LAYERS)))
# Labelled digits of each class of B.
LABEL_COUNTS = (5, 10, 50)
# Of the pairs that ship.
LIVE_COUNT = 10
# As the paper names them: below the cut are layers of A, of B or random ones, frozen or (+) trained on.
KINDS = ("AnB", "AnB+", "BnB", "BnB+", "random")
