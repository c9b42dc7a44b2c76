"""What the Mixing tab asks of the server, without Gradio."""
