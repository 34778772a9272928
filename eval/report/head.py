"""The conditions of a run in words, as far as its record has them."""

from collections.abc import Iterator, Mapping
from typing import Any

from eval import wording
from eval.run import Run


def conditions(run: Run) -> dict[str, str]:
    """The writer, the library, the questions, the time and the code of a run, each under its name."""
    record = run.record
    system = record.get("system") or {}
    facts = {
        "Writer": system.get("writer"),
        "Library": _library(system),
        "Encoder": system.get("encoder"),
        "Questions": ", ".join(map(_file, record.get("questions") or ())),
        "Started": _started(record),
        "Code": _code(record),
        "Machine": _machine(record),
        "Requests by step": wording.steps(run.summary()),
    }
    return {name: str(value) for name, value in facts.items() if value}


def judge_facts(run: Run) -> dict[str, str]:
    """Who judged in the judge layer, and what it took."""
    judge = run.record.get("judge") or {}
    facts = {"Judge": judge.get("name"), "Took": wording.usage(judge.get("usage") or {})}
    return {name: str(value) for name, value in facts.items() if value}


def peculiarities(run: Run) -> Iterator[str]:
    """How the run differs from a complete one with default options and committed code."""
    record = run.record
    if record.get("finished") is False:
        yield "not finished: only the questions below were answered"
    if record.get("dirty"):
        yield "the code had changes that are not committed"
    if record.get("sample") is not None:
        yield f"a sample of {record['sample']} questions (seed {record.get('seed', 0)})"
    if record.get("tags"):
        yield f"only questions tagged {', '.join(map(str, record['tags']))}"
    options = (record.get("system") or {}).get("options") or {}
    if options.get("words") is not None:
        yield f"answers of at most {options['words']} words"
    if options.get("k") is not None:
        yield f"written from at most {options['k']} papers"
    if options.get("years_from_question") is False:
        yield "years are not taken from the questions' words"
    for name, value in (options.get("filters") or {}).items():
        if value is not None:
            yield f"filter {name} {value}"


def _library(system: Mapping[str, Any]) -> str | None:
    library = system.get("library") or {}
    if not isinstance(library, Mapping) or "papers" not in library:
        return None
    digests = ", digests of the abstracts" if library.get("digests") else ""
    return f"{library['papers']:,} papers in {library.get('passages', 0):,} passages{digests}"


def _file(questions: Mapping[str, Any]) -> str:
    digest = str(questions.get("sha256", ""))[:12]
    return f"{questions.get('name')} ({questions.get('cases')} cases, SHA-256 {digest}…)"


def _started(record: Mapping[str, Any]) -> str | None:
    started = str(record.get("started") or "").replace("T", " ").replace("Z", " UTC")
    return f"{started}, {record['seconds']:,} s" if started and "seconds" in record else started


def _code(record: Mapping[str, Any]) -> str | None:
    commit = record.get("commit")
    parts = [f"askpapers {record['version']}"] if record.get("version") else []
    parts += [f"commit {str(commit)[:10]}"] if commit else []
    return ", ".join(parts)


def _machine(record: Mapping[str, Any]) -> str:
    parts = {"platform": "{}", "cores": "{} cores", "python": "Python {}"}
    return ", ".join(form.format(record[name]) for name, form in parts.items() if record.get(name))
