"""From files and services to the library."""
