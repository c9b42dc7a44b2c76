"""Measures of pictures: distortion, spectra, perceptual distance, statistics."""
