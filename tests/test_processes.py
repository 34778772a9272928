"""Several processes at one library: one writer at a time; readers that see what it wrote and never fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import is_one_line_of_error

ROOT = Path(__file__).parents[1]
READERS, ROUNDS = 3, 7  # so many that a writer also removes papers and builds the indexes anew
SOON = 10.0  # seconds until a reader sees what was written, on a busy machine; else it takes one

WRITER = """
import json, sys, time
from ingest.pipeline import ingest
from rag.library import Library
from rag.types import Paper

class Listed:
    def __init__(self, papers, name): self.papers, self.name = papers, name
    def read(self): yield from self.papers

folder, rounds = sys.argv[1], int(sys.argv[2])
with Library.create(folder) as library:
    for number in range(rounds):
        word = f"zebrafinch{number}"
        papers = [Paper(f"The song of {word}", f"The {word} sings at dawn. {number} others hear it.")]
        papers += [Paper(f"Owls of field {number}-{each}", f"We count {each} owls.") for each in range(20)]
        ingest(library, [Listed(papers, f"{number}.jsonl")])
        print(json.dumps({"word": word, "at": time.time()}), flush=True)
        if number % 4 == 3:
            library.remove([paper.paper_id for paper in papers[1:10]])
        if number % 6 == 5:
            library.reindex()
        time.sleep(0.3)
print(json.dumps({"word": None, "at": time.time()}), flush=True)
"""

READER = """
import json, sys, time
from rag.library import Library
from rag.retrieval import Retriever
from rag.settings import Settings
from pathlib import Path
from rag.library.library import is_library

folder = Path(sys.argv[1])
while not is_library(folder):
    time.sleep(0.05)
library = Library.open(folder, Settings())
retriever, number, searches = Retriever(library), 0, 0
print(json.dumps({"ready": True}), flush=True)
while number < int(sys.argv[2]):
    hits = retriever.search(f"zebrafinch{number} song", 5)
    searches += 1
    if any(f"zebrafinch{number}" in hit.paper.title for hit in hits):
        print(json.dumps({"word": f"zebrafinch{number}", "at": time.time()}), flush=True)
        number += 1
    time.sleep(0.15)
print(json.dumps({"searches": searches}), flush=True)
"""


def started(program, *arguments):
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_three_readers_see_what_one_writer_writes_and_none_fails(tmp_path):
    folder = tmp_path / "library"
    first = started(WRITER, folder, 1)  # so that readers open a library that has papers
    _, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    readers = [started(READER, folder, ROUNDS) for _ in range(READERS)]
    for reader in readers:
        assert json.loads(reader.stdout.readline()) == {"ready": True}
    writer = started(WRITER, folder, ROUNDS)
    out, err = writer.communicate(timeout=300)
    assert writer.returncode == 0, err
    written = {each["word"]: each["at"] for each in map(json.loads, out.splitlines())}
    for reader in readers:
        with reader:  # `communicate` would lose what `readline` has buffered
            out, err = reader.stdout.read(), reader.stderr.read()
        assert reader.returncode == 0, err
        *seen, last = map(json.loads, out.splitlines())
        assert len(seen) == ROUNDS
        assert last["searches"] > ROUNDS
        late = {each["word"]: each["at"] - written[each["word"]] for each in seen[1:]}
        assert max(late.values()) < SOON, late


HOLDER = """
import sys, time
from rag.library import Library
with Library.create(sys.argv[1]) as library, library.writing():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_of_two_writers_one_is_told_who_the_other_is_and_follows_when_it_was_killed(tmp_path, run):
    folder, source = tmp_path / "library", tmp_path / "owls.jsonl"
    source.write_text('{"title": "Owls", "abstract": "They sleep at noon."}\n')
    holder = started(HOLDER, folder)
    assert holder.stdout.readline() == "held\n"
    refused = run("ingest", source, "--library", folder)
    assert is_one_line_of_error(refused, f"process {holder.pid} ", "run this again when it is done")
    holder.kill()
    holder.communicate()
    code, _, err = run("ingest", source, "--library", folder)
    assert code == 0, err


@pytest.mark.slow
def test_two_writers_at_once_bring_in_what_both_have(tmp_path, run):
    folder, sources = tmp_path / "library", [tmp_path / "owls.jsonl", tmp_path / "bees.jsonl"]
    for source in sources:
        lines = [
            {"title": f"{source.stem} {n}", "abstract": f"We count {n} {source.stem}."} for n in range(30)
        ]
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [sys.executable, "-m", "ui.cli", "ingest", "--json", "--library", str(folder)]
    waiting = set(sources)
    for _ in range(10):
        running = {
            source: subprocess.Popen([*command, source], cwd=ROOT, stdout=-1, stderr=-1, text=True)
            for source in waiting
        }
        for source, process in running.items():
            out, err = process.communicate(timeout=300)
            if process.returncode == 0:
                assert json.loads(out)["added"] == 30
                waiting.discard(source)
            else:
                assert "is writing to the library" in err
        if not waiting:
            break
    assert not waiting
    _, verified, _ = run("library", "verify", "--json", "--library", folder)
    assert json.loads(verified) == {"papers": 60, "problems": []}
