"""Recognises questions that the record of a paper answers: who wrote it, when and where it was published.

The words that name the paper give way to "this paper"; what is left is compared with examples.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from rag.examples import Examples
from rag.plain import encodable
from rag.types import Hit, Paper
from rag.words import SPELLED, content_words

Topic = Literal["authors", "date", "place", "id", "works"]

_EXAMPLES: dict[Topic | None, str] = {
    "authors": "who wrote this paper | who are the authors of this paper"
    " | who is the author of this paper | who published this paper | whose paper is this paper"
    " | by whom was this paper written | who is the first author of this paper"
    " | who is the last author of this paper | the names of the people who wrote this paper"
    " | list the authors of this paper | authors of this paper"
    " | how many authors does this paper have | how many people wrote this paper"
    " | number of authors of this paper | does this paper have one author or several"
    " | who are the people behind this paper | which researchers wrote this paper"
    " | who did this study | who wrote it | and who wrote it | who are its authors",
    "date": "when was this paper published | in which year did this paper appear"
    " | what year is this paper from | publication date of this paper | when did this paper come out"
    " | how old is this paper | when was this paper written | what is the date of this paper"
    " | when was it published | and when was it published | how long ago was this paper published",
    "place": "in which journal did this paper appear | where was this paper published"
    " | where did this paper appear | which journal published this paper"
    " | what journal is this paper in | at which conference did this paper appear"
    " | what venue is this paper in | on which pages is this paper | which volume is this paper in"
    " | where was it published | and where was it published",
    "id": "what is the DOI of this paper | DOI of this paper | what is the arXiv id of this paper",
    "works": "papers by this author | everything by this author | studies by this author"
    " | show me all that this author has published | find papers written by this author"
    " | what has this author written | what did this author publish | publications of this author"
    " | which papers did this author write | what are the papers of this author"
    " | what do we have by this author | what has this author worked on | who is this author",
    None: "what does this author say | what did this author find"
    " | which papers by this author are about that | what does this paper show"
    " | what is this paper about | how does this paper work | what is this paper"
    " | who took part in this paper | who were the participants in this paper"
    " | who annotated the data of this paper | who benefits from this paper"
    " | who was treated in this paper | who uses this paper | who invented this"
    " | how many people took part in this paper | how many people were studied in this paper"
    " | how many papers does this paper use | how many countries does this paper cover"
    " | when were the data of this paper collected | in which years was this paper done"
    " | when does this paper fail | when did patients get this paper | how long did this paper last"
    " | when does this paper stop | where was this paper done | in which country was this paper done"
    " | where does this paper fail | where do the data of this paper come from"
    " | where did the text for this paper come from | which of the papers are about this paper"
    " | which languages does this paper cover | which papers are about this paper"
    " | which papers use this paper | what data was this paper trained on | how large is this paper"
    " | how does this paper compare | is this paper better | does this paper work",
}
_KNOWN = Examples[Topic](_EXAMPLES, whole=0.76, piece=0.4)
_LONGEST = 14  # words around the name of the paper
_RIVALS = 10  # papers whose titles may be meant as well
_HAS: Mapping[Topic, Callable[[Paper], object]] = {
    "authors": lambda paper: paper.authors or paper.author_count,
    "date": lambda paper: paper.published,
    "place": lambda paper: (
        "container-title" in paper.csl or "event-title" in paper.csl or paper.organization
    ),
    "id": lambda paper: paper.doi or paper.arxiv_id,
    "works": lambda paper: False,
}
"""What the record must hold to answer."""


def recorded(question: str, hits: Sequence[Hit], *, is_named: bool = False) -> Hit | None:
    """The hit whose record answers a question, if it asks for that.

    The question must have more words of its title than of those of other hits, unless the conversation
    has named it.
    """
    naming = [_naming(question, hit.paper) for hit in hits[:_RIVALS]]
    most = max(naming, default=(0, 0.0))
    if not hits or (not is_named and (not most[0] or naming.count(most) > 1)):
        return None
    hit = hits[naming.index(most)]
    topic = _topic(_masked(question, hit.paper))
    return hit if topic and _HAS[topic](hit.paper) else None


def asks_for_records(masked: str) -> bool:
    """Whether a question with "this author" in it asks for all that the author wrote, or when or where."""
    return _topic(masked) is not None


def _naming(question: str, paper: Paper) -> tuple[int, float]:
    """How many content words of the question stand in the title, and what share of the title they are."""
    title = set(content_words(paper.title))
    named = len(title.intersection(content_words(question)))
    return named, named / max(len(title), 1)


def _masked(question: str, paper: Paper) -> str:
    """The question with "this paper" for words from the title and the function words between them."""
    title = set(content_words(paper.title))
    masked, done, is_open = "", 0, False
    for match in SPELLED.finditer(question):
        own = content_words(match[0])
        if own and title.issuperset(own):
            masked += "" if is_open else f"{question[done : match.start()]}this paper"
            done, is_open = match.end(), True
        else:
            is_open = is_open and not own
    return masked + question[done:]


@lru_cache(maxsize=1024)
def _topic(text: str) -> Topic | None:
    """What a masked question asks of the record; None for anything else."""
    text = re.sub(r"\s+", " ", encodable(text)).strip(" \n\t?!.:").lower()
    if not 0 < len(text.split()) <= _LONGEST:
        return None
    return _KNOWN.label_of(text)
