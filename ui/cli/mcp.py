"""`askpapers mcp`: the papers as tools for other programs, over stdin and stdout."""

import argparse

from rag.settings import Settings
from ui.cli.commands import add_common
from ui.cli.options import add_writer
from ui.desk import Desk
from ui.mcp import aside, make_server, serve
from ui.programs import Programs
from ui.terminal import number_of, tell, track


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    add_writer(command, "auto")


def run(arguments: argparse.Namespace) -> int:
    """stdout is the protocol's from the first line to the last."""
    with aside():
        desk = Desk(Settings.read(), arguments.library, track)
        server = make_server(Programs(desk, arguments.writer))
        papers = number_of(desk.library.catalog.count(), "paper")
        tell(f"askpapers: serving the {papers} of {desk.library.folder}")
    try:
        serve(server)
    finally:
        with aside():
            desk.close()
    return 0
