"""The embedded encoder's model in onnxruntime, and its tokenizer. Import it late: it loads both."""

import onnxruntime
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from rag.embedding.minilm_graph import build_graph
from rag.embedding.weights import find_weights

_LONGEST = 256  # word pieces, the length with which the model is used; more is cut off


def open_session() -> tuple[onnxruntime.InferenceSession, Tokenizer]:
    """Raises EncoderMissingError."""
    weights = find_weights()
    graph, tensors = build_graph(load_file(weights.tensors))
    options = onnxruntime.SessionOptions()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
    options.intra_op_num_threads = 1  # batches run side by side instead, and no thread spins between them
    options.add_external_initializers(list(tensors), values)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(weights.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return session, tokenizer
