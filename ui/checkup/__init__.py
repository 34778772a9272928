"""The checks of `askpapers doctor`: the machine, the library, the servers. They write nothing."""
