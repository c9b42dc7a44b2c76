"""Sweeps along a path through mix space: strips, grids and films."""
