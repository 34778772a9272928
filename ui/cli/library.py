"""`askpapers library`: what the library holds, and whether its indexes agree."""

import argparse

from ui.cli.options import Parsers


def add(parsers: Parsers) -> None:
    group = parsers.group("library", "look after the library")
    group.add("info", "how many papers and passages there are, and who encodes and writes", run_info)
    group.add("verify", "compare the catalog with the indexes; exit 1 where they disagree", run_verify)
    group.add("reindex", "build the indexes anew from the catalog", run_reindex)


def run_info(arguments: argparse.Namespace) -> int:
    from rag.settings import Settings
    from ui.cli.places import open_existing
    from ui.terminal import print_fields, print_json

    settings = Settings.from_environment()
    with open_existing(arguments, settings) as library:
        fields = {
            "papers": library.catalog.count(),
            "passages": library.catalog.count_passages(),
            "embedder": library.encoder.name,
            "writer": settings.model if settings.has_model else "extractive",
            "behind": library.behind(),
            "digests": library.catalog.holds_digests,
            "folder": str(library.folder),
        }
    (print_json if arguments.json else print_fields)(fields)
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    from rag.plain import plain
    from rag.settings import Settings
    from ui.cli.places import open_existing
    from ui.terminal import print_fields, print_json

    with open_existing(arguments, Settings.from_environment()) as library:
        problems = library.verify()
        papers = library.catalog.count()
    if arguments.json:
        print_json({"papers": papers, "problems": problems})
    else:
        print_fields({"papers": papers, "disagreements": len(problems)})
        for problem in problems:
            print(plain(problem))
        if problems:
            print("Mend them with `askpapers library reindex`.")
    return 1 if problems else 0


def run_reindex(arguments: argparse.Namespace) -> int:
    from rag.settings import Settings
    from ui.cli.places import open_existing
    from ui.terminal import print_fields, print_json, track

    with open_existing(arguments, Settings.from_environment()) as library:
        library.reindex(track)
        fields = {"papers": library.catalog.count(), "passages": library.catalog.count_passages()}
    (print_json if arguments.json else print_fields)(fields)
    return 0
