"""The deterministic layer: compares an answer with its case and with the papers that it cites."""

from eval import metrics
from eval.cases import CaseTurn
from eval.evidence import Evidence, find_evidence
from eval.metrics.registry import EVIDENCE, METRICS, RANKING, SETS
from eval.outcomes import Outcome, Outcomes, failed, not_applicable, scored
from eval.rows import Expected
from eval.shelf import Shelf
from eval.supporting import JudgedSentence, faithfulness_outcome, named, rule_outcome
from rag.checking import Statement
from rag.checking.evidence import absent, own_words
from rag.markers import without_markers
from rag.types import Answer, Claim, Filters

LIST = "list"  # the tag of questions that are answered by a set of papers

_ANSWERED = ("words", "faithfulness", *EVIDENCE)


def expect(turn: CaseTurn, shelf: Shelf) -> Expected:
    """What the answer to a turn should be; papers by their ids on the shelf, or by title if not there."""
    ids = shelf.find([*turn.papers, *turn.ignore])
    relevant = tuple(dict.fromkeys(ids.get(paper, paper) for paper in turn.papers))
    known = shelf.papers(relevant)
    return Expected(
        papers=relevant,
        ignore=tuple(dict.fromkeys(ids.get(paper, paper) for paper in turn.ignore)),
        facts=turn.facts,
        answerable=turn.answerable,
        reference=turn.reference,
        titles={id_: known[id_].title for id_ in relevant if id_ in known},
    )


def score(turn: CaseTurn, expected: Expected, answer: Answer, shelf: Shelf) -> Outcomes:
    """The outcome of every metric, in the order of METRICS."""
    is_refused = answer.status == "refused"
    outcomes = _inapplicable(turn)
    if is_refused:
        outcomes |= dict.fromkeys(_ANSWERED, not_applicable("the answer is a refusal"))
    scores = _ranking(expected, answer) | _cited_set(expected, answer) | _abstention(turn, answer)
    scores |= _facts(turn, answer) | _pages(turn, answer, shelf) | _years(turn, answer)
    if not is_refused:
        scores["words"] = scored(len(without_markers(answer.text).split()))
        scores["faithfulness"] = faithfulness_outcome([_judged(claim) for claim in answer.claims])
        scores |= _evidence(answer, find_evidence(answer, shelf))
    scores["requests"] = _requests(answer)
    scores["seconds"] = scored(answer.seconds["total"])
    return {name: outcomes.get(name) or scores[name] for name in METRICS}


def score_nothing(turn: CaseTurn, error: str) -> Outcomes:
    """The outcomes of a question without an answer: an error for every metric that could apply."""
    outcomes = _inapplicable(turn)
    return {name: outcomes.get(name) or failed(error) for name in METRICS}


def _inapplicable(turn: CaseTurn) -> Outcomes:
    """The metrics that do not apply to a turn, whatever the answer."""
    outcomes: Outcomes = {}
    if not turn.papers:
        outcomes |= dict.fromkeys(RANKING, not_applicable("no right papers are known"))
    if LIST not in turn.tags or not turn.papers:
        outcomes |= dict.fromkeys(SETS, not_applicable("no complete set of papers answers it"))
    if not turn.facts or not turn.answerable:
        outcomes["fact_recall"] = not_applicable("no facts are expected")
    if not turn.answerable or not any(evidence.page for evidence in turn.evidence):
        outcomes["page_hit"] = not_applicable("no pages that answer are known")
    if turn.expected_filters is None:
        outcomes["filter_accuracy"] = not_applicable("nothing is known of its years")
    name, why = (
        ("abstention_recall", "the papers answer it")
        if turn.answerable
        else ("over_refusal", "the papers do not answer it")
    )
    return outcomes | {name: not_applicable(why)}


def _ranking(expected: Expected, answer: Answer) -> Outcomes:
    if not expected.papers:
        return {}
    relevant = set(expected.papers)
    retrieved = dict.fromkeys(paper.paper_id for paper in answer.papers)
    ranking = [id_ for id_ in retrieved if id_ not in expected.ignore]
    ranks = [rank for rank, id_ in enumerate(ranking, start=1) if id_ in relevant]
    missed = [expected.titles.get(id_, id_) for id_ in expected.papers if id_ not in ranking]
    why = f"right papers at rank {', '.join(map(str, ranks))}" if ranks else "no right paper retrieved"
    why += f"; not retrieved: {named(missed)}" if missed else ""
    return {
        "hit@1": scored(metrics.hit_at(1, ranking, relevant), why),
        "hit@5": scored(metrics.hit_at(5, ranking, relevant), why),
        "mrr@10": scored(metrics.mrr_at(10, ranking, relevant), why),
        "ndcg@10": scored(metrics.ndcg_at(10, ranking, relevant), why),
        "recall@10": scored(metrics.recall_at(10, ranking, relevant), why),
    }


def _cited_set(expected: Expected, answer: Answer) -> Outcomes:
    if not expected.papers:
        return {}
    relevant = set(expected.papers)
    titles = {
        citation.paper_id: citation.title
        for citation in (answer.citations if answer.status != "refused" else ())
        if citation.paper_id not in expected.ignore
    }
    missed = [expected.titles.get(id_, id_) for id_ in expected.papers if id_ not in titles]
    beyond = [title for id_, title in titles.items() if id_ not in relevant]
    why = f"cited {len(relevant) - len(missed)} of {len(relevant)}"
    why += f"; missed: {named(missed)}" if missed else ""
    why += f"; beyond them: {named(beyond)}" if beyond else ""
    precision = metrics.set_precision(titles, relevant)
    uncited = not_applicable("nothing is cited")
    return {
        "set_precision": uncited if precision is None else scored(precision, why),
        "set_recall": scored(metrics.set_recall(titles, relevant), why),
        "set_f1": scored(metrics.set_f1(titles, relevant), why),
    }


def _abstention(turn: CaseTurn, answer: Answer) -> Outcomes:
    """An answer that claims nothing, such as one to a greeting, answers as little as a refusal."""
    refused, why = answer.status == "refused" or not answer.claims, answer.reason or ""
    values = {
        "abstention_recall": metrics.abstention_recall(refused=refused, answerable=turn.answerable),
        "over_refusal": metrics.over_refusal(refused=refused, answerable=turn.answerable),
    }
    return {name: scored(value, why) for name, value in values.items() if value is not None}


def _facts(turn: CaseTurn, answer: Answer) -> Outcomes:
    if not turn.facts:
        return {}
    text = without_markers(answer.text) if answer.status != "refused" else ""
    sides: dict[str, list[str]] = {"said": [], "not said": []}
    for forms in turn.facts:
        sides["said" if metrics.fact_recall(text, [forms]) else "not said"].append(forms[0])
    why = "; ".join(f"{name}: {', '.join(forms)}" for name, forms in sides.items() if forms)
    return {"fact_recall": scored(metrics.fact_recall(text, turn.facts), why)}


def _pages(turn: CaseTurn, answer: Answer, shelf: Shelf) -> Outcomes:
    places = [(evidence.paper, evidence.page) for evidence in turn.evidence if evidence.page]
    if not places:
        return {}
    ids = shelf.find([paper for paper, _ in places])
    expected = {(ids.get(paper, paper), page) for paper, page in places}
    citations = () if answer.status == "refused" else answer.citations
    cited = list(dict.fromkeys((citation.paper_id, citation.page) for citation in citations))
    hit = metrics.page_hit(cited, expected)
    right = ", ".join(str(page) for _, page in sorted(expected))
    pages = ", ".join(str(page) for _, page in cited if page)
    return {"page_hit": scored(hit, f"pages cited: {pages or 'none'}; that answer: {right}")}


def _years(turn: CaseTurn, answer: Answer) -> Outcomes:
    if turn.expected_filters is None:
        return {}
    expected = turn.expected_filters.as_filters()
    years = Filters(answer.filters.from_year, answer.filters.to_year)
    why = f"taken: {_range(years)}; expected: {_range(expected)}"
    return {"filter_accuracy": scored(years == expected, why)}


def _judged(claim: Claim) -> JudgedSentence:
    """A sentence with the verdict that stands in the answer."""
    return JudgedSentence(claim.text, claim.supported, ": ".join(filter(None, [claim.check, claim.reason])))


def _evidence(answer: Answer, evidence: Evidence) -> Outcomes:
    """What rules can know of sentences and quotes."""
    statements = evidence.statements
    reworded = [statement.text for statement in statements if not _is_verbatim(statement)]
    missing = [
        f"{', '.join(words)} of “{statement.text}”"
        for statement in statements
        if (words := absent(statement))
    ]
    return {
        "verbatim": rule_outcome(reworded, len(statements), "in other words"),
        "names_and_numbers": rule_outcome(missing, len(statements), "not in the papers"),
        "citation_validity": _validity(answer.markers.unknown, evidence),
    }


def _is_verbatim(statement: Statement) -> bool:
    """Also a sentence of a word or two, which `own_words` leaves aside."""
    stands = any(statement.text in paper.shown_text for paper in statement.papers)
    return stands or own_words(statement) is not None


def _validity(unknown: int, evidence: Evidence) -> Outcome:
    value = metrics.citation_validity(evidence.quotes, evidence.broken, unknown)
    if value is None:
        return not_applicable("it cites nothing")
    wrong = {"markers name no paper": unknown, "quotes are not their paper's words": evidence.broken}
    return scored(value, "; ".join(f"{number} {what}" for what, number in wrong.items() if number))


def _requests(answer: Answer) -> Outcome:
    requests = answer.usage.get("requests")
    return not_applicable("no model was asked") if requests is None else scored(requests)


def _range(years: Filters) -> str:
    if not years.has_years:
        return "all years"
    return f"{years.from_year or ''}–{years.to_year or ''}"
