"""`askpapers setup`: find or fetch the encoder's weights."""

import argparse
import sys

from rag.embedding.minilm import MiniLM
from rag.embedding.weights import find_weights
from rag.errors import EncoderMissingError
from ui.cli.commands import add_common
from ui.terminal import print_fields, print_json


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run, has_library=False)
    command.add_argument("--check", action="store_true", help="only look, fetch nothing")


def run(arguments: argparse.Namespace) -> int:
    try:
        weights = find_weights()
    except EncoderMissingError:
        if arguments.check:
            raise
        from rag.embedding.fetching import fetch_weights

        weights = fetch_weights(lambda line: print(line, file=sys.stderr))
    MiniLM().encode(["The encoder works."])
    fields = {"encoder": MiniLM.name, "weights": str(weights.tensors)}
    (print_json if arguments.json else print_fields)(fields)
    return 0
