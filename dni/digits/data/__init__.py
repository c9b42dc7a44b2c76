"""Digits and where they come from: MNIST, the domains made of it, and samples of each."""
