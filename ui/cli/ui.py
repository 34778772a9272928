"""`askpapers ui`: the chat page."""

import argparse
import getpass
import logging
import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.errors import SettingError
from rag.settings import Settings, data_folder
from ui.cli.commands import add_common
from ui.desk import Desk
from ui.terminal import print_json_line, track
from ui.web.door.guard import check_listening
from ui.web.door.output import filtered

PORT = 7860


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: 127.0.0.1)"
    )
    command.add_argument("--port", type=_port, default=PORT, metavar="N", help=f"default: {PORT}")
    command.add_argument(
        "--password",
        action="store_true",
        help="ask for a password that visitors need; ASKPAPERS_PASSWORD sets one without asking",
    )
    command.add_argument(
        "--no-password", action="store_true", help="listen beyond this machine without a password"
    )
    command.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the page is reached, such as that of a proxy; may be given several times",
    )
    command.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a proxy before the page, by address or network, whose X-Forwarded- headers are believed; "
        "may be given several times",
    )
    command.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a model that visitors may choose beside ASKPAPERS_MODEL, local/NAME for one on this "
        "computer; may be given several times",
    )
    command.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="evaluation runs (default: runs)"
    )
    command.add_argument(
        "--feedback",
        type=Path,
        metavar="FILE",
        help="likes and dislikes (default: in the user data folder)",
    )
    command.add_argument(
        "--read-only",
        action="store_true",
        help="visitors can neither add nor remove papers, nor test models",
    )
    command.add_argument("--open", action="store_true", help="open the page in your browser")


def run(arguments: argparse.Namespace) -> int:
    password = os.environ.get("ASKPAPERS_PASSWORD") or (_typed_password() if arguments.password else None)
    check_listening(arguments.host, bool(password), arguments.no_password)
    settings = Settings.read()
    with (
        Desk(settings, arguments.library, track) as desk,
        TemporaryDirectory(prefix="askpapers-page-") as uploads,
        filtered() as stdout,
    ):
        from ui.web.app import Page, build_page, models_of, serve_page

        page = Page(
            uploads=Path(uploads).resolve(),
            host=arguments.host,
            port=arguments.port,
            password=password,
            allowed_hosts=tuple(arguments.allow_host),
            proxies=tuple(arguments.proxy),
            runs=arguments.runs.absolute(),
            feedback=(arguments.feedback or data_folder() / "feedback.jsonl").absolute(),
            secret=data_folder() / "browser-secret",
            models=models_of(arguments.model),
            is_read_only=arguments.read_only,
        )
        served = serve_page(build_page(desk, page), desk, page)
        desk.read_ahead()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stopped service ends as by Ctrl-C
        try:
            if arguments.json:
                print_json_line({"address": served.address, "papers": desk.library.catalog.count()}, stdout)
            else:
                print(f"askpapers is at {served.address}", file=stdout, flush=True)
                logging.getLogger("askpapers").warning("Ctrl-C ends it.")
            if arguments.open:
                webbrowser.open(served.address)
            threading.Event().wait()
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt("the page is closed") from interrupt
        finally:
            served.close()
    return 0


def _typed_password() -> str:
    """A password that is typed twice, unseen. Raises SettingError."""
    if not sys.stdin.isatty():
        raise SettingError("a password can be asked for on a terminal only: set ASKPAPERS_PASSWORD")
    typed = getpass.getpass("Password for visitors: ")
    if not typed or typed != getpass.getpass("Once more: "):
        raise SettingError("the two differ, or are empty: start again")
    return typed


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port from 1 to 65535")
    return int(text)
