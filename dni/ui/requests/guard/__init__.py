"""Turns requests away before Gradio reads them: other routes, bodies too large, more than one's share."""
