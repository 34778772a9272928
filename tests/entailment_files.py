"""The files of a small entailment model: a premise entails a hypothesis that shares most of its words."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

MARKS = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
NOT = 4  # the word that turns a sentence into its contrary
LABELS = ("entailment", "neutral", "contradiction")
SHARE, SLOPE = 0.75, 30.0  # of the hypothesis' words that entail it; how sure the model is


def write_model(
    folder: Path,
    texts: Iterable[str],
    labels: Sequence[str] = LABELS,
    at: str = "model.onnx",
    **config: object,
) -> Path:
    """A folder with a model that knows the words of these texts, and gives these labels."""
    (folder / at).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(labels), folder / at)
    _tokenizer(texts).save(str(folder / "tokenizer.json"))
    names = {str(number): label for number, label in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps({"id2label": names} | config))
    return folder


def _tokenizer(texts: Iterable[str]) -> Tokenizer:
    words = dict.fromkeys(word for text in texts for word in re.findall(r"\w+", text.lower()))
    vocabulary = MARKS | {"not": NOT}
    vocabulary |= {word: 5 + place for place, word in enumerate(word for word in words if word != "not")}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\W+"), "removed")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, MARKS[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _graph(labels: Sequence[str]) -> onnx.ModelProto:
    """Logits of the share of the hypothesis' words (numbers above NOT) that the premise has; where one of
    the two has "not", what would be entailed is contradicted."""
    nodes: list[onnx.NodeProto] = []

    def node(kind: str, *inputs: str, **options: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"v{len(nodes)}"], **options))
        return f"v{len(nodes) - 1}"

    def number(value: float | Sequence[int], kind: int = TensorProto.FLOAT) -> str:
        values = [value] if isinstance(value, (int, float)) else list(value)
        shape = [] if isinstance(value, (int, float)) else [len(values)]
        return node("Constant", value=helper.make_tensor("c", kind, shape, values))

    def real(name: str) -> str:
        return node("Cast", name, to=TensorProto.FLOAT)

    last, middle = number([1], TensorProto.INT64), number([2], TensorProto.INT64)
    ids, of_hypothesis = "input_ids", real("token_type_ids")
    of_premise = node("Sub", number(1.0), of_hypothesis)
    is_word = real(node("Greater", ids, number(NOT, TensorProto.INT64)))
    is_not = real(node("Equal", ids, number(NOT, TensorProto.INT64)))
    asked, there = node("Mul", is_word, of_hypothesis), node("Mul", is_word, of_premise)
    same = real(node("Equal", node("Unsqueeze", ids, middle), node("Unsqueeze", ids, last)))
    held = node("ReduceMax", node("Mul", same, node("Unsqueeze", there, last)), middle, keepdims=0)
    count = node("ReduceSum", asked, last, keepdims=1)
    share = node("Div", node("ReduceSum", node("Mul", held, asked), last, keepdims=1), count)
    entails = node("Mul", node("Sub", share, number(SHARE)), number(SLOPE))
    nots = [
        node("ReduceMax", node("Mul", is_not, side), last, keepdims=1)
        for side in (of_premise, of_hypothesis)
    ]
    differ = node("Abs", node("Sub", *nots))
    agree = node("Sub", number(1.0), differ)
    away = number(SLOPE)
    logits = {
        "entail": node("Sub", entails, node("Mul", differ, away)),
        "contra": node("Sub", entails, node("Mul", agree, away)),
    }
    nothing = node("Mul", share, number(0.0))
    by_label = [logits.get(re.sub(r"\W", "", label.lower())[:6], nothing) for label in labels]
    outputs = by_label if len(by_label) > 1 else [logits["entail"]]
    nodes.append(helper.make_node("Concat", outputs, ["logits"], axis=1))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["pairs", "pieces"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["pairs", len(labels)])
    graph = helper.make_graph(nodes, "entailment", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
