"""Orders carried out, and their results written."""
