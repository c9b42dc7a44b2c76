"""Runs the blended network on pictures: windows, tiles, masks, precision, memory, cancellation."""
