"""The one door to language models: every request to one goes through `chat.ChatModel`."""
