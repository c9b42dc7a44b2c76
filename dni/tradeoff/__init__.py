"""Distortion against perception along a mix, and network blending against pixel blending."""
