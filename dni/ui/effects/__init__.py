"""The Effects tab."""
