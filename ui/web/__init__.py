"""The chat page: one Gradio app."""
