"""What a summary says beside its means, in words, for terminals and reports alike."""

from collections.abc import Iterator, Mapping
from typing import Any

from eval.supporting import unchecked_words


def notes(layer: Mapping[str, Any]) -> Iterator[str]:
    """Who checked the sentences behind a layer's means, and how many of them nobody judged."""
    for name, mean in layer["metrics"].items():
        words = [unchecked_words(mean.get("unchecked", 0))]
        if "checked_by" in mean and mean["n"]:
            words.insert(
                0, f"checked by {mean['checked_by']}" if mean["checked_by"] else "quotations alone"
            )
        if any(words):
            yield f"{name}: {', '.join(filter(None, words))}"


def usage(used: Mapping[str, float]) -> str:
    """What a model took: requests, tokens and, where prices are known, dollars."""
    names = {"requests": "requests", "cached": "kept verdicts", "total_tokens": "tokens"}
    parts = [f"{used[name]:,.0f} {words}" for name, words in names.items() if used.get(name)]
    if "cost" in used:
        parts.append(f"{used['cost']:.4f} dollars")
    return ", ".join(parts)


def steps(summary: Mapping[str, Any]) -> str:
    """What each step of the answers took."""
    return "; ".join(f"{step} {usage(used)}" for step, used in summary.get("steps", {}).items())
