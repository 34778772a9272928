"""The whole page: its tabs, its endpoints for programs, and how it is served."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from gradio.events import api
from gradio.routes import templates
from gradio.state_holder import SessionState
from jinja2 import DictLoader
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from eval.report.script import script as report_script
from rag.errors import AskpapersError
from ui.desk import Desk
from ui.programs import Programs
from ui.web.chat import ChatTab
from ui.web.door import offline
from ui.web.door.bodies import BodyTimeout
from ui.web.door.guard import Guard, Hosts, hash_of, refuse
from ui.web.door.papers import PaperPages
from ui.web.door.proxies import Forwarded, Proxies
from ui.web.door.routes import Routes, page_routes
from ui.web.door.server import Served, start
from ui.web.door.signin import SignIn
from ui.web.door.unread import Unread
from ui.web.door.uploads import LARGEST, Uploads
from ui.web.evaluation import EvaluationTab
from ui.web.feedback import Feedback
from ui.web.likes import Likes
from ui.web.models import Models
from ui.web.papers import PapersTab
from ui.web.searching import SearchTab
from ui.web.secret import Withheld, read_secret
from ui.web.trial import TrialPanel

_HERE = Path(__file__).parent
ENDPOINTS = ("ask", "search", "get_paper")  # methods of Programs
_AT_ONCE = 8  # questions that are answered at a time
_WAITING = 250  # questions and opening pages that may wait; the next gets "queue is full"
_SESSIONS = 100  # whose state is held, some MB each; others continue from what their browsers keep
_FETCHING = 1000  # sessions whose answers wait to be fetched, or are being fetched
_HOUR = 3600
_SCRIPTS = ("page.js", "viewer.js")
_FRAME = "frontend/index.html"  # Gradio's template of the page
# Light and dark; Gradio's own lack the contrast that small text needs (WCAG 2.2, 1.4.3).
_COLOURS = {
    "body_text_color_subdued": ("*neutral_600", "*neutral_400"),
    "block_info_text_color": ("*neutral_600", "*neutral_400"),
    "block_title_text_color": ("*primary_700", "*primary_100"),
    "block_label_text_color": ("*primary_700", "*primary_100"),
    "link_text_color": ("*primary_700", "*primary_300"),
    "link_text_color_visited": ("*primary_700", "*primary_300"),
    "checkbox_label_background_fill_selected": ("*primary_600", "*primary_600"),
    "button_primary_background_fill": ("*primary_600", "*primary_600"),
    "button_primary_background_fill_hover": ("*primary_700", "*primary_700"),
    "button_secondary_background_fill_hover": (None, "*neutral_700"),
    "input_placeholder_color": ("*neutral_500", "*neutral_400"),
}


@dataclass(frozen=True)
class Page:
    """The options of a page. `uploads` is a private folder that is removed when the page ends."""

    uploads: Path
    host: str = "127.0.0.1"
    port: int = 7860
    password: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    runs: Path = Path("runs")
    feedback: Path = Path("feedback.jsonl")
    secret: Path = Path("browser-secret")
    models: tuple[str, ...] = ()
    is_read_only: bool = False

    @cached_property
    def key(self) -> str:
        """The key under which browsers keep conversations. Raises SettingError."""
        return read_secret(self.secret)


class _Blocks(gr.Blocks):
    """Blocks whose endpoints take a call of an earlier version, which has fewer values."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> Any:
        if inputs and block_fn.api_name in ENDPOINTS:
            inputs = [*inputs, *(parameter.value for parameter in block_fn.inputs[len(inputs) :])]
        return await super().preprocess_data(block_fn, inputs, *rest, **named)


def build_page(desk: Desk, page: Page) -> gr.Blocks:
    """The page's components and events. Raises SettingError."""
    os.environ["GRADIO_TEMP_DIR"] = str(page.uploads)  # components read it when they are made
    blocks: gr.Blocks
    with _Blocks(
        title="askpapers", analytics_enabled=False, fill_width=True, delete_cache=(_HOUR, _HOUR)
    ) as blocks:
        session = gr.State(None)
        browser = gr.BrowserState(storage_key="askpapers", secret=page.key)
        table = gr.BrowserState(storage_key="askpapers-table", secret=page.key)
        chat_tab = ChatTab(
            desk,
            Likes(Feedback(page.feedback)),
            session,
            browser,
            Models(desk.settings, page.models, has_files=not page.is_read_only),
            TrialPanel(desk, page.is_read_only),
        )
        papers = PapersTab(desk, page.uploads, table, page.is_read_only)
        evaluation = EvaluationTab(page.runs)
        chat_tab.lay_out_side(has_password=bool(page.password))
        with gr.Tabs(selected="chat") as tabs:
            with gr.Tab("Chat", id="chat"):
                chat_tab.lay_out()
            with gr.Tab("Library", id="library") as library_tab:
                papers.lay_out()
            with gr.Tab("Search", id="search"):
                SearchTab(desk).lay_out()
            with gr.Tab("Evaluation", id="evaluation") as evaluation_tab:
                evaluation.lay_out()
        chat_tab.wire(blocks, tabs)
        papers.wire(library_tab, tabs, chat_tab.box)
        evaluation.wire(evaluation_tab)
        programs = Programs(desk)
        for name in ENDPOINTS:
            endpoint = _with_plain_errors(getattr(programs, name))
            api(endpoint, api_name=name, concurrency_id="asking", concurrency_limit=_AT_ONCE)
    blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=_WAITING, api_open=False)
    return blocks


def serve_page(blocks: gr.Blocks, desk: Desk, page: Page) -> Served:
    """Serve the page in the background, behind its door, until it is closed. Raises SettingError."""
    offline.close()
    SessionState._update_value_in_config = _keep_no_value  # type: ignore[assignment, method-assign]
    hosts, proxies = Hosts.for_address(page.host, page.allowed_hosts), Proxies.from_texts(page.proxies)
    script = "".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    uploads, routes = Uploads(page.uploads), page_routes(ENDPOINTS, page.is_read_only)
    queue = blocks._queue
    queue.pending_messages_per_session.max_size = _FETCHING

    async def forget(session: str) -> None:
        queue.pending_messages_per_session.pop(session, None)
        await queue.clean_events(session_hash=session)

    door = FastAPI(
        openapi_url=None,
        middleware=[
            Middleware(BodyTimeout),
            Middleware(Forwarded, proxies=proxies),
            Middleware(Guard, hosts=hosts, scripts=[hash_of(script), hash_of(report_script())]),
            Middleware(SignIn, password=page.password, port=page.port),
            Middleware(Routes, routes=routes, uploads=page.uploads, unread=Unread(forget)),
            Middleware(Withheld, secret=page.key),
        ],
    )
    door.routes.extend(PaperPages(lambda: desk.library).routes)
    door.add_route("/gradio_api/upload", uploads.take, methods=["POST"])
    door.add_route("/gradio_api/file={path:path}", uploads.give, methods=["GET"])
    blocks.state_session_capacity = _SESSIONS
    gr.mount_gradio_app(
        door,
        blocks,
        "/",
        server_name=page.host,
        server_port=page.port,
        app_kwargs={"exception_handlers": {RequestValidationError: _without_input}, "redoc_url": None},
        theme=_theme(),
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
        head=f"<script>{script}</script>",
        max_file_size=LARGEST,
        footer_links=["api", "settings"],
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        show_error=False,
    )
    blocks.app = blocks.server_app = door.routes[-1].app  # type: ignore[attr-defined]  # for `close`
    _give_nonces()
    return start(door, page.host, page.port, proxies, lambda: blocks.close(verbose=False))


async def _without_input(_: Request, __: Exception) -> Response:
    """Replaces FastAPI's response, which repeats everything that was sent."""
    return refuse(422, "this is not what the page sends: see /gradio_api/info")


def _keep_no_value(state: SessionState, key: int, value: Any) -> None:
    """Replaces a method of Gradio's that keeps the last value of every component in each session.

    That takes some MB for each visitor, for links to a state of the page, which ours does not offer.
    """


def _give_nonces() -> None:
    """Let the scripts of Gradio's own page run: the guard allows only scripts with its nonce."""
    loader = templates.env.loader
    if loader and not isinstance(loader, DictLoader):
        source = loader.get_source(templates.env, _FRAME)[0]
        marked = source.replace("<script", "<script nonce=\"{{ request.scope['nonce'] }}\"")
        templates.env.loader = DictLoader({_FRAME: marked})


def _with_plain_errors(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, whose caller gets our errors as one line."""

    @wraps(endpoint)
    def answer(*arguments: Any, **options: Any) -> Any:
        try:
            return endpoint(*arguments, **options)
        except AskpapersError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return answer


def _theme() -> gr.themes.Base:
    font = [gr.themes.Font(name) for name in ("system-ui", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
    theme = gr.themes.Soft(primary_hue="indigo", neutral_hue="slate", font=font, font_mono=mono)
    for name, (light, dark) in _COLOURS.items():
        theme.set(**{name: light, f"{name}_dark": dark})
    return theme


def models_of(names: Sequence[str]) -> tuple[str, ...]:
    """The names of models, without duplicates."""
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
