"""Finds the papers for a question: the ranking of its answer, and those that the writer sees."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rag.library import Library
from rag.nearness import HITS, why_far
from rag.people import author_meant, authors_in, filters_for
from rag.plain import in_a_line
from rag.query import Understanding
from rag.query.years import without_phrases
from rag.reading import Reader
from rag.record_questions import asks_for_records, recorded
from rag.retrieval import Retriever, belonging, fuse_rankings
from rag.types import Filters, Hit, Kind, Request
from rag.words import content_words, subject_of

_ALL = "papers"  # a query without a subject
_DEPTH = 40  # of a ranking, and the most papers of a list
_RANKED = 10  # papers in the ranking of an answer, at least
_SHOWN = 10  # papers that a writer sees, except for a list
_READ = 5  # papers whose bodies are read where rules find the papers
# Passages of bodies that a model sees of the first paper, the second, ... (docs/architecture.md)
_FOR_MODEL: dict[Kind, Sequence[int]] = {
    "single": (24, 12, 6, 3, 2, 1),
    "comparison": (16, 16, 8, 4, 2, 1),
    "list": (1,),
}


@dataclass(frozen=True)
class Found:
    """`hits` is the ranking, `shown` what the writer sees.

    `reason` says why nothing can be written. `more` papers fulfil the conditions of a list without a
    subject, and are not shown.
    """

    hits: Sequence[Hit] = ()
    shown: Sequence[Hit] = ()
    reason: str | None = None
    more: int = 0


@dataclass(frozen=True)
class Finder:
    """Finds papers by what a model searches for, or by the question's own words and rules."""

    library: Library
    retriever: Retriever
    reader: Reader

    def search(self, request: Request) -> list[Hit]:
        """The ranking for the question of a request, as it stands there."""
        return self.retriever.search(request.question, max(_DEPTH, request.k or 0), request.filters)

    def for_model(
        self,
        question: Understanding,
        typed: Sequence[Hit] | None = None,
        without: Collection[str] = (),
    ) -> Found:
        """What the question and its queries find, fused. Only an empty selection is a reason to refuse.

        `typed` is the ranking for the question itself, if it is known. Papers `without` are not shown. A
        list without a subject has the newest papers too.
        """
        request = question.request
        rankings = [] if typed is None else [typed]
        queries = question.searched[len(rankings) :]
        rankings += [self.search(replace(request, question=query)) for query in queries]
        fused = fuse_rankings(rankings)
        wanted = fused.related.difference(without)
        related = [hit for hit in fused.hits if hit.paper.paper_id in wanted]
        counts_all = question.kind == "list" and not _subject(question)
        if counts_all:
            related = self._with_newest(related, request)
        most = request.k or (_DEPTH if question.kind == "list" else _SHOWN)
        shown = _first(related, rankings[0][:1], most)
        ranking = related if counts_all else fused.hits
        shown = self.retriever.read(question.whole, shown, _FOR_MODEL[question.kind])
        reason = None if shown else self._why_empty(request.filters)
        more = self._more(request.filters, len(shown)) if counts_all else 0
        return Found(ranking[: max(_RANKED, len(shown))], shown, reason, more)

    def _with_newest(self, hits: Sequence[Hit], request: Request) -> list[Hit]:
        """The hits among the newest papers: a model may have worded no query where one was needed."""
        depth = max(_DEPTH, request.k or 0)
        newest = self.retriever.newest(depth, request.filters)
        among = [*newest[: depth // 2], *hits, *newest[depth // 2 :]]
        return list({hit.paper.paper_id: hit for hit in among}.values())

    def by_rules(self, question: Understanding) -> tuple[Understanding, Found]:
        """The question, or its fallback if only that finds something near, and what its own words find.

        The reason says if nothing there is near. The authors that a question names bound its papers, unless
        only all papers answer it.
        """
        named = self.by_authors(question)
        asked, found = self._alone_or_after_others(named)
        if found.reason and named is not question:
            of_all = self._alone_or_after_others(question)
            return (asked, found) if of_all[1].reason else of_all
        if found.reason and (author := author_meant(question.query, self.library)):
            return asked, replace(found, reason=f"{found.reason} Did you mean {in_a_line(author)}?")
        return asked, found

    def by_authors(self, question: Understanding) -> Understanding:
        """The question bounded to the papers of the authors that it names, as the library knows them."""
        if question.filters.author or question.filters.papers is not None:
            return question
        if question.is_from_model:
            known = self.library.catalog.count_matching
            names = [name for name in question.authors if known(filters=Filters(author=name))]
        else:
            named = authors_in(question.query, self.library)
            names = list(named.names)
            asks_record = bool(names) and asks_for_records(without_phrases(named.masked))
            if asks_record or (names and not named.has_subject):
                question = replace(_of_all(question), asks_record=asks_record)
            elif names:
                question = replace(question, query=named.rest)
        if not names:
            return question
        bounded = filters_for(names, question.filters, self.library)
        line = f"Only papers by {', '.join(names)}, as the question names them."
        return replace(question, request=replace(question.request, filters=bounded)).noting(line)

    def _alone_or_after_others(self, question: Understanding) -> tuple[Understanding, Found]:
        """The question alone, or its fallback if only that finds something near."""
        alone = self._answering(question)
        if alone[1].reason and question.fallback:
            after_others = self._answering(question.fallback)
            return alone if after_others[1].reason else after_others
        return alone

    def _answering(self, question: Understanding) -> tuple[Understanding, Found]:
        """The papers that answer a question: one by its record, or those that are near to it."""
        if question.kind == "list" and question.resolved is None and not content_words(question.query):
            return question, self._by_rules(question, ())  # it names no paper, and its hits would not count
        hits = self.retriever.search(
            question.query, max(_RANKED, question.request.k or 0), question.filters
        )
        return self._of_record(question, hits) or (question, self._by_rules(question, hits))

    def _of_record(
        self, question: Understanding, hits: Sequence[Hit]
    ) -> tuple[Understanding, Found] | None:
        """The paper whose record answers the question, if it asks for who, when or where."""
        text = question.request.question if question.resolved else question.query
        hit = recorded(text, hits, is_named=question.resolved is not None)
        if not hit:
            return None
        ranking = [hit, *(other for other in hits if other is not hit)]
        return replace(question, kind="single", asks_record=True), Found(ranking, [hit])

    def _by_rules(self, question: Understanding, hits: Sequence[Hit]) -> Found:
        most, filters = question.request.k, question.filters
        if question.kind != "list":
            shown = self._read(question.query, hits[: most or _SHOWN])
            return Found(hits, shown, self._why_far(question.query, question, shown))
        if subject := _subject(question):
            hits = self.retriever.search(subject, max(_DEPTH, most or 0), filters)
            shown = self._read(subject, belonging(hits)[:most])
            nearest = [*shown, *hits[len(shown) :]]
            return Found(hits[: max(_RANKED, len(shown))], shown, self._why_far(subject, question, nearest))
        return self._newest(question)

    def _read(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, the first ones with what they say of the query in their bodies."""
        return [*self.retriever.read(query, hits[:_READ]), *hits[_READ:]]

    def _newest(self, question: Understanding) -> Found:
        """The newest papers, for a list that names no subject."""
        filters = question.filters
        hits = self.retriever.newest(question.request.k or _DEPTH, filters)
        reason = None if hits else self._why_empty(filters)
        return Found(hits, hits, reason, self._more(filters, len(hits)))

    def _more(self, filters: Filters, shown: int) -> int:
        """How many papers fulfil the conditions beyond those that are shown."""
        return max(self.library.catalog.count_matching(filters=filters) - shown, 0)

    def _why_far(self, query: str, question: Understanding, hits: Sequence[Hit]) -> str | None:
        """Why the library cannot answer, or None if it may."""
        if nearest := hits[:HITS]:
            return why_far(query, nearest, self.reader.read(query, nearest), self.library, question.kind)
        return self._why_empty(question.filters)

    def _why_empty(self, filters: Filters) -> str:
        if filters.is_open:
            return "No paper is indexed yet: add some by `askpapers ingest SOURCE...`."
        only_years = filters == Filters(filters.from_year, filters.to_year)
        return "No papers from these years." if only_years else "No paper fulfils these conditions."


def _of_all(question: Understanding) -> Understanding:
    """The question as one for all papers, of the years in it: without a subject, they are the papers'."""
    if question.offered:
        question = replace(question.bounded(question.offered), offered=None)
    return replace(question, kind="list", query=_ALL)


def _first(hits: Sequence[Hit], best: Sequence[Hit], most: int) -> list[Hit]:
    """The first hits, with the best one for the question itself, which no other query may cost it."""
    ids = {hit.paper.paper_id for hit in best}
    missed = [hit for hit in hits[most:] if hit.paper.paper_id in ids]
    return [*hits[: most - len(missed)], *missed]


def _subject(question: Understanding) -> str:
    """What a list is about; "" if every paper counts."""
    if question.is_from_model:
        return " ".join(question.queries)
    return subject_of(without_phrases(question.query))
