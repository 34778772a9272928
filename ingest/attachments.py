"""Files with whole papers: each is read once, by several processes, and written to the catalog."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ingest.chunking import split_body
from ingest.pdf.document import READER, Document, Front
from ingest.pdf.faults import PdfError
from ingest.pdf.workers import Parsed, parse_all
from ingest.sources.base import (
    LONGEST_ABSTRACT,
    LONGEST_NAME,
    LONGEST_TITLE,
    MOST_AUTHORS,
    Attachment,
    Rejection,
    entry_from,
)
from ingest.sources.loose import loose_record
from rag.errors import SourceError
from rag.identity import normalise_title
from rag.library import Library
from rag.library.paper_files import PaperFile, file_id
from rag.library.progress import Track
from rag.library.recorder import Outcome, Recorder
from rag.private import atomic_write
from rag.types import Paper

FROM_NAME = "file's name"
"""The origin of the title of a file in which none can be read."""


@dataclass(frozen=True)
class Written:
    """What became of an attachment: an outcome of the catalog, or a rejection."""

    attachment: Attachment
    outcome: Outcome | Rejection


def write_attachments(
    library: Library, recorder: Recorder, attachments: Sequence[Attachment], track: Track
) -> Iterator[Written]:
    """Read the files that the library does not know, and write all of them, one after the other.

    A file is known by the SHA-256 of its content, wherever it stands. Raises SourceError if a copy
    cannot be made.
    """
    with TemporaryDirectory(prefix="askpapers-") as folder:
        batches = _Files(library, recorder, Path(folder)).written(attachments)
        for batch in track(batches, "reading PDFs", len(attachments)):
            yield from batch


@dataclass(frozen=True)
class _Files:
    """The files of a library, as a run of ingest writes them. What is fetched lies in `folder` at first."""

    library: Library
    recorder: Recorder
    folder: Path
    failed: list[Written] = field(default_factory=list)

    def written(self, attachments: Sequence[Attachment]) -> Iterator[list[Written]]:
        """What became of the attachments: first those that the library knows."""
        attachments = self._found(attachments)
        groups = self._by_content([each for each in attachments if not each.fetch])
        yield self._take_failed()
        known = self.library.catalog.files.known(list(groups))
        for file, row in known.items():
            if row.reader == READER:
                yield self._write(file, groups.pop(file), _front(row.front), row)
        waiting = {same[0].path: (file, same) for file, same in groups.items()}
        fetched = self._fetched([each for each in attachments if each.fetch], waiting)
        for path, result in parse_all(chain(list(waiting), fetched)):
            yield self._write_read(*waiting.pop(path), result) + self._take_failed()
            if path.parent == self.folder:
                path.unlink()
        yield self._take_failed()

    def _found(self, attachments: Sequence[Attachment]) -> list[Attachment]:
        """Those that can be read or fetched; the library's copies take the place of lost files."""
        lost = [each for each in attachments if each.fetch or not each.path.exists()]
        rows = self.library.catalog.files.at([each.place for each in lost])
        found, missing = [each for each in attachments if each not in lost], dict[str, list[Attachment]]()
        for each in lost:
            row = rows.get(each.place)
            copy = self.library.kept_file(row.file) if row else None
            if copy and copy.is_file():
                found.append(replace(each, path=copy, fetch=None))
            elif each.fetch:
                found.append(each)
            elif row:  # its text is in the library
                self.failed.append(Written(each, "unchanged"))
            else:
                missing.setdefault(each.source, []).append(each)
        self.failed.extend(_missing(source, same) for source, same in missing.items())
        return found

    def _by_content(self, attachments: Sequence[Attachment]) -> dict[str, list[Attachment]]:
        """The attachments by the SHA-256 of their files; those whose paper is known come first."""
        groups: dict[str, list[Attachment]] = {}
        for attachment in sorted(attachments, key=lambda each: each.paper is None):
            try:
                groups.setdefault(file_id(attachment.path), []).append(attachment)
            except OSError as error:
                reason = f"cannot be read ({error.strerror}): check the path and its permissions"
                self._fail(attachment, reason)
        return groups

    def _fetched(
        self, attachments: Sequence[Attachment], waiting: dict[Path, tuple[str, list[Attachment]]]
    ) -> Iterator[Path]:
        """Fetch files, each when its turn comes, and add them to those that wait to be read."""
        for number, attachment in enumerate(attachments):
            path = self.folder / f"{number}.pdf"
            assert attachment.fetch  # noqa: S101
            try:
                attachment.fetch(path)
            except SourceError as error:
                path.unlink(missing_ok=True)
                reason = f"{attachment.place}: {error}"
                self.failed.append(Written(attachment, Rejection(attachment.source, None, reason)))
            else:
                waiting[path] = file_id(path), [replace(attachment, path=path)]
                yield path

    def _fail(self, attachment: Attachment, reason: str) -> None:
        self.failed.append(Written(attachment, _rejection(attachment, reason)))

    def _take_failed(self) -> list[Written]:
        failed = list(self.failed)
        self.failed.clear()
        return failed

    def _write_read(self, file: str, same: Sequence[Attachment], result: Parsed) -> list[Written]:
        if isinstance(result, PdfError):
            return [Written(each, _rejection(each, str(result))) for each in same]
        return self._write(file, same, result.front, result)

    def _write(
        self, file: str, same: Sequence[Attachment], front: Front, known: PaperFile | Document
    ) -> list[Written]:
        """Write a file, unless it is known, and what each attachment says of its paper."""
        is_kept = any(each.keeps for each in same) or self.library.kept_file(file).is_file()
        if is_kept:
            self._keep(same[0].path, file)
        place = same[0].place
        if isinstance(known, Document):
            row = PaperFile(file, place, is_kept, READER, _known_front(front))
            self.recorder.put_file(row, known.body, split_body(known.body))
        else:
            is_there = known.path in [str(each.path) for each in same] or _holds(Path(known.path), file)
            place = known.path if is_there else place
            if (known.path, known.is_kept) != (place, is_kept):
                self.recorder.move_file(file, place, is_kept=is_kept)
        return [self._write_record(each, file, front) for each in same]

    def _write_record(self, attachment: Attachment, file: str, front: Front) -> Written:
        paper = (
            _completed(attachment.paper, front)
            if attachment.paper
            else self._paper(attachment, file, front)
        )
        if isinstance(paper, Rejection):
            return Written(attachment, paper)
        ((paper_id, outcome),) = self.recorder.put([replace(paper, file=file)], attachment.source)
        for source in self._sources_of_files(file) if attachment.paper else [attachment.source]:
            self.recorder.leave(source, file, paper_id)
        return Written(attachment, outcome)

    def _paper(self, attachment: Attachment, file: str, front: Front) -> Paper | Rejection:
        """What the first page says of the paper, under the title that another source gives to this file."""
        titles = self.library.catalog.files.titles(file)
        titles.pop(attachment.source, None)
        title = next(iter(titles.values()), None) or _usable_title(front) or self._name(attachment, file)
        is_short = len(front.abstract or "") <= LONGEST_ABSTRACT
        record = loose_record(
            title,
            front.abstract if is_short else None,
            published=[front.published],
            doi=front.doi,
            arxiv_id=front.arxiv_id,
        )
        authors = [name for name in front.authors[:MOST_AUTHORS] if len(name) <= LONGEST_NAME]
        record |= {"authors": authors, "author_count": len(authors) or None}
        entry = entry_from(record, attachment.source, None)
        assert not isinstance(entry, Attachment)  # noqa: S101
        return entry

    def _sources_of_files(self, file: str) -> list[str]:
        """The sources of a file that are PDFs themselves: what another source says of it goes before."""
        sources = self.library.catalog.files.titles(file)
        return [source for source in sources if Path(source).suffix.lower() == ".pdf"]

    def _name(self, attachment: Attachment, file: str) -> str:
        """The name of a file as a title, with that of its folder if another file has it already."""
        catalog, path = self.library.catalog, Path(attachment.place)
        names = path.stem, f"{path.parent.name}/{path.stem}"
        for name in names:
            ids = list(catalog.find([name]).values())
            others = [paper for paper in catalog.papers(ids).values() if paper.file not in (None, file)]
            if not any(attachment.source not in catalog.sources(paper.paper_id) for paper in others):
                return name
        return f"{path.stem} {file[:8]}"

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


def _missing(source: str, attachments: Sequence[Attachment]) -> Written:
    """One rejection for all files of a source that are not there."""
    first = attachments[0]
    if len(attachments) == 1:
        reason = f"the PDF {first.place} is not there: the paper is added without its text"
    else:
        reason = (
            f"{len(attachments)} of its PDFs are not there, such as {first.place}: their papers are added "
            "without their texts"
        )
    return Written(first, Rejection(source, None, reason))


def _rejection(attachment: Attachment, reason: str) -> Rejection:
    """Why a file is not read; the file is named if its source is another one."""
    name = "" if attachment.place == attachment.source else f"{attachment.place} "
    return Rejection(attachment.source, None, f"{name}{reason}")


def _holds(path: Path, file: str) -> bool:
    """Whether a file is still where it was."""
    with suppress(OSError):
        return path.is_absolute() and file_id(path) == file
    return False


def _front(values: Mapping[str, Any]) -> Front:
    return Front(**{**values, "authors": tuple(values["authors"])})


def _known_front(front: Front) -> dict[str, Any]:
    """What is kept of a first page; a title that is not there is taken from the file's name."""
    values = asdict(front)
    if not _usable_title(front):
        values |= {"title": None, "origins": {**front.origins, "title": FROM_NAME}}
    return values


def _usable_title(front: Front) -> str | None:
    title = front.title or ""
    return title if normalise_title(title) and len(title) <= LONGEST_TITLE else None


def _completed(paper: Paper, front: Front) -> Paper:
    """What a source says of a paper, with the abstract of the first page if it has none."""
    abstract = front.abstract or ""
    is_used = not paper.abstract and len(abstract) <= LONGEST_ABSTRACT
    return replace(paper, abstract=abstract) if is_used else paper
