"""Files with whole papers: each is read once, by several processes, and written to the catalog."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.chunking import split_body
from ingest.pdf.document import READER, Document, Front
from ingest.pdf.faults import PdfError
from ingest.pdf.workers import parse_all
from ingest.sources.base import Attachment, Rejection, entry_from
from rag.errors import SourceError
from rag.library import Library
from rag.library.paper_files import PaperFile
from rag.library.progress import Track
from rag.library.recorder import Outcome, Recorder
from rag.private import atomic_write
from rag.types import Paper


@dataclass(frozen=True)
class Written:
    """What became of an attachment: an outcome of the catalog, or a rejection."""

    attachment: Attachment
    outcome: Outcome | Rejection


def write_attachments(
    library: Library, recorder: Recorder, attachments: Sequence[Attachment], track: Track
) -> Iterator[Written]:
    """Read the files that the library does not know, and write all of them, one transaction each.

    A file is known by the SHA-256 of its content, wherever it stands. Raises SourceError if a copy
    cannot be made.
    """
    batches = _written(_Files(library, recorder), attachments)
    for batch in track(batches, "reading PDFs", len(attachments)):
        yield from batch


def _written(files: "_Files", attachments: Sequence[Attachment]) -> Iterator[list[Written]]:
    of_content: dict[str, list[Attachment]] = {}
    for attachment in attachments:
        try:
            of_content.setdefault(_digest(attachment.path), []).append(attachment)
        except OSError as error:
            reason = f"cannot be read ({error.strerror}): check the path and its permissions"
            yield [Written(attachment, Rejection(attachment.source, None, reason))]
    known = files.known(of_content)
    for file, front in known.items():
        yield [files.write(each, file, front) for each in of_content[file]]
    new = {same[0].path: file for file, same in of_content.items() if file not in known}
    for path, result in parse_all(list(new)):
        same = of_content[new[path]]
        if isinstance(result, PdfError):
            yield [Written(each, Rejection(each.source, None, str(result))) for each in same]
        else:
            files.add(same[0], new[path], result)
            yield [files.write(each, new[path], result.front) for each in same]


@dataclass(frozen=True)
class _Files:
    """The files of a library, as a run of ingest writes them."""

    library: Library
    recorder: Recorder

    def known(self, of_content: Mapping[str, object]) -> dict[str, Front]:
        """What was read on the first pages of the files that the library knows."""
        known = self.library.catalog.files.known(list(of_content)).values()
        return {file.file: _front(file.front) for file in known if file.reader == READER}

    def add(self, attachment: Attachment, file: str, document: Document) -> None:
        """Write a file that was read."""
        front = asdict(document.front)
        row = PaperFile(file, str(attachment.path), is_kept=False, reader=READER, front=front)
        self.recorder.put_file(row, document.body, split_body(document.body))

    def write(self, attachment: Attachment, file: str, front: Front) -> Written:
        """Write what an attachment says of its paper, and keep a copy if it is to be kept."""
        paper = _paper(attachment, front)
        if isinstance(paper, Rejection):
            return Written(attachment, paper)
        is_kept = attachment.keeps or self.library.kept_file(file).is_file()
        if is_kept:
            self._keep(attachment.path, file)
        self.recorder.move_file(file, str(attachment.path), is_kept=is_kept)
        ((_, outcome),) = self.recorder.put([replace(paper, file=file)], attachment.source)
        return Written(attachment, outcome)

    def _keep(self, path: Path, file: str) -> None:
        copy = self.library.kept_file(file)
        if copy.is_file():
            return
        try:
            copy.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("rb") as original, atomic_write(copy) as kept:
                shutil.copyfileobj(original, kept)
        except OSError as error:
            raise SourceError(
                f"{path} cannot be copied to {copy.parent} ({error.strerror}): make room there, or leave "
                "--keep out"
            ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _front(values: Mapping[str, Any]) -> Front:
    return Front(**{**values, "authors": tuple(values["authors"])})


def _paper(attachment: Attachment, front: Front) -> Paper | Rejection:
    """The record of a file: what its source says of the paper, completed from its first page."""
    printed = {
        "title": front.title or attachment.path.stem,
        "abstract": front.abstract,
        "authors": list(front.authors),
        "published": front.published,
        "doi": front.doi,
        "arxiv_id": front.arxiv_id,
    }
    if not (paper := attachment.paper):
        entry = entry_from(printed, attachment.source, None)
        assert not isinstance(entry, Attachment)  # noqa: S101
        return entry
    if not paper.abstract and front.abstract:
        return replace(paper, abstract=front.abstract)
    return paper
