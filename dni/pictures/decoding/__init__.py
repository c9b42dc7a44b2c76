"""Decodes strangers' pictures in bounded processes."""
