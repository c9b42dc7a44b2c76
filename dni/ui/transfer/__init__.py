"""The Transfer tab; a file for each of its views."""
