"""Masks: reading and making them, and the levels and rectangles that rendering them needs."""
