"""The ONNX graph of all-MiniLM-L6-v2: a BERT of six layers, written down operator by operator.

Devlin et al., 2019, "BERT"; Wang et al., 2020, "MiniLM". The graph names its weights without
holding them: the session binds the tensors of the weights file to these names, so there is no
second copy of them on disk.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

HIDDEN, HEADS, LAYERS = 384, 12, 6
_HEAD = HIDDEN // HEADS
_EPSILON = 1e-12
_MASKED = -10_000.0  # added to the attention score of padding
_OPSET = 20  # the first with Gelu; LayerNormalization came with 17
_IR_VERSION = 9

Tensors = dict[str, NDArray[Any]]


def build_graph(weights: Mapping[str, NDArray[Any]]) -> tuple[bytes, Tensors]:
    """The serialised graph and the tensors to bind to its initialisers.

    Inputs `input_ids` and `attention_mask`: int64, (texts, tokens).
    Output `tokens`: float32, (texts, tokens, 384), the last hidden layer.
    """
    graph = _Graph(weights)
    hidden = graph.embed()
    bias = graph.attention_bias()
    for layer in range(LAYERS):
        hidden = graph.layer(hidden, bias, f"encoder.layer.{layer}")
    graph.nodes.append(helper.make_node("Identity", [hidden], ["tokens"]))
    return graph.serialise(), graph.bound


class _Graph:
    """Nodes in order; each method adds operators and returns the name of their result."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.bound: Tensors = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: type) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        tensor = self.weights[name]
        bound = f"{name}.T" if transposed else name
        self.bound[bound] = np.ascontiguousarray(tensor.T if transposed else tensor)
        return bound

    def linear(self, x: str, name: str) -> str:
        product = self.op("MatMul", x, self.weight(f"{name}.weight", transposed=True))
        return self.op("Add", product, self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=_EPSILON)

    def embed(self) -> str:
        """Word, position and segment (always the first) embeddings: (texts, tokens, 384)."""
        words = self.op("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        zero = self.constant([0], np.int64)
        length = self.op("Shape", "input_ids", start=1)
        positions = self.op(
            "Slice", self.weight("embeddings.position_embeddings.weight"), zero, length, zero
        )
        segment = self.op("Gather", self.weight("embeddings.token_type_embeddings.weight"), zero, axis=0)
        total = self.op("Add", self.op("Add", words, positions), segment)
        return self.norm(total, "embeddings.LayerNorm")

    def attention_bias(self) -> str:
        """0 for tokens, a large negative number for padding: (texts, 1, 1, tokens)."""
        mask = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        mask = self.op("Unsqueeze", mask, self.constant([1, 2], np.int64))
        padding = self.op("Sub", self.constant(1, np.float32), mask)
        return self.op("Mul", padding, self.constant(_MASKED, np.float32))

    def layer(self, x: str, bias: str, name: str) -> str:
        attended = self.linear(
            self.attend(x, bias, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        x = self.norm(self.op("Add", attended, x), f"{name}.attention.output.LayerNorm")
        inner = self.op("Gelu", self.linear(x, f"{name}.intermediate.dense"))
        outer = self.linear(inner, f"{name}.output.dense")
        return self.norm(self.op("Add", outer, x), f"{name}.output.LayerNorm")

    def attend(self, x: str, bias: str, name: str) -> str:
        heads = self.constant([0, 0, HEADS, _HEAD], np.int64)
        query, key, value = (
            self.op("Transpose", self.op("Reshape", self.linear(x, f"{name}.{part}"), heads), perm=perm)
            for part, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
        )
        scale = self.constant(_HEAD**-0.5, np.float32)
        scores = self.op("Mul", self.op("MatMul", query, key), scale)
        shares = self.op("Softmax", self.op("Add", scores, bias), axis=-1)
        mixed = self.op("Transpose", self.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self.op("Reshape", mixed, self.constant([0, 0, HIDDEN], np.int64))

    def serialise(self) -> bytes:
        rows = ["texts", "length"]
        graph = helper.make_graph(
            self.nodes,
            "all-MiniLM-L6-v2",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, rows)
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [*rows, HIDDEN])],
            [*self.constants, *(_external(name, tensor) for name, tensor in self.bound.items())],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        return bytes(model.SerializeToString())


def _external(name: str, tensor: NDArray[Any]) -> onnx.TensorProto:
    """An initialiser without data, to be bound by name."""
    proto = TensorProto(
        name=name,
        data_type=helper.np_dtype_to_tensor_dtype(tensor.dtype),
        dims=tensor.shape,
        data_location=TensorProto.EXTERNAL,
    )
    proto.external_data.add(key="location", value="bound-at-session-start")
    return proto
