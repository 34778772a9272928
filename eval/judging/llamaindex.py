"""The judge with LlamaIndex's evaluators and their own prompts, whose replies are read strictly.

`FaithfulnessEvaluator` takes a reply with "yes" anywhere in it ("yesterday") for a yes, any other for a no;
here it is asked claim by claim, and what is neither a clear YES nor a clear NO is no verdict.
`CorrectnessEvaluator` and `AnswerRelevancyEvaluator` take any number for a score; here one beside the
scale is none. What they put into their prompts are JSON strings here, which nothing in them can end.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.evaluation import (
    AnswerRelevancyEvaluator,
    BaseEvaluator,
    CorrectnessEvaluator,
    EvaluationResult,
    FaithfulnessEvaluator,
    answer_relevancy,
    correctness,
    faithfulness,
)
from llama_index.core.llms import LLM, CustomLLM
from llama_index.core.prompts import BasePromptTemplate

from eval.judging.asked_once import ChatJudge
from eval.judging.base import (
    SUPPORTED,
    JudgeInput,
    Kind,
    Verdict,
    digest,
    in_short,
    quoted,
    score_verdict,
    unreadable,
)
from rag.errors import ModelFailedError
from rag.model.base import Usage
from rag.model.chat import ChatModel

NOT_SUPPORTED = "not supported"

_MOST_REQUESTS = 5  # a verdict: texts beyond the context are shown in parts, in a small one hundreds
_YES_OR_NO = re.compile(r"\W*(?:answer\W+)?(yes|no)(?![ ]*\w)", re.IGNORECASE)
_OTHER = {"yes": re.compile(r"\bno\b", re.IGNORECASE), "no": re.compile(r"\byes\b", re.IGNORECASE)}
_SCORE = re.compile(r"\W*([1-5](?:\.\d+)?)\W*")
_RESULT = re.compile(r"\[RESULT\]\W*(\d+)(?![\d.])", re.IGNORECASE)

# Given by name: left to itself FaithfulnessEvaluator takes one for "llama3:8b" whose gaps it does not fill.
_TEMPLATES: dict[Kind, tuple[BasePromptTemplate, ...]] = {
    "support": (faithfulness.DEFAULT_EVAL_TEMPLATE, faithfulness.DEFAULT_REFINE_TEMPLATE),
    "correctness": (correctness.DEFAULT_EVAL_TEMPLATE,),
    "relevancy": (answer_relevancy.DEFAULT_EVAL_TEMPLATE,),
}


class LlamaIndexJudge(ChatJudge):
    """Asks a LlamaIndex evaluator for each verdict."""

    backend = "llamaindex"
    labels = (SUPPORTED, NOT_SUPPORTED)

    def prompt(self, kind: Kind) -> str:
        return digest([template.format() for template in _TEMPLATES[kind]])

    def _ask(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        model = _AskedByUs(self._model, usage)
        return [_JUDGES[judge_input.kind](model, judge_input) for judge_input in judge_inputs]


class _AskedByUs(CustomLLM):
    """A chat model as LlamaIndex's evaluators want one: ours sends their requests, within its limits."""

    _model: ChatModel = PrivateAttr()
    _usage: Usage = PrivateAttr()
    _sent: int = PrivateAttr(0)  # requests

    def __init__(self, model: ChatModel, usage: Usage) -> None:
        super().__init__()
        self._model = model
        self._usage = usage

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            model_name=self._model.name, context_window=self._model.window, is_chat_model=True
        )

    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        """Raises ModelError."""
        if self._sent >= _MOST_REQUESTS:
            raise ModelFailedError(
                f"the texts do not fit the context of the model {self._model.name}: set "
                "ASKPAPERS_CONTEXT_WINDOW to what the model takes"
            )
        self._sent += 1
        sent = [(message.role.value, message.content or "") for message in messages]
        reply = self._model.ask(sent, self._usage)
        return ChatResponse(message=ChatMessage(role="assistant", content=reply))

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text=self.chat([ChatMessage(content=prompt)]).message.content or "")

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        raise NotImplementedError("an evaluator reads a reply when it is whole")


def _support(llm: LLM, judge_input: JudgeInput) -> Verdict:
    template, refine = _TEMPLATES["support"]
    evaluator = FaithfulnessEvaluator(llm, eval_template=template, refine_template=refine)
    statement = judge_input.statement
    texts = (text for paper in statement.papers for text in (paper.heading, paper.shown_text))
    contexts = [quoted(text) for text in texts]
    feedback = _evaluated(evaluator, response=quoted(statement.text), contexts=contexts).feedback
    return read_yes_or_no(feedback or "")


def _correctness(llm: LLM, judge_input: JudgeInput) -> Verdict:
    data = judge_input.data
    evaluator = CorrectnessEvaluator(llm, _TEMPLATES["correctness"][0], parser_function=_read_score)
    texts = {"response": quoted(data["answer"]), "reference": quoted(data["reference"])}
    result = _evaluated(evaluator, query=_query(data), **texts)
    return _score(result, result.score, (1, 5))


def _relevancy(llm: LLM, judge_input: JudgeInput) -> Verdict:
    data, template = judge_input.data, _TEMPLATES["relevancy"][0]
    evaluator = AnswerRelevancyEvaluator(llm, eval_template=template, parser_function=_read_result)
    result = _evaluated(evaluator, query=_query(data), response=quoted(data["answer"]))
    return _score(result, None if result.score is None else 2 * result.score, (0, 2))


def _score(result: EvaluationResult, score: float | None, scale: tuple[int, int]) -> Verdict:
    feedback = result.feedback or ""
    return unreadable(feedback) if score is None else score_verdict(score, scale, in_short(feedback))


_JUDGES: dict[Kind, Callable[[LLM, JudgeInput], Verdict]] = {
    "support": _support,
    "correctness": _correctness,
    "relevancy": _relevancy,
}


def read_yes_or_no(reply: str) -> Verdict:
    """Begins with YES or NO, as a word of its own, and does not say the other anywhere."""
    match = _YES_OR_NO.match(reply)
    if not match or _OTHER[match[1].lower()].search(reply):
        return unreadable(reply)
    is_supported = match[1].lower() == "yes"
    return Verdict(SUPPORTED if is_supported else NOT_SUPPORTED, float(is_supported), in_short(reply))


def _read_score(reply: str) -> tuple[float | None, str]:
    """The score of the first line, from 1 to 5, and the rest; without one None, and all of it."""
    first, _, rest = reply.strip().partition("\n")
    match = _SCORE.fullmatch(first)
    score = float(match[1]) if match else None
    return (score, rest.strip()) if score is not None and score <= 5 else (None, reply)


def _read_result(reply: str) -> tuple[float | None, str]:
    """The one result, 0 to 2, and the reply."""
    results = _RESULT.findall(reply)
    return float(results[0]) if len(results) == 1 and results[0] in ("0", "1", "2") else None, reply


def _query(data: Any) -> str:
    earlier = data.get("earlier questions")
    return quoted(data["question"]) + (f" (asked after {quoted(earlier)})" if earlier else "")


def _evaluated(evaluator: BaseEvaluator, **texts: Any) -> EvaluationResult:
    """What an evaluator makes of texts. Raises ModelError, also for what breaks inside it."""
    try:
        with ThreadPoolExecutor(1) as pool:  # in this thread an event loop may be running
            return pool.submit(asyncio.run, evaluator.aevaluate(**texts)).result()
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        raise ModelFailedError(f"LlamaIndex's evaluator failed ({type(error).__name__})") from error
