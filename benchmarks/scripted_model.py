"""An OpenAI-compatible server on the loopback that streams the first sentence of the first paper.

It understands each question as it stands, and finds each sentence supported by that first sentence.
"""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SENTENCE = re.compile(r'"text": ?"((?:[^"\\]|\\.){20,600}?[.!?])[ "]')
_USAGE = {"prompt_tokens": 700, "completion_tokens": 42, "total_tokens": 742}


class ScriptedModel:
    """A server that runs until it is closed."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Exchange)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def address(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rules, prompt = (str(message["content"]) for message in request["messages"][:2])
        events = _events(request["model"], _reply(rules, prompt))
        body = "".join(f"data: {event}\n\n" for event in events).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _reply(rules: str, prompt: str) -> str:
    """What a model replies to a request to understand, to check or to write."""
    if rules.startswith("You prepare the search"):
        question = json.loads(prompt.splitlines()[-1])["latest question"]
        return json.dumps({"question": question, "kind": "single", "queries": [question]})
    sentence = _SENTENCE.search(prompt)
    words = json.loads(f'"{sentence[1]}"') if sentence else ""
    if not rules.startswith("You check sentences"):
        return f"{words[:-1]} [1]{words[-1:]}" if words else "The papers do not say."
    *given, _ = json.loads(prompt)["sentences"]  # the last one is made up
    quotes = [{"paper": 1, "words": words}]
    verdicts = [{"number": row["number"], "quotes": quotes, "verdict": "supported"} for row in given]
    return json.dumps({"verdicts": verdicts})


def _events(model: str, text: str) -> Iterator[str]:
    """A streamed reply: word by word, then its end and the tokens used."""
    reply = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    for word in re.findall(r"\S+\s*", text):
        delta = {"role": "assistant", "content": word}
        yield json.dumps(reply | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield json.dumps(reply | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield json.dumps(reply | {"choices": [], "usage": _USAGE})
    yield "[DONE]"
