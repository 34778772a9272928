"""An answer in the making: what has been found, written and checked so far."""

from dataclasses import dataclass, field

from rag.citations import Nearest, cite
from rag.composing import ANEW, Anew, Piece, Written
from rag.finding import Found
from rag.notes import counted, notes_on_cited
from rag.parts import Parts, Sentence, sentences_of, without
from rag.query import Understanding
from rag.streams import Steps
from rag.types import Answer, Check, RankedPaper
from rag.writers.base import Log
from rag.writers.control_lines import NOT_SAID

REFUSAL = "The papers in this library do not answer this question."
_NO_SUPPORT = "no sentence of the answer is in the papers that it cites"
_ABOVE = f"{REFUSAL}\n\n"


@dataclass
class Draft:
    """An answer in the making, whose sentences cite the papers that the writer saw."""

    question: Understanding
    found: Found
    log: Log
    written: Written = field(init=False)
    parts: Parts = field(default_factory=list)
    checked_by: str | None = None

    def __post_init__(self) -> None:
        self.begin(self.found)

    def begin(self, found: Found) -> None:
        """Write from these papers, whatever was written before."""
        self.found, self.written = found, Written(found.shown)

    @property
    def sentences(self) -> list[Sentence]:
        return sentences_of(self.parts)

    def add(self, piece: Piece) -> str:
        """Take the next piece. A text that is no answer begins with a line that says so.

        Returns the text to show.
        """
        is_blank = isinstance(piece, Anew) or (isinstance(piece, str) and not piece.strip())
        begins = self.written.is_empty and not is_blank
        above = self.written.say(_ABOVE) if begins and self.log.refusal else ""
        return above + self.written.add(piece)

    def end(self) -> str:
        """End the text. One that turned out to be no answer ends with a line that says so.

        Returns the text to show.
        """
        text = self.written.end()
        self.parts = self.written.finish()
        if not any(sentence.keys for sentence in self.sentences):
            unsaid = f"the papers do not say: {self.log.missing}" if self.log.missing else _NO_SUPPORT
            return text + self.refuse(self.log.refusal or unsaid)
        if self.log.refusal and self.parts[0] != _ABOVE:
            return text + self.written.say(f"\n\n{REFUSAL}")
        return text

    def refuse(self, reason: str) -> str:
        """Say nothing but that the papers do not answer. Returns the text to show."""
        self.log.refusal = reason
        text = self.written.add(ANEW) + self.written.say(REFUSAL)
        self.parts = self.written.finish()
        return text

    def settle(self, *, drops: bool) -> None:
        """Refuse if no sentence is in the papers; else leave out the unsupported ones if it `drops`."""
        unsupported: list[Check] = ["not found", "contradicted"]
        unsupported += ["partly"] if drops else []
        kept, count = without(self.parts, unsupported), len(self.sentences)
        if not sentences_of(kept):
            self.refuse(NOT_SAID if self.log.refusal == NOT_SAID else _NO_SUPPORT)
        elif drops:
            self.parts = kept
        left_out = count - len(self.sentences)
        self.log.notes += counted("Left out, as what they cite does not support them", left_out, "sentence")

    def answer(self, writer: str, reader: Nearest, steps: Steps) -> Answer:
        """The finished answer. `reader` finds the words for papers that are cited without a quote."""
        log, question, markers = self.log, self.question, self.written.markers()
        cited = cite(self.parts, self.written.hits, reader)
        unsupported = sum(claim.supported is False for claim in cited.claims)
        log.notes += counted("Not supported by what they cite", unsupported, "sentence")
        log.notes += notes_on_cited(cited.claims, cited.citations)
        log.notes += counted("Removed, as they name no paper", markers.unknown, "citation marker")
        ranking = (
            RankedPaper(hit.paper.paper_id, hit.paper.title, round(hit.score, 4)) for hit in self.found.hits
        )
        return Answer(
            question=question.request.question,
            status="refused" if log.refusal else "partial" if log.missing else "answered",
            text=cited.text,
            reason=log.refusal,
            claims=cited.claims,
            citations=cited.citations,
            papers=tuple(ranking),
            filters=question.filters,
            offered_filters=question.offered,
            resolved_question=question.resolved,
            queries=question.searched,
            missing=None if log.refusal else log.missing,
            notes=tuple(log.notes),
            writer=writer,
            markers=markers,
            kind=question.kind,
            checked_by=self.checked_by,
            **steps.taken(),
        )
