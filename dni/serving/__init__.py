"""The server behind the page: sessions, pictures, loaded pairs, frames and scheduling; no Gradio."""
