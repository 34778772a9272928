"""PDFs are read in processes of their own: whatever becomes of one, the others go on, and none stays."""

import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pdf_tasks
import pytest
from pdf_tasks import document
from PIL import Image

from ingest.pdf import workers
from ingest.pdf.faults import PdfError
from ingest.pdf.limits import NO_MEMORY, Limits, check_file
from ingest.pdf.messages import MalformedError, receive
from ingest.pdf.packing import pack, unpack
from ingest.pdf.reader import Reader
from ingest.pdf.workers import parse_all
from rag.body import Block, Page

canvas = pytest.importorskip("reportlab.pdfgen.canvas")
PATIENCE = 20  # seconds
PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not (PROC / "self/stat").exists(), reason="processes are found in /proc")


PARSING = workers.TASK


@pytest.fixture(autouse=True)
def task(monkeypatch):
    """In place of parsing, processes do what the names of files say."""
    monkeypatch.setattr(workers, "TASK", "pdf_tasks:act")


@pytest.fixture(scope="module")
def content():
    return pdf(1)


@pytest.fixture
def files(tmp_path, content):
    """Makes small PDFs of these names."""

    def write(*names):
        paths = [tmp_path / f"{name}.pdf" for name in names]
        for path in paths:
            path.write_bytes(content)
        return paths

    return write


def pdf(pages, **options):
    stream = io.BytesIO()
    drawing = canvas.Canvas(stream, pagesize=(200, 200), **options)
    for _ in range(pages):
        drawing.drawString(20, 100, "Two words")
        drawing.showPage()
    drawing.save()
    return stream.getvalue()


def outcomes(paths, *arguments, **options):
    """By name of a file, the title of its document, or why there is none."""
    return {
        path.stem: str(result) if isinstance(result, PdfError) else result.front.title
        for path, result in parse_all(paths, *arguments, **options)
    }


def children(of=None):
    """The processes that act for these tests, of this process."""
    pids = []
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if (
            state != "Z"
            and int(parent) == (of or os.getpid())
            and b"ingest.pdf.worker\0pdf_tasks:act\0" in command
        ):
            pids.append(int(stat.parent.name))
    return pids


def is_alive(pid):
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(condition):
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


def test_documents_come_whole_and_in_the_order_of_their_files(files):
    paths = files("slow", "one", "two", "slow-2", "three")
    results = list(parse_all(iter(paths), 2))
    assert [path for path, _ in results] == paths
    for path, result in results:
        expected = document(path.name)
        assert (result.front, result.body.text) == (expected.front, expected.body.text)
        assert (result.body.blocks, result.body.pages) == (expected.body.blocks, expected.body.pages)
        assert np.allclose(result.body.runs.boxes, expected.body.runs.boxes)


def test_no_file_gives_nothing():
    assert list(parse_all([])) == []


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("crash", "crashes the reader of PDFs, or takes too much memory (SIGSEGV): print it to a new PDF"),
        ("abort", "crashes the reader of PDFs, or takes too much memory (SIGABRT): print it to a new PDF"),
        (
            "exit",
            "crashes the reader of PDFs, or takes too much memory (exit code 3): print it to a new PDF",
        ),
        ("refuse", "is a poem[2J : read it aloud"),
        ("memory", "needs more than 256 MB of memory: print it to a new PDF, or split it"),
        ("bug", "cannot be read (IndexError in pdf_tasks.py, line"),
    ],
)
def test_what_ends_the_reader_costs_one_file(files, action, reason):
    results = outcomes(files("one", action, "two"), 1, limits=Limits(memory=256 << 20))
    assert results.pop(action).startswith(reason)
    assert results == {"one": "one.pdf", "two": "two.pdf"}


@pytest.mark.slow
def test_files_that_never_end_are_given_up(files):
    paths = files("hang", "stuck", "deaf", "one")
    results = outcomes(paths, 2, limits=Limits(seconds=0.5, seconds_a_page=0.5))
    reason = "takes too long to read: print it to a new PDF, or split it"
    assert results == {"hang": reason, "stuck": reason, "deaf": reason, "one": "one.pdf"}


def test_a_file_has_the_more_time_the_more_pages_it_has(tmp_path):
    (path := tmp_path / "slow.pdf").write_bytes(pdf(40))
    assert outcomes([path], limits=Limits(seconds=0.2, seconds_a_page=0)) != {"slow": "slow.pdf"}
    assert outcomes([path], limits=Limits(seconds=0.2, seconds_a_page=1)) == {"slow": "slow.pdf"}


def test_a_file_is_not_blamed_for_what_others_left_behind(files):
    names = [f"tired-{number}" for number in range(4)]
    assert outcomes(files(*names), 1) == {name: f"{name}.pdf" for name in names}


def test_a_reader_is_kept_for_the_next_file_and_some_hundred_later_another_takes_its_place(
    files, monkeypatch
):
    paths = files("pid-1", "pid-2", "pid-3", "pid-4")
    assert len(set(outcomes(paths, 1).values())) == 1
    monkeypatch.setattr("ingest.pdf.child._MOST_FILES", 2)
    assert len(set(outcomes(paths, 1).values())) == 2


@pytest.mark.slow
def test_a_reader_waits_for_its_next_file_longer_than_a_file_may_take(files):
    reader = Reader(workers.TASK, Limits(seconds=0.2, seconds_a_page=0), unpack)
    paths = files("pid-1", "pid-2")
    first = reader.read(paths[0])
    time.sleep(2.5)
    assert reader.read(paths[1]).front == first.front
    reader.close()


def test_there_are_no_more_readers_than_workers(files):
    paths = files("pid-1", "pid-2", "pid-3")
    assert len(set(outcomes(paths, 1).values())) == 1
    assert len(set(outcomes(paths, 2).values())) == 2


def test_paths_are_taken_and_files_read_only_a_little_ahead(files):
    taken = []

    def paths():
        for path in files(*(f"f{number}" for number in range(100))):
            taken.append(path)
            yield path

    parsing = parse_all(paths(), 1)
    next(parsing)
    time.sleep(0.2)
    assert len(taken) < 50
    parsing.close()


def test_what_the_paths_raise_is_raised_and_no_process_stays(files):
    def paths():
        yield from files("one")
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(parse_all(paths()))
    assert not children()


def test_a_reader_knows_no_keys_and_prints_nothing_into_its_answers(files, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    results = outcomes(files("environment", "printing"))
    assert "OPENAI" not in results["environment"]
    assert results["printing"] == "printing.pdf"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bounds")
def test_a_reader_writes_no_file(files, tmp_path):
    assert "OSError" in outcomes(files("writing"))["writing"]
    assert not (tmp_path / "writing.txt").exists() or not (tmp_path / "writing.txt").read_bytes()


def test_files_that_are_no_pdf_to_read_are_rejected_before_a_process_starts(tmp_path, content, monkeypatch):
    monkeypatch.setattr("ingest.pdf.reader.Child", None)
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "text.pdf").write_text("Dear reader,")
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "large.pdf").write_bytes(content + bytes(3 << 20))
    (tmp_path / "zero.pdf").symlink_to("/dev/zero")
    names = ["empty", "text", "folder", "large", "zero", "missing"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.pdf")
        names.append("fifo")
    results = outcomes([tmp_path / f"{name}.pdf" for name in names], limits=Limits(file_size=2 << 20))
    no_file = "is no file: name a PDF, or a folder of PDFs"
    assert results == {
        "empty": "is empty: fetch it again",
        "text": "is no PDF: save or print it as one",
        "folder": no_file,
        "large": "is too large (3 MB, and at most 2 are read): save it with smaller pictures, or split it",
        "zero": no_file,
        "missing": "cannot be opened (No such file or directory): check its name and its permissions",
    } | ({"fifo": no_file} if "fifo" in names else {})


def test_a_file_without_permission_is_rejected(tmp_path, content, monkeypatch):
    (path := tmp_path / "closed.pdf").write_bytes(content)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may open everything
    with pytest.raises(PdfError, match=r"Permission denied.*: check its name"):
        check_file(path, Limits())


def test_encrypted_damaged_and_endless_files_are_rejected_with_the_way_out(tmp_path, content):
    encryption = pytest.importorskip("reportlab.lib.pdfencrypt").StandardEncryption("secret")
    (tmp_path / "encrypted.pdf").write_bytes(pdf(1, encrypt=encryption))
    (tmp_path / "damaged.pdf").write_bytes(content[:60])
    (tmp_path / "long.pdf").write_bytes(pdf(30))
    paths = [tmp_path / f"{name}.pdf" for name in ("encrypted", "damaged", "long")]
    assert outcomes(paths, 1, Limits(pages=29)) == {
        "encrypted": "is encrypted: save it without its password",
        "damaged": "is damaged, or no PDF: fetch it again, or print it to a new PDF",
        "long": "has 30 pages, and at most 29 are read: split it",
    }


def test_names_in_any_encoding_are_read(tmp_path, content):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.pdf"))
    try:
        path.write_bytes(content)
    except OSError:
        pytest.skip("this system has no such names")
    [(same, result)] = parse_all([path])
    assert same == path and isinstance(result, PdfError | type(document()))


def test_a_reader_that_was_taken_over_is_believed_nothing(files, monkeypatch):
    monkeypatch.setattr(workers, "TASK", "pdf_tasks:lie")
    reason = "takes over the reader of PDFs, which answers nonsense: do not open it"
    results = outcomes(files("one", "none", "noise", "two"), 1)
    assert results == {"one": "A title", "none": reason, "noise": reason, "two": "A title"}


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("<II", 1 << 30, 0),
        struct.pack("<II", 2, 1 << 31) + b"{}",
        struct.pack("<II", 2, 0) + b"[]",
        struct.pack("<II", 1, 0) + b"{",
        struct.pack("<II", 100_000, 0) + b"[" * 100_000,
    ],
)
def test_messages_have_bounds(sent):
    with pytest.raises(MalformedError):
        receive(io.BytesIO(sent))


def test_a_message_that_breaks_off_is_none():
    for sent in (b"", b"\2\0", struct.pack("<II", 2, 5) + b"{}1234"):
        with pytest.raises(EOFError):
            receive(io.BytesIO(sent))


def wrong_documents():
    """Messages of documents in each of which one thing is wrong."""
    right, text = document(), document().body.text
    header, payload = pack(right)
    yield {}, payload
    for name, value in (
        *(("title", 5), ("title", "\ud800"), ("authors", "A. Author"), ("authors", [None])),
        *(("origins", []), ("origins", {"title": 1}), ("published", 2020)),
    ):
        yield {"front": header["front"] | {name: value}}, payload
    yield header, b""
    yield header, b"no zlib"
    yield header, zlib.compress(b"\xff\xff\xff\xff" + bytes(10))
    blocks = (
        *((Block("paragraph", 0, len(text) + 1),), (Block("paragraph", 5, 2),), (Block("spell", 0, 2),)),
        *((Block("paragraph", 0, 5), Block("paragraph", 3, 6)), (Block("paragraph", -1, 2),)),
        *((Block("paragraph", 0, 2.5),), (Block("paragraph", 0, True),), (Block("paragraph", 0, 2, 7),)),
        *((Block(["paragraph"], 0, 2),), (Block("paragraph", 0, 1 << 80),), (Block("paragraph", "0", 2),)),
    )
    for wrong in blocks:
        yield pack(replace(right, body=replace(right.body, blocks=wrong)))
    for wrong in (Page(-1, 5), Page(5, float("nan")), Page(float("inf"), 5), Page(5, 5, 5), Page("5", 5)):
        yield pack(replace(right, body=replace(right.body, pages=(wrong,))))
    runs = right.body.runs
    for name, values in (
        *(("starts", [4, 0]), ("starts", [-1, 4]), ("ends", [3, 10_000]), ("ends", [3, 2])),
        *(("pages", [1, 2]), ("pages", [0, 1])),
    ):
        wrong_runs = replace(runs, **{name: np.array(values, np.int32)})
        yield pack(replace(right, body=replace(right.body, runs=wrong_runs)))


@pytest.mark.parametrize("message", list(wrong_documents()))
def test_each_thing_in_a_document_is_checked(message):
    header, payload = message
    with pytest.raises(MalformedError):
        unpack(json.loads(json.dumps(header)), payload)


def test_a_body_that_unpacks_to_very_much_is_refused(monkeypatch):
    monkeypatch.setattr("ingest.pdf.packing._LARGEST", 1 << 20)
    header = json.loads(json.dumps(pack(document())[0]))
    bomb = zlib.compress(bytes(8 << 20))
    monkeypatch.setattr("rag.body.zlib.decompress", lambda _: pytest.fail("the bomb goes off"))
    with pytest.raises(MalformedError):
        unpack(header, bomb)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say")
def test_memory_is_watched_where_the_system_does_not_bound_it():
    program = (
        "import threading, time; from ingest.pdf.limits import watch_memory\n"
        "threading.Thread(target=watch_memory, args=(50 << 20,), daemon=True).start()\n"
        "time.sleep(0.2); few = b'x' * (10 << 20); time.sleep(0.2); print('so far', flush=True)\n"
        "much = [(b'x' * (20 << 20), time.sleep(0.02)) for _ in range(100)]"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (NO_MEMORY, "so far\n")


@needs_proc
def test_closing_the_iterator_ends_all_readers_at_once(files):
    parsing = parse_all(files("one", "hang-1", "hang-2", "stuck"), 3)
    next(parsing)
    assert soon(lambda: len(children()) == 3)
    started = time.monotonic()
    parsing.close()
    assert not children()
    assert time.monotonic() - started < 5
    assert soon(lambda: not [thread for thread in threading.enumerate() if "_work" in thread.name])


PROGRAM = """
import sys
from pathlib import Path
from ingest.pdf import workers
workers.TASK = "pdf_tasks:act"
limits = workers.Limits(seconds=float(sys.argv[1]), seconds_a_page=0)
parsing = workers.parse_all(map(Path, sys.argv[2:]), 2, limits)
for path, result in parsing:
    print(path.stem, flush=True)
    if path.stem == "fail":
        raise LookupError(path)
"""


def start(paths, seconds=600):
    """A program that parses these files, as a user's would, and gives each so much time."""
    path = os.pathsep.join((*sys.path, str(Path(pdf_tasks.__file__).parent)))
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(seconds), *map(str, paths)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )


@needs_proc
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_all_readers(files):
    with start(files("one", "hang-1", "hang-2")) as program:
        assert program.stdout.readline() == "one\n"
        pids = soon(lambda: found if len(found := children(program.pid)) == 2 else [])
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=PATIENCE)
    assert errors.endswith("KeyboardInterrupt\n")
    assert not [pid for pid in pids if is_alive(pid)]


@needs_proc
@pytest.mark.parametrize(
    ("action", "seconds"), [("hang", 600), pytest.param("stuck", 4, marks=pytest.mark.slow)]
)
def test_readers_end_with_a_parent_that_is_killed(files, action, seconds):
    """Also those whose interpreter is busy for ages: the system's clock ends them."""
    paths = files("one", f"{action}-1", f"{action}-2")
    with start(paths, seconds) as program:
        assert soon(lambda: all(path.with_suffix(".begun").exists() for path in paths[1:]))
        pids = children(program.pid)
        program.kill()
    assert len(pids) == 2
    assert soon(lambda: not [pid for pid in pids if is_alive(pid)])


@needs_proc
def test_a_program_that_fails_does_not_wait_for_its_readers(files):
    with start(files("fail", "hang-1", "hang-2")) as program:
        started = time.monotonic()
        _, errors = program.communicate(timeout=PATIENCE)
    assert "LookupError" in errors and time.monotonic() - started < 2 + PATIENCE / 2


def test_a_reader_that_does_not_start_is_said_to(files):
    [path] = files("one")
    reader = Reader("no_such_module:task", Limits(), unpack)
    with pytest.raises(PdfError, match="does not start: install askpapers again"):
        reader.read(path)
    reader.close()


def test_where_no_process_can_start_each_file_says_so(files, monkeypatch):
    def refuse(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    reason = "waits for a reader that does not start (Cannot allocate memory): try again"
    assert outcomes(files("one", "two")) == {"one": reason, "two": reason}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
def test_after_an_interruption_no_answer_is_taken_for_another(files, monkeypatch):
    slow, one = files("slow", "one")
    reader = Reader(workers.TASK, Limits(), unpack)
    assert reader.read(one).front.title == "one.pdf"
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(KeyboardInterrupt):
        reader.read(slow)
    signal.signal(signal.SIGALRM, before)
    assert reader.read(one).front.title == "one.pdf"
    reader.close()


@pytest.mark.slow
def test_papers_are_parsed_and_scans_and_bombs_rejected(tmp_path, monkeypatch):
    """With the parser itself."""
    monkeypatch.setattr(workers, "TASK", PARSING)
    paths = [tmp_path / f"{name}.pdf" for name in ("paper", "scan", "bomb", "text")]
    for path, content in zip(paths, (pdf(30), scan(), bomb(), b"Dear reader,"), strict=True):
        path.write_bytes(content)
    results = dict(parse_all(paths, 2, Limits(memory=256 << 20)))
    paper, scanned, bombed, text = (results[path] for path in paths)
    assert len(paper.body.pages) == 30 and paper.body.text.count("Two words") == 30
    assert "is a scan without text: run OCR over it" in str(scanned)
    assert "memory" in str(bombed)
    assert str(text) == "is no PDF: save or print it as one"


def scan():
    stream = io.BytesIO()
    drawing = canvas.Canvas(stream, pagesize=(200, 200))
    drawing.drawInlineImage(Image.effect_noise((50, 50), 99), 0, 0, 200, 200)
    drawing.save()
    return stream.getvalue()


def bomb():
    """A page whose content unpacks to a thousand times its size."""
    packer = zlib.compressobj(9)
    zeros = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(320)), packer.flush()])
    name, content = b"/Filter/FlateDecode", pdf(1, pageCompression=0)
    [stream] = re.findall(rb"/Length \d+\s*>>\s*stream\r?\n.*?endstream", content, re.DOTALL)
    return content.replace(stream, b"/Length %d%b>>stream\n%b\nendstream" % (len(zeros), name, zeros))
