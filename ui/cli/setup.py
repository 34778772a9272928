"""`askpapers setup`: the encoder's weights, found or fetched."""

import argparse
import sys

from ui.cli.options import Parsers


def add(parsers: Parsers) -> None:
    command = parsers.add("setup", "find or fetch the encoder's weights (85 MB)", run, has_library=False)
    command.add_argument("--check", action="store_true", help="only look, fetch nothing")


def run(arguments: argparse.Namespace) -> int:
    from rag.embedding.minilm import MiniLM
    from rag.embedding.weights import find_weights
    from rag.errors import EncoderMissingError
    from ui.terminal import print_fields, print_json

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
