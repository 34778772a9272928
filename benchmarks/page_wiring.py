"""What passes between the chat page and its server: events, and what these change in the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Event:
    """Something that a page asks of its server: what it sends along, and what comes back, by component."""

    number: int
    trigger: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Wiring:
    """What of a page's configuration its visitors need."""

    load: Event
    ask: Event
    box: int
    chat: int
    browser: int
    values: Mapping[int, Any]  # what the components hold when the page is opened

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """That of `/config`."""
        components = {each["id"]: each for each in config["components"]}
        named = {each["props"].get("elem_id"): number for number, each in components.items()}
        box, chat = named["question"], named["chat"]
        browser = next(number for number, each in components.items() if each["type"] == "browserstate")
        values = {
            number: None if each["type"].endswith("state") else each["props"].get("value")
            for number, each in components.items()
        }
        events = config["dependencies"]
        load = next(each for each in events if _is_on(each, "load") and chat in each["outputs"])
        ask = next(each for each in events if _is_on(each, "submit", box))
        return cls(_event(load), _event(ask), box, chat, browser, values)


@dataclass
class Results:
    """What an event makes of its components, message by message.

    The first message has all of it, those of more to come say what has changed since, the last one has
    all of it again. "Unchanged" is spelled as an update without a value.
    """

    event: Event
    values: dict[int, Any] = field(default_factory=dict)
    _data: list[Any] = field(default_factory=list)

    def take(self, message: Mapping[str, Any]) -> None:
        """Take in a message with an output."""
        told = message["output"].get("data") or []
        if self._data and message["msg"] == "process_generating":
            self._data = [_changed(*each) for each in zip(self._data, told, strict=True)]
        else:
            self._data = told
        for component, value in zip(self.event.outputs, self._data, strict=False):
            if not isinstance(value, dict):
                self.values[component] = value
            elif value.get("__type__") != "update":
                self.values[component] = dict(value)  # later changes are made in place
            elif "value" in value:
                self.values[component] = value["value"]


def _changed(value: Any, changes: list[tuple[str, list[Any], Any]]) -> Any:
    """The value after changes at paths in it, made in place."""
    for action, path, new in changes:
        if not path:
            value = value + new if action == "append" else new
            continue
        at = value
        for step in path[:-1]:
            at = at[step]
        _change(at, path[-1], action, new)
    return value


def _change(at: Any, key: Any, action: str, new: Any) -> None:
    if action == "delete":
        del at[key]
    elif action == "append":
        at[key] += new
    elif action == "add" and isinstance(at, list):
        at.insert(key, new)
    else:
        at[key] = new


def _event(told: Mapping[str, Any]) -> Event:
    return Event(told["id"], told["targets"][0][0], tuple(told["inputs"]), tuple(told["outputs"]))


def _is_on(event: Mapping[str, Any], name: str, component: int | None = None) -> bool:
    return any(kind == name and component in (None, at) for at, kind in event["targets"])
