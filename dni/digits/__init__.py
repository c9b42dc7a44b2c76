"""Digit classifiers, their data and what the Adaptation tab shows of them; no training."""
