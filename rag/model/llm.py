"""The LlamaIndex model that the settings name, and the replies that it streams."""

import gc
from collections.abc import Generator, Iterable
from traceback import clear_frames
from typing import TypeVar

from llama_index.core.llms import LLM
from llama_index.llms.openai.utils import openai_modelname_to_contextsize
from llama_index.llms.openai_like import OpenAILike
from openai import OpenAI

from rag.model.base import WINDOW
from rag.settings import Settings

_Part = TypeVar("_Part")


def open_llm(settings: Settings, client: OpenAI) -> LLM:
    """The model that the settings name. Sends nothing yet."""
    llm: LLM = OpenAILike(
        model=settings.model,
        api_key="unused",  # the client has the key; without this, LlamaIndex would read and show it
        openai_client=client,
        max_retries=0,  # the client retries
        is_chat_model=True,
        context_window=settings.context_window or known_window(settings.model) or WINDOW,
        temperature=0.0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return llm


def known_window(model: str) -> int | None:
    """A model's context in tokens, by LlamaIndex's table; None if the model is not in it."""
    try:
        return openai_modelname_to_contextsize(model)
    except ValueError:
        return None


def closed_promptly(reply: Iterable[_Part]) -> Generator[_Part, None, None]:
    """The parts of a streamed reply, which is closed at once if it breaks or is abandoned.

    openai's streams are reference cycles. If the garbage collector closed one while the same thread holds
    the lock of the connections, which closing needs too, it would wait for ever.
    """
    try:
        yield from reply
    except BaseException as error:  # GeneratorExit if abandoned
        clear_frames(error.__traceback__)
        gc.collect()
        raise


def stop_reason(chunk: object) -> str | bool | None:
    """Why a model stopped, by a chunk of its reply; False if it goes on, None if the chunk does not say."""
    choices = getattr(chunk, "choices", None)
    return choices[0].finish_reason or False if choices else None
