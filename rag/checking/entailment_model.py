"""An entailment model in onnxruntime, and its tokenizer. Import it late: it loads both."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.errors import ModelError, ModelMissingError
from rag.model.judges import BESIDE, GRAPHS

_BATCH = 8  # pairs
_LONGEST = 512  # word pieces of a pair; a model may take fewer
_ENTAILS = ("entail", "consistent", "support")  # how labels begin
_CONTRADICTS = ("contradict", "refut")
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class EntailmentModel:
    """Says how likely premises entail a hypothesis, and how likely they contradict it.

    The names in `config.json` tell its two or three labels apart; a model with one output says how
    consistent the texts are. Safe to use from several threads.
    """

    def __init__(self, name: str, folder: Path) -> None:
        """Raises ModelMissingError, and ModelError if the files hold no entailment model."""
        self._next = f"run `askpapers model judge {name}` again, or name another model"
        self._folder = folder
        graph = next((path for place in GRAPHS if (path := folder / place).is_file()), None)
        if not graph or not all((folder / file).is_file() for file in BESIDE):
            raise ModelMissingError(f"the entailment model {name} is not in {folder}: {self._next}")
        try:
            config = json.loads((folder / "config.json").read_bytes())
            labels = _labels(config)
            self._entails = [label.startswith(_ENTAILS) for label in labels]
            self._contradicts = [label.startswith(_CONTRADICTS) for label in labels]
            self._longest = min(_LONGEST, config.get("max_position_embeddings") or _LONGEST)
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(self._longest)
            self._tokenizer.enable_padding(pad_id=config.get("pad_token_id") or 0)
            self._session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
            self._inputs = {given.name: _TYPES[given.type] for given in self._session.get_inputs()}
        except Exception as error:  # onnxruntime and tokenizers raise what they like
            raise self._cannot_run(error) from error
        if len(labels) > 1 and sum(self._entails) != 1:
            raise ModelError(
                f"the labels of {name} are {', '.join(labels)}, and none of them alone is entailment: name "
                "another model"
            )

    def is_too_long(self, hypothesis: str) -> bool:
        """Whether it leaves a premise less than half of what the model can read."""
        room = self._longest - self._tokenizer.num_special_tokens_to_add(is_pair=True)
        return 2 * len(self._tokenizer.encode(hypothesis, add_special_tokens=False).ids) > room

    def probabilities(self, premises: Sequence[str], hypothesis: str) -> tuple[list[float], list[float]]:
        """How likely each premise entails the hypothesis, and contradicts it; in [0, 1].

        A premise is cut where the two are longer than the model takes. Raises ModelError.
        """
        rows = []
        try:
            for start in range(0, len(premises), _BATCH):
                pairs = [(premise, hypothesis) for premise in premises[start : start + _BATCH]]
                rows.append(self._run(pairs))
            entails, contradicts = np.concatenate(rows).T
        except Exception as error:
            raise self._cannot_run(error) from error
        return entails.tolist(), contradicts.tolist()

    def _run(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Float, (pairs, 2): entailed, contradicted."""
        pieces = self._tokenizer.encode_batch(list(pairs))
        given = {
            "input_ids": [piece.ids for piece in pieces],
            "attention_mask": [piece.attention_mask for piece in pieces],
            "token_type_ids": [piece.type_ids for piece in pieces],
        }
        feed = {name: np.array(given[name], kind) for name, kind in self._inputs.items()}
        logits = np.asarray(self._session.run(None, feed)[0], np.float64).reshape(len(pairs), -1)
        if logits.shape[1] == 1:
            entailed = 1 / (1 + np.exp(-logits[:, 0]))
            chances = np.stack([entailed, np.zeros_like(entailed)], axis=1)
        else:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            of_label = powers / powers.sum(axis=1, keepdims=True)
            chances = of_label @ np.array([self._entails, self._contradicts], float).T
        if not np.isfinite(chances).all():
            raise ValueError("no numbers")
        return chances

    def _cannot_run(self, error: Exception) -> ModelError:
        return ModelError(
            f"{self._folder} holds no entailment model that can be run ({type(error).__name__}): "
            f"{self._next}"
        )


def _labels(config: Mapping[str, Any]) -> list[str]:
    """The names of the labels in lower case, by output."""
    names = config.get("id2label") or {}
    return [names[number].lower() for number in sorted(names, key=int)]
