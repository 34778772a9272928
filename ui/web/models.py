"""The models that visitors may choose among, and how the page names them."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from rag.errors import ModelError
from rag.model.address import server_name
from rag.model.files import model_files
from rag.settings import LOCAL, Settings

EXTRACTIVE = "the papers' own sentences"


def writer_title(settings: Settings) -> str:
    """Who writes, and where: "qwen3-4b on this computer", "gpt-4.1-mini at api.openai.com"."""
    if not settings.has_model:
        return EXTRACTIVE
    if settings.local_name:
        return f"{settings.local_name} on this computer"
    try:
        return f"{settings.model} at {urlsplit(server_name(settings)).netloc}"
    except ModelError:  # the first question says what is wrong
        return settings.model


@dataclass(frozen=True)
class Models:
    """The settings' own model, those of `names`, and with `has_files` each model file on this computer."""

    settings: Settings
    names: tuple[str, ...] = ()
    has_files: bool = True

    @property
    def default(self) -> str | None:
        """The model that is chosen at first."""
        return self.settings.model if self.settings.has_model else next(iter(self), None)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Each model as it is now, with its title before its name."""
        return [(writer_title(self.settings.with_model(name)), name) for name in dict.fromkeys(self)]

    def __iter__(self) -> Iterator[str]:
        names = [self.settings.model, *self.names, *(self._files() if self.has_files else ())]
        return (name for name in names if self.settings.with_model(name).has_model)

    def _files(self) -> list[str]:
        try:
            return [f"{LOCAL}{name}" for name, model in model_files().items() if model.is_there]
        except ModelError:  # the register is damaged: `askpapers model list` says so
            return []
