"""Unsupervised domain adaptation of digit classifiers: domains, losses, methods, training, report."""

from dni.adapt.classifiers import METHOD_IDS, load_classifier

__all__ = ["METHOD_IDS", "load_classifier"]
