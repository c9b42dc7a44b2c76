"""What the view "From a teacher" compares: names and sizes that training, evaluation and page share."""

from __future__ import annotations

__all__ = ["ALPHAS", "BIASES", "HIDDEN", "KINDS", "NUM_DIGITS", "TEMPERATURE"]

# How the students are taught: by labels, by softened answers, or by the logits themselves.
KINDS = ("hard", "soft", "logits")
# The digit that a student never saw; its networks ship.
HIDDEN = (1, 3, 8)
# So many of MNIST's training digits are shown to a student, less those that are hidden.
NUM_DIGITS = 16_000
# Of the soft targets that the students learned from.
TEMPERATURE = 10.0
# What is added to the logit of the hidden class, and the share of the soft student, where they are measured.
BIASES = tuple(step / 2 for step in range(25))
ALPHAS = tuple(step / 8 for step in range(13))
