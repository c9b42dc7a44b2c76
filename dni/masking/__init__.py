"""Masks: where in the picture how much of the mix is wanted."""
