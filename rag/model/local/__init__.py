"""A model inside the program: llama.cpp's server in a process of ours."""
