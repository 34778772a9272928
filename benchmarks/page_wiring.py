"""What passes between the chat page and its server: events, and what these change in the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wiring:
    """The page's components and events, as its configuration tells everybody who is let in."""

    config: Mapping[str, Any]

    @property
    def events(self) -> list[Mapping[str, Any]]:
        return list(self.config["dependencies"])

    def component(self, **properties: Any) -> int:
        """The number of the component with these properties. Raises RuntimeError."""
        for component in self.config["components"]:
            if all(component["props"].get(name) == value for name, value in properties.items()):
                return int(component["id"])
        raise RuntimeError(f"the page has no component with {properties}")

    @property
    def browser_state(self) -> int:
        """The number of the component that the browser keeps."""
        components = self.config["components"]
        return next(int(each["id"]) for each in components if each["type"] == "browserstate")

    def event(self, name: str, **properties: Any) -> Mapping[str, Any]:
        """The event of this name, of the component with these properties. Raises RuntimeError."""
        component = self.component(**properties) if properties else None
        for event in self.events:
            if any(kind == name and component in (None, target) for target, kind in event["targets"]):
                return event
        raise RuntimeError(f"the page has no event {name} of {properties}")

    def data(self, event: Mapping[str, Any], given: Mapping[int, Any] | None = None) -> list[Any]:
        """What the page sends with an event: what its components hold at first, or are given here."""
        values = {
            each["id"]: None if each["type"].endswith("state") else each["props"].get("value")
            for each in self.config["components"]
        } | dict(given or {})
        return [values[number] for number in event["inputs"]]


@dataclass
class Results:
    """What an event makes of its outputs, message by message.

    The first message has all values, further ones say what has changed since, and the last one has all
    again. "Unchanged" is spelled as an update without a value.
    """

    outputs: Sequence[int]
    values: dict[int, Any] = field(default_factory=dict)
    _data: list[Any] = field(default_factory=list)

    def take(self, message: Mapping[str, Any]) -> None:
        """Take in a message with an output."""
        data = message["output"].get("data") or []
        if self._data and message["msg"] == "process_generating":
            data = [_changed(*pair) for pair in zip(self._data, data, strict=True)]
        self._data = data
        for component, value in zip(self.outputs, data, strict=False):
            if not isinstance(value, dict):
                self.values[component] = value
            elif value.get("__type__") != "update":
                self.values[component] = dict(value)  # later changes are made in place
            elif "value" in value:
                self.values[component] = value["value"]


def _changed(value: Any, changes: Sequence[tuple[str, list[Any], Any]]) -> Any:
    """The value after changes at paths in it, made in place."""
    for action, path, new in changes:
        if not path:
            value = value + new if action == "append" else new
            continue
        *steps, key = path
        at = value
        for step in steps:
            at = at[step]
        if action == "delete":
            del at[key]
        elif action == "append":
            at[key] += new
        elif action == "add" and isinstance(at, list):
            at.insert(key, new)
        else:
            at[key] = new
    return value
