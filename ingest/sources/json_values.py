"""Parts of JSON that others wrote, each of the type that it should have, or empty."""

from collections.abc import Mapping
from typing import Any


def object_of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list."""
    return [item for item in list_of(value) if isinstance(item, Mapping)]


def first_of(value: Any) -> Any:
    """The first value of a list, any other value itself: Crossref gives titles as lists."""
    return value[0] if isinstance(value, list) and value else value
