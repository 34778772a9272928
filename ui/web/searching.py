"""The search tab: ranked papers with the scores of each stage, without an answer."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.errors import AskpapersError
from rag.query import check_request
from rag.types import Filters, Request
from ui.desk import Desk
from ui.programs import ranked
from ui.web.chat_settings import whole
from ui.web.rendering import error_html, hits_html

_QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}


@dataclass
class SearchTab:
    """The components of the tab, and its event."""

    desk: Desk

    def lay_out(self) -> None:
        """Add the components and their event; to be called inside the open layout."""
        with gr.Row(equal_height=True):
            query = gr.Textbox(
                label="What the papers should be about",
                placeholder="children's speech recognition",
                submit_btn=True,
                max_length=4000,
                scale=4,
                elem_id="query",
            )
            k = gr.Slider(1, 50, value=10, step=1, label="Papers", scale=1, min_width=160)
        with gr.Accordion("Only papers …", open=False), gr.Row():
            filters = [
                gr.Textbox(label=label, placeholder="any", max_length=longest)
                for label, longest in (
                    ("from year", 4),
                    ("to year", 4),
                    ("by so many authors or more", 4),
                    ("by so many authors or fewer", 4),
                    ("of this organisation", 200),
                )
            ]
        empty = '<p class="ap-empty">Ranked papers appear here.</p>'
        hits = gr.HTML(empty, js_on_load=None, elem_id="hits")
        query.submit(self._search, [query, k, *filters], hits, **_QUICK)

    def _search(self, query: str, k: int, *values: str | None) -> str:
        *numbers, organization = values
        try:
            first, last, least, most = map(whole, numbers)
            filters = Filters(first, last, least, most, (organization or "").strip() or None)
            request = check_request(Request(query, filters=filters))
            question, hits = ranked(self.desk.library, request, int(k))
        except AskpapersError as error:
            return error_html(str(error))
        return hits_html(hits, question.note)
