"""Completes papers of a library: asks the services in batches, and stores their answers."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from ingest.chunking import split_abstract
from ingest.completing.records import completing_record, is_fresh
from ingest.completing.service import CompletingService, works_of
from ingest.pipeline import patience_for
from ingest.sources.service import RefusedError
from rag.errors import QuestionError, SourceError
from rag.library import Library
from rag.library.progress import Track, untracked
from rag.types import Paper

_AT_A_TIME = 50  # DOIs of a request, whose address stays within what servers take
_PAGE = 500  # papers in memory


@dataclass(frozen=True)
class Retracted:
    """A paper that a service says is retracted; `by` is what says so, as in `Paper.retracted`."""

    paper_id: str
    title: str
    by: str


@dataclass
class Completion:
    """What was done. `completed`, `unknown` and `failed` papers are those that services were asked for.

    Papers without a DOI cannot be asked for; those of `recent` were asked for lately. `updated` papers of
    the library have changed. `retracted` lists those that were not known to be retracted before. `problems`
    say why papers failed, in one line for each service.
    """

    completed: int = 0
    unknown: int = 0
    failed: int = 0
    recent: int = 0
    without_doi: int = 0
    updated: int = 0
    retracted: list[Retracted] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def complete(
    library: Library,
    paper_ids: Collection[str],
    services: Sequence[CompletingService],
    track: Track = untracked,
    *,
    again: bool = False,
    day: date | None = None,
) -> Completion:
    """Ask services for what papers lack, by their DOIs, and update the indexes.

    What was written stays if the run fails, and the next run goes on from there: papers that were asked for
    in the last month are left out, unless they are to be asked for `again`. A service that fails is left
    out from then on. Raises QuestionError, LibraryBusyError, and the errors of `Library.sync`.
    """
    if library.catalog.holds_digests:
        raise QuestionError(
            "the papers that come with askpapers are complete: complete a library of your own"
        )
    run = _Run(library, list(services), day or date.today(), again)
    due = run.due(list(paper_ids))
    batches = (due[start : start + _AT_A_TIME] for start in range(0, len(due), _AT_A_TIME))
    for batch in track(batches, "completing papers", len(due)) if due else ():
        run.complete(batch)
    if due:
        library.sync(track)
    return run.completion


@dataclass
class _Run:
    """A run over papers of a library; `services` are those that have not failed yet."""

    library: Library
    services: list[CompletingService]
    day: date
    again: bool
    completion: Completion = field(default_factory=Completion)

    def due(self, paper_ids: Sequence[str]) -> list[str]:
        """The ids of the papers that some service is to be asked for; counts the others."""
        due: list[str] = []
        for start in range(0, len(paper_ids), _PAGE):
            papers = list(self.library.catalog.papers(paper_ids[start : start + _PAGE]).values())
            with_doi = [paper for paper in papers if paper.doi]
            wanted = set[str]()
            for service in self.services:
                wanted |= {paper.paper_id for paper in self._wanted(service, with_doi)}
            self.completion.without_doi += len(papers) - len(with_doi)
            self.completion.recent += len(with_doi) - len(wanted)
            due += sorted(wanted)
        return due

    def complete(self, paper_ids: Sequence[str]) -> None:
        """Ask each service for some papers, and count what became of them."""
        before = self.library.catalog.papers(paper_ids)
        answers: dict[str, bool] = {}  # whether some service knows the paper
        for service in tuple(self.services):
            wanted = self._wanted(service, list(before.values()))
            for paper_id, is_known in self._ask(service, wanted).items() if wanted else ():
                answers[paper_id] = is_known or answers.get(paper_id, False)
        self.completion.completed += sum(answers.values())
        self.completion.unknown += len(answers) - sum(answers.values())
        self.completion.failed += len(before) - len(answers)
        for paper_id, paper in self.library.catalog.papers(paper_ids).items():
            self.completion.updated += paper != before[paper_id]
            if paper.retracted and not before[paper_id].retracted:
                self.completion.retracted.append(Retracted(paper_id, paper.title, paper.retracted))

    def _wanted(self, service: CompletingService, papers: Sequence[Paper]) -> list[Paper]:
        """Those that a service has not been asked for lately."""
        if self.again:
            return list(papers)
        records = self.library.catalog.said_by(service.source, [paper.paper_id for paper in papers])
        return [paper for paper in papers if not is_fresh(records.get(paper.paper_id), paper, self.day)]

    def _ask(self, service: CompletingService, papers: Sequence[Paper]) -> dict[str, bool]:
        """Write down what a service says; whether it knows each paper, nothing where it fails."""
        dois = sorted({paper.doi for paper in papers if paper.doi})
        try:
            works = works_of(service, dois)
        except SourceError as error:
            self.completion.problems.append(str(error))
            if not (isinstance(error, RefusedError) and len(dois) == 1):
                self.services.remove(service)
            return {}
        before = self.library.catalog.said_by(service.source, [paper.paper_id for paper in papers])
        records = [
            completing_record(
                paper, service.source, works.get(paper.doi or "", {}), self.day, before.get(paper.paper_id)
            )
            for paper in papers
        ]
        with self.library.writing(patience_for(self.library)):
            self.library.drop_indexes_ahead()
            self.library.catalog.recorder(split_abstract).complete(service.source, records)
        return {paper.paper_id: paper.doi in works for paper in papers}
