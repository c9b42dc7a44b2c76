"""The Adaptation tab."""
