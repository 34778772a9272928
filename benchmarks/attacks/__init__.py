"""Attacks on the chat page from outside, over the loopback: what it promises, tried on the real server."""
