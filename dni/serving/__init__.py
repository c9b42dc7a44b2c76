"""What stands behind the viewers: pictures, loaded pairs, frames and turns, all bounded; no gradio."""
