"""The LlamaIndex model behind the door: the one that the settings name, and what it streams."""

import gc
from collections.abc import Generator, Iterable
from traceback import clear_frames
from typing import TypeVar

from llama_index.core.llms import LLM
from llama_index.llms.openai.utils import openai_modelname_to_contextsize
from llama_index.llms.openai_like import OpenAILike
from openai import OpenAI

from rag.settings import Settings

WINDOW = 8192  # tokens of context that a model is taken to have where nobody says

_Part = TypeVar("_Part")


def open_llm(settings: Settings, client: OpenAI) -> LLM:
    """The model that the settings name. Nothing is sent yet."""
    llm: LLM = OpenAILike(
        model=settings.model,
        api_key="unused",  # the client has it; left out, LlamaIndex would read and show it
        openai_client=client,
        max_retries=0,  # the client retries
        is_chat_model=True,
        context_window=settings.context_window or known_window(settings.model) or WINDOW,
        temperature=0.0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return llm


def known_window(model: str) -> int | None:
    """The context of a model in tokens, by LlamaIndex's table; None for one that it does not know."""
    try:
        return openai_modelname_to_contextsize(model)
    except ValueError:
        return None


def attended(reply: Iterable[_Part]) -> Generator[_Part, None, None]:
    """The parts of a streamed reply. One that breaks, or is left in the middle, is closed at once.

    openai's streams refer to themselves. Left to itself, the garbage collector would close them, perhaps
    while the same thread holds the lock of the connections, which closing needs too: it would wait
    for ever.
    """
    try:
        yield from reply
    except BaseException as error:  # GeneratorExit, where it is left
        clear_frames(error.__traceback__)
        gc.collect()
        raise


def stop_reason(chunk: object) -> str | bool | None:
    """Why a model stopped, by a chunk of its reply; False where it goes on, None where it does not tell."""
    choices = getattr(chunk, "choices", None)
    if choices is None:
        return None
    return choices[0].finish_reason or False if choices else None
