"""Models that run on this computer: llama.cpp's server in a process of our own."""
