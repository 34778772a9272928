"""Questions with known answers, as question files hold them: JSON lines, or YAML."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from eval.errors import CaseError
from rag.types import Filters

BUNDLED = Path(__file__).parent / "questions"
SUFFIXES = (".jsonl", ".yaml", ".yml")
_SUFFIXES = ", ".join(SUFFIXES)
FEEDBACK = "feedback"  # what the chat page adds to a case for people to read

Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
Forms = Annotated[tuple[Text, ...], Field(min_length=1)]


class Record(BaseModel):
    """Frozen fields. Unknown ones are kept in `model_extra`; null means absent."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, record: Any) -> Any:
        if not isinstance(record, dict):
            return record
        return {name: value for name, value in record.items() if value is not None}

    @property
    def unread(self) -> set[str]:
        """The names of unknown fields."""
        return set(self.model_extra or {}) - {FEEDBACK}


class Years(Record):
    """A range of years, both ends included; an open end is None."""

    model_config = ConfigDict(extra="forbid")

    from_year: StrictInt | None = None
    to_year: StrictInt | None = None

    def as_filters(self) -> Filters:
        return Filters(self.from_year, self.to_year)


class PageEvidence(Record):
    """Where a paper, by id or title, answers: its page, from 1 in the file, and a few words of it."""

    paper: Text
    page: Annotated[StrictInt, Field(ge=1)] | None = None
    quote: Text | None = None


class CaseTurn(Record):
    """One question and what is known about its answer.

    `papers` are the ids or titles of the papers that answer it; those under `ignore` count neither way. A
    fact is given by its accepted forms. `filters` are applied when the question is asked;
    `expected_filters` are those that its words ask for, None where that is not known. `evidence` are the
    places that answer it.
    """

    question: Text
    papers: tuple[Text, ...] = ()
    ignore: tuple[Text, ...] = ()
    facts: tuple[Forms, ...] = ()
    answerable: StrictBool = True
    filters: Years = Years()
    expected_filters: Years | None = None
    reference: str | None = None
    evidence: tuple[PageEvidence, ...] = ()
    tags: tuple[Text, ...] = ()

    @property
    def unread(self) -> set[str]:
        return super().unread.union(*(place.unread for place in self.evidence))


class Case(Record):
    """One question, or a conversation of several; each turn has the case's tags too."""

    id: Text
    tags: tuple[Text, ...] = ()
    turns: Annotated[tuple[CaseTurn, ...], Field(min_length=1)]

    @field_validator("turns")
    @classmethod
    def _with_tags(cls, turns: tuple[CaseTurn, ...], known: ValidationInfo) -> tuple[CaseTurn, ...]:
        tags = known.data.get("tags", ())
        return tuple(
            turn.model_copy(update={"tags": tuple(dict.fromkeys(tags + turn.tags))}) for turn in turns
        )

    @property
    def unread(self) -> set[str]:
        return super().unread.union(*(turn.unread for turn in self.turns))


def read_cases(places: Iterable[str]) -> list[Case]:
    """The cases in files, in folders of files, and in bundled sets by name ("dev", "test", …).

    Raises CaseError, which names the file and its line, or the entry of a YAML file.
    """
    return [case for cases in read_sets(places).values() for case in cases]


def read_sets(places: Iterable[str]) -> dict[Path, list[Case]]:
    """The same by file, each file once. Raises CaseError."""
    seen: dict[str, str] = {}
    sets: dict[Path, list[Case]] = {path: [] for place in places for path in _paths(place)}
    for path, cases in sets.items():
        for where, record in read_records(path):
            case = _case(where, record)
            if case.id in seen:
                raise CaseError(f"{where}: `{case.id}` is the id of {seen[case.id]} too: change one")
            seen[case.id] = where
            cases.append(case)
    if not seen:
        raise CaseError("the question files hold no question: write one a line (docs/evaluation.md)")
    return sets


def bundled_sets() -> list[str]:
    """The names of the bundled question sets."""
    return sorted(path.stem for path in BUNDLED.glob("*.jsonl"))


def _paths(place: str) -> list[Path]:
    try:
        return _files(place)
    except OSError as error:
        raise CaseError(
            f"{place} cannot be read ({error.strerror}): name a question file or a folder of those"
        ) from error


def _files(place: str) -> list[Path]:
    path = Path(place)
    if path.is_dir():
        if files := sorted(entry for entry in path.iterdir() if entry.suffix in SUFFIXES):
            return files
        raise CaseError(f"{place} holds no question file: name one that ends in {_SUFFIXES}")
    if path.is_file():
        if path.suffix in SUFFIXES:
            return [path]
        raise CaseError(f"{place} is no question file: name one that ends in {_SUFFIXES}")
    if place in bundled_sets():
        return [BUNDLED / f"{place}.jsonl"]
    raise CaseError(
        f"there is no question file {place}: name one, or a set that comes with askpapers "
        f"({', '.join(bundled_sets())})"
    )


def read_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Each record of a file, after its place in the file. Raises CaseError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path} cannot be read ({error}): see that it is a text file in UTF-8") from error
    yield from _json_lines(path, text) if path.suffix == ".jsonl" else _yaml_entries(path, text)


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"{path}:{number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CaseError(f"{path}:{number}: no JSON ({error}): mend the line") from error


def _yaml_entries(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CaseError(f"{path}: no YAML ({' '.join(str(error).split())}): mend it") from error
    entries = loaded if isinstance(loaded, list) else [loaded]
    yield from ((f"{path}, entry {number}", entry) for number, entry in enumerate(entries, start=1))


def _case(where: str, record: Any) -> Case:
    """A record with `turns`, or one question with an id. Raises CaseError."""
    try:
        if not isinstance(record, dict) or record.get("turns") is not None:
            return Case.model_validate(record)
        turn = CaseTurn.model_validate({name: value for name, value in record.items() if name != "id"})
        return Case.model_validate({"id": record.get("id"), "turns": [turn]})
    except ValidationError as error:
        raise what_is_wrong(where, "case", error) from error


def what_is_wrong(where: str, what: str, error: ValidationError) -> CaseError:
    """The first problem of a record, in one line that says where it is."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or f"the {what}"
    return CaseError(f"{where}: {place}: {first['msg']}: mend it (docs/evaluation.md describes a {what})")
