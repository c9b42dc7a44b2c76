"""Reads and writes what Pillow does not: 16 bits per channel, colour profiles, kinds of TIFF and PNG."""
