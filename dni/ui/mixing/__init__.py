"""The Mixing tab."""
