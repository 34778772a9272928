"""Attacks on the chat page, from outside: what it promises, tried against the real server. Over loopback alone."""
