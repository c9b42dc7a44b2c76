"""Render requests to files: pictures, networks and sweeps."""
