"""The Gradio app: one file per tab, and the live viewer. The only room that imports gradio."""

from dni.ui.app import build_app, launch_options

__all__ = ["build_app", "launch_options"]
