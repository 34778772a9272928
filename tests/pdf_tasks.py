"""What a process that reads PDFs does in tests instead of parsing, by the name of the file."""

import ctypes
import os
import re
import signal
import time
from contextlib import suppress

from runs import runs_of

from ingest.pdf.document import Document, Front
from ingest.pdf.faults import PdfError
from ingest.pdf.packing import pack
from ingest.pdf.rendering import render
from rag.body import Block, Body, Page


def document(title="A title", text="Two words"):
    runs = runs_of([(0, 3, 1, 0, (10, 10, 30, 20)), (4, len(text), 1, 0, (32, 10, 60, 20))])
    return Document(
        Front(title, ("A. Author",), origins={"title": "first page"}),
        Body(text, (Block("paragraph", 0, len(text), "1 Section"),), (Page(612.0, 792.0, "i"),), runs),
    )


def act(path):
    """Do what the name of the file says; else return a document whose title is the name."""
    action = path.stem.partition("-")[0]
    if action == "crash":
        ctypes.string_at(0)
    if action == "abort":
        os.abort()
    if action == "exit":
        os._exit(3)
    if action in ("hang", "deaf", "stuck"):
        path.with_suffix(".begun").touch()
    if action == "deaf":
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    if action in ("hang", "deaf"):
        time.sleep(1_000)
    if action == "stuck":
        re.fullmatch("(a+)+b", "a" * 60)  # keeps the interpreter's lock
    if action == "memory":
        return [bytearray(1 << 20) for _ in range(100_000)]
    if action == "bug":
        raise IndexError(path)
    if action == "refuse":
        raise PdfError("is a poem\x1b[2J\n: read it aloud")
    if action == "tired":
        tired.append(path)
        if len(tired) > 1:
            os.abort()
    if action == "pid":
        return pack(document(str(os.getpid())))
    if action == "environment":
        return pack(document(" ".join(sorted(os.environ))))
    if action == "printing":
        print("this is no message", flush=True)
        os.write(1, b"nor this")
    if action == "writing":
        path.with_suffix(".txt").write_text("words")
    if action == "slow":
        time.sleep(0.5)
    return pack(document(path.name))


tired = []


def lie(path):
    """Answer as a process might that was taken over."""
    header, payload = pack(document())
    if path.stem == "none":
        return {}, b""
    if path.stem == "noise":
        for handle in range(3, 20):
            with suppress(OSError):
                os.write(handle, b"\xff" * 100)
    return header, payload


def draw(path, page, width):
    """Draw the page, unless the name of the file says something else."""
    act(path)
    return render(path, page, width)
