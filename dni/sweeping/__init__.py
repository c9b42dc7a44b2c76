"""Sweeps along a mix: strips, grids and films."""
