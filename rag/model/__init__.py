"""The one door to language models: whatever the program asks a model, it asks through `chat.ChatModel`."""
