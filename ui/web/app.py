"""The page put together: its tabs, its endpoints for programs, and how it is served."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from hmac import compare_digest
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # it is read at import
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr
from gradio.events import api
from starlette.middleware import Middleware

from rag.errors import AskpapersError, SettingError
from ui.desk import Desk
from ui.programs import Programs
from ui.web.chat import ChatTab
from ui.web.evaluation import EvaluationTab
from ui.web.feedback import Feedback
from ui.web.guard import Guard, Hosts
from ui.web.likes import Likes
from ui.web.named import NamedOnly
from ui.web.papers import PapersTab
from ui.web.searching import SearchTab
from ui.web.secret import read_secret

_HERE = Path(__file__).parent
ENDPOINTS = ("ask", "search", "get_paper")  # methods of Programs
_AT_ONCE = 8  # questions that are answered at a time
_WAITING = 250  # questions, and pages that open, which may wait; the next is told that the queue is full
_LARGEST = 20 * 1024 * 1024  # bytes of an uploaded file
_SESSIONS = 100  # whose state is held, some MB each; another goes on from what its browser keeps
_HOUR = 3600


@dataclass(frozen=True)
class Page:
    """What a page is made of and where it listens."""

    host: str = "127.0.0.1"
    port: int = 7860
    password: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    runs: Path = Path("runs")
    feedback: Path = Path("feedback.jsonl")
    secret: Path = Path("browser-secret")
    models: tuple[str, ...] = ()
    is_read_only: bool = False


def build(desk: Desk, page: Page) -> gr.Blocks:
    """The page's components and events."""
    blocks: gr.Blocks
    with gr.Blocks(
        title="askpapers", analytics_enabled=False, fill_width=True, delete_cache=(_HOUR, _HOUR)
    ) as blocks:
        session = gr.State(None)
        browser = gr.BrowserState(storage_key="askpapers", secret=read_secret(page.secret))
        chat_tab = ChatTab(desk, Likes(Feedback(page.feedback)), session, browser)
        papers, search = PapersTab(desk, page.is_read_only), SearchTab(desk)
        evaluation = EvaluationTab(page.runs)
        chat_tab.lay_out_side(page.models)
        with gr.Tabs(selected="chat") as tabs:
            with gr.Tab("Chat", id="chat"):
                chat_tab.lay_out()
            with gr.Tab("Library", id="library") as library_tab:
                papers.lay_out()
            with gr.Tab("Search", id="search"):
                search.lay_out()
            with gr.Tab("Evaluation", id="evaluation") as evaluation_tab:
                evaluation.lay_out()
        chat_tab.wire(blocks, tabs)
        papers.wire(library_tab, tabs, chat_tab.box)
        search.wire()
        evaluation.wire(evaluation_tab)
        programs = Programs(desk)
        for each in (getattr(programs, name) for name in ENDPOINTS):
            api(_plain(each), api_name=each.__name__, concurrency_id="asking", concurrency_limit=_AT_ONCE)
    blocks.queue(default_concurrency_limit=_AT_ONCE, max_size=_WAITING, api_open=False)
    return blocks


def serve(blocks: gr.Blocks, page: Page) -> str:
    """Start to serve in the background; the address. `blocks.close()` ends it. Raises SettingError."""
    hosts = Hosts.for_address(page.host, page.allowed_hosts)
    named = Middleware(NamedOnly, names=ENDPOINTS)
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    try:
        _, address, _ = blocks.launch(
            server_name=page.host,
            server_port=page.port,
            auth=_checker(page.password) if page.password else None,
            auth_message="Any name will do; the password is the one that the server was started with.",
            app_kwargs={
                "middleware": [Middleware(Guard, hosts=hosts), named],
                "docs_url": None,
                "redoc_url": None,
            },
            theme=_theme(),
            css=style,
            head=f"<script>{script}</script>",
            max_file_size=_LARGEST,
            state_session_capacity=_SESSIONS,
            footer_links=["api", "settings"],
            share=False,
            ssr_mode=False,
            mcp_server=False,
            pwa=False,
            enable_monitoring=False,
            run_history=False,
            show_error=False,
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise SettingError(
            f"port {page.port} of {page.host} cannot be used ({error.strerror or 'it is taken'}): "
            "name another with --port"
        ) from error
    return str(address)


def _plain(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, whose errors of ours are told in their line."""

    @wraps(endpoint)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            return endpoint(*given, **named)
        except AskpapersError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return answer


def _checker(password: str) -> Callable[[str, str], bool]:
    """Whether a visitor knows the password; the comparison takes the same time whatever was typed."""
    return lambda name, typed: compare_digest(typed.encode(), password.encode())


def _theme() -> gr.themes.Base:
    font = [gr.themes.Font(name) for name in ("system-ui", "Segoe UI", "Roboto", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "Consolas", "monospace")]
    theme = gr.themes.Soft(primary_hue="indigo", neutral_hue="slate", font=font, font_mono=mono)
    return theme.set(  # Gradio's own fall short of the contrast that small text needs (WCAG 2.2, 1.4.3)
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_title_text_color="*primary_700",
        block_title_text_color_dark="*primary_100",
        block_label_text_color="*primary_700",
        block_label_text_color_dark="*primary_100",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        link_text_color_visited="*primary_700",
        link_text_color_visited_dark="*primary_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_secondary_background_fill_hover_dark="*neutral_700",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
    )


def models_of(names: Sequence[str]) -> tuple[str, ...]:
    """The names of models, each once."""
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
