"""Unsupervised domain adaptation of digit classifiers (DANN and its relatives)."""
