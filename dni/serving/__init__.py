"""What stands behind the viewers: pictures, loaded pairs, frames and scheduling, all bounded; no gradio."""
