"""Checks of models and servers: those that the user has configured, and model servers of this machine.

No other is ever asked.
"""

from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from urllib.parse import urlsplit

from eval.record import version_of
from rag.checking.trial import why_unused
from rag.errors import ModelError, ModelMissingError
from rag.library.chroma_server import ChromaServer
from rag.model.address import server_name
from rag.model.base import WINDOW, WRITING
from rag.model.files import ModelFile, find_model
from rag.model.judges import ENTAILMENT, judge_identity
from rag.model.local.gguf import read_shape
from rag.model.local.machine import fitted
from rag.model.running import running_servers
from rag.settings import DEFAULT_MODEL, LOCAL, OFF, Settings
from ui.checkup.finding import Finding, attempted

_SECONDS = 2.0
_NAMED = 5  # models in a line


def look_at_model(settings: Settings, is_online: bool) -> Iterator[Finding]:
    """Which model writes, and whether its server answers; OpenAI's is asked only if `is_online`."""
    if not settings.has_model and settings.model not in (DEFAULT_MODEL, OFF):
        todo = "choose one by `askpapers model use`, or name it local/NAME where its file is here"
        yield Finding("model", "warn", f"{settings.model} has neither a server nor a key", todo)
        return
    if not settings.has_model:
        yield Finding("model", "ok", "none, so answers are in the papers' own sentences")
        return
    if settings.local_name:
        model = find_model(settings.local_name)
        yield from _look_at_file(model)
        yield from attempted("memory", lambda: _look_at_memory(model, settings))
    else:
        key = "with a key" if settings.api_key else "without a key"
        yield Finding("model", "ok", f"{settings.model} at {server_name(settings)}, {key}")
    yield from attempted("checks", lambda: _look_at_judge(settings))
    if settings.embedding_model:
        yield Finding("embedding model", "ok", settings.embedding_model)
    if settings.local_name:
        return
    if settings.base_url or is_online:
        yield from _ask_models(settings)
    else:
        yield Finding("model server", "ok", "not asked, which --online would do")


def look_at_running(settings: Settings) -> Iterator[Finding]:
    """The model servers that run on this machine, offered where no model is in use."""
    for server in running_servers():
        todo = server.next_step if not settings.has_model else None
        yield Finding("running server", "ok", f"{server.contents}, at {server.url}", todo)


def _look_at_file(model: ModelFile) -> Iterator[Finding]:
    """Where a model on this computer is, and whether llama.cpp is there to run it."""
    size = f"{model.bytes / 1e9:.1f} GB"
    yield Finding("model", "ok", f"{model.name} on this computer, {size} in {model.path}")
    if number := version_of("xllamacpp"):
        yield Finding("llama.cpp", "ok", f"xllamacpp {number}")
    else:
        todo = "pip install 'askpapers[local]'"
        yield Finding("llama.cpp", "fail", "xllamacpp, which runs the model, is not installed", todo)


def _look_at_memory(model: ModelFile, settings: Settings) -> Iterator[Finding]:
    """Whether the model fits in the memory that is free. Raises ModelError."""
    try:
        shape = read_shape(model.path)
    except (OSError, ValueError):
        yield Finding("memory", "fail", f"{model.path} is damaged", "pull or add it again")
        return
    wanted = settings.context_window or WINDOW
    context, _ = fitted(model.name, model.bytes, shape, wanted)
    yield Finding("memory", "ok", f"enough for a context of {context:,} tokens")


def _look_at_judge(settings: Settings) -> Iterator[Finding]:
    """Who checks the sentences of answers, and whether it has shown that it can. Raises ModelError."""
    if not settings.checks:
        yield Finding("checks", "ok", "off (ASKPAPERS_JUDGE_MODEL), so sentences stay unchecked")
        return
    name = settings.judge_model or settings.model
    if not (why := why_unused(judge_identity(settings))):
        yield Finding("checks", "ok", f"{name} checks each sentence against the papers")
        return
    reason, _, todo = why.partition(": ")
    todo = todo or "name another judge with `askpapers model judge`"
    yield Finding("checks", "warn", f"{name} checks nothing: {reason}", todo)


def _ask_models(settings: Settings) -> Iterator[Finding]:
    from rag.model.client import open_client, translated

    with open_client(settings) as client:
        try:
            with translated(settings.model, WRITING):
                reply = client.with_options(timeout=_SECONDS, max_retries=0).models.list()
                models = [str(model.id) for model in reply.data or []]
        except ModelMissingError:  # some compatible servers do not list their models
            models = []
        except ModelError as error:
            yield Finding.from_error("model server", error)
            return
    names = (settings.model, settings.judge_model, settings.embedding_model)
    needed = sorted({name for name in names if name and not name.startswith((ENTAILMENT, LOCAL))})
    missing = [name for name in needed if name not in models]
    if not models:
        yield Finding("model server", "warn", "it answers, and does not say which models it has")
    elif missing:
        has = ", ".join(models[:_NAMED]) + (", …" if len(models) > _NAMED else "")
        todo = "name one that it has in ASKPAPERS_MODEL (or the variable of the one that is missing)"
        yield Finding("model server", "warn", f"it does not list {', '.join(missing)}, but {has}", todo)
    else:
        yield Finding("model server", "ok", f"it answers, and has {', '.join(needed)}")


def look_at_chroma(settings: Settings) -> Iterator[Finding]:
    """Whether the Chroma server answers and lets us in; nothing where none is configured."""
    server = ChromaServer.from_settings(settings)
    if not server:
        return
    from rag.library.chroma_api import ChromaClient

    with closing(ChromaClient(server, seconds=_SECONDS, tries=1)) as client:
        number = client.get_version()
        client.check_database()
    yield Finding(
        "Chroma server", "ok", f"{server} answers (interface {number}), database {server.database}"
    )
    if (server.token or "@" in server.url) and not _is_private(server):
        todo = "use https, or a server on this machine"
        yield Finding("Chroma server", "warn", "the token goes there unencrypted", todo)


def _is_private(server: ChromaServer) -> bool:
    """Whether nobody on the way can read what is sent."""
    parts = urlsplit(server.url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
