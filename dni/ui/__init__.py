"""The Gradio app, the only package that imports gradio: a folder per tab, and the browser's modules."""

from dni.ui.app import build_app, launch_options
from dni.ui.requests.uploads import keep_uploads_private

__all__ = ["build_app", "keep_uploads_private", "launch_options"]
