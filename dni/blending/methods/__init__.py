"""Merge methods beside the straight line, as others have them for language models; one file each."""
