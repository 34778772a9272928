"""Watches the origins of a library, and brings in what is new or changed while it runs.

The operating system tells when something changes in a folder; what has changed, `sync` finds out. So a
change that is missed, a folder that returns and thousands of files at once are each the same case, and
memory holds the names of origins, not those of files.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles

from ingest.chunking import split_abstract
from ingest.sources.base import Source
from ingest.sources.files import FileSource
from ingest.sources.named import is_service
from ingest.sources.stamps import size_and_time
from ingest.syncing.origins import can_be_opened, open_again
from ingest.syncing.places import Place, place_of
from ingest.syncing.report import SyncReport
from ingest.syncing.sync import sync
from rag.errors import IndexServerError, LibraryBusyError, ModelError, SourceError
from rag.library import Library
from rag.library.origins import Origin
from rag.library.progress import Track, untracked
from rag.library.recorder import Splitter

HOUR = 3600.0  # seconds between two looks at services
SETTLED = 0.5  # seconds for which a file stays as it is before it is read
_AT_A_TIME = 64  # files that are read while others wait for the library
_PAUSE = 0.3  # seconds in which others may take their turn
_LOOK = 1.0  # seconds between two looks at whether folders are there
_TRY_AGAIN = 60.0  # seconds, after a server has failed
_DEBOUNCE = 300  # ms in which changes are taken together
_FEWEST = 10.0  # seconds between two looks at what the library is made of


@dataclass
class Settling:
    """Which files have stopped changing: a file that is half written is read when it is whole."""

    states: dict[Path, tuple[str | None, float]] = field(default_factory=dict)

    def is_ready(self, source: Source) -> bool:
        """Whether a file has been as it is for a while; anything else is ready at once."""
        if not isinstance(source, FileSource):
            return True
        now, current = time.monotonic(), size_and_time(source.path)
        known, since = self.states.get(source.path, (None, now))
        if known is None or known != current:
            self.states[source.path] = (current, now)
            return False
        return now - since >= SETTLED


class Watch:
    """Watches the origins of a library until `stopped` is set."""

    def __init__(
        self,
        library: Library,
        *,
        tell: Callable[[SyncReport], None],
        warn: Callable[[str], None],
        every: float = HOUR,
        track: Track = untracked,
        split: Splitter = split_abstract,
    ) -> None:
        """`tell` gets the report of each sync, `warn` a line on what is waited for."""
        self.stopped = threading.Event()
        self._library, self._tell, self._warn = library, tell, warn
        self._every, self._track, self._split = every, track, split
        self._changed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._followed = _Followed(self._changed, library.folder)
        self._settling = Settling()
        self._warned = ""

    def run(self) -> None:
        """Sync everything, then whatever changes. Raises LibraryError, unless another process writes."""
        try:
            self._run()
        finally:
            self._followed.end()

    def _run(self) -> None:
        pending = self._follow()
        services_at, follow_at = time.monotonic() + self._every, time.monotonic() + _FEWEST
        while not self.stopped.is_set():
            wait = self._sync(pending) if pending else _LOOK
            pending |= self._wait(wait)
            pending |= self._followed.renew()
            now = time.monotonic()
            if now >= follow_at:
                follow_at = now + _FEWEST
                pending |= self._follow()
            if now >= services_at:
                services_at = now + self._every
                pending |= {name for name in self._followed.origins if is_service(name)}

    def _follow(self) -> set[str]:
        """Watch the places of all origins; the names of those that are new."""
        origins = [origin for origin in self._library.catalog.made_of.all() if can_be_opened(origin)]
        return self._followed.follow(origins)

    def _sync(self, pending: set[str]) -> float:
        """Sync these origins, and leave those that are not finished; seconds until the next turn."""
        try:
            report = sync(
                self._library,
                sorted(pending),
                track=self._track,
                split=self._split,
                is_ready=self._settling.is_ready,
                most=_AT_A_TIME,
            )
        except LibraryBusyError as error:
            self._say(str(error).partition(": ")[0] + ": waiting for it")
            return _LOOK
        except (IndexServerError, ModelError) as error:
            self._say(f"{error}: trying again in {_TRY_AGAIN:.0f} s")
            return _TRY_AGAIN
        self._warned = ""
        self._tell(report)
        if report.is_unfinished:
            return _PAUSE
        pending.clear()
        self._settling.states.clear()
        return _LOOK

    def _wait(self, seconds: float) -> set[str]:
        """The names of origins in which something has changed, as soon as there are any."""
        changed = set[str]()
        with suppress(queue.Empty):
            changed.add(self._changed.get(timeout=seconds))
            while True:
                changed.add(self._changed.get_nowait())
        return changed

    def _say(self, text: str) -> None:
        if text != self._warned:
            self._warn(text)
            self._warned = text


class _Followed:
    """The folders that the operating system watches for us."""

    def __init__(self, changed: "queue.SimpleQueue[str]", own_folder: Path) -> None:
        """The names of origins that something changes in go to `changed`."""
        self.origins: dict[str, Origin] = {}
        self._folders: dict[str, Path] = {}  # of services that are read from files
        self._places: list[Place] = []
        self._changed, self._own_folder = changed, own_folder
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def follow(self, origins: Sequence[Origin]) -> set[str]:
        """Watch these origins, and no others any more; the names of those that are new."""
        new = {origin.name for origin in origins} - self.origins.keys()
        if new or len(origins) < len(self.origins):
            self.origins = {origin.name: origin for origin in origins}
            services = open_again([origin for origin in origins if is_service(origin.name)])
            self._folders = {
                name: folder
                for name, sources in services.items()
                for source in ([] if isinstance(sources, SourceError) else sources)
                if (folder := getattr(source, "folder", None))
            }
        return new

    def renew(self) -> set[str]:
        """Watch anew if folders have come or gone; the names of the origins that may have changed then."""
        here = [place_of(origin, self._folders.get(name)) for name, origin in self.origins.items()]
        places = [place for place in here if place]
        if places == self._places and all(thread.is_alive() for thread in self._threads):
            return set()
        self._places = places
        self._start()
        return {place.origin for place in places}

    def end(self) -> None:
        """Watch nothing any more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        self.end()
        self._stop = threading.Event()
        there = [place for place in self._places if place.number is not None]
        deep = {place.folder for place in there if place.is_deep}
        flat = {place.folder for place in there if not place.is_deep and deep.isdisjoint(place.around)}
        self._threads = [
            threading.Thread(target=self._watch, args=(folders, is_deep, self._stop), daemon=True)
            for folders, is_deep in ((deep, True), (flat, False))
            if folders
        ]
        for thread in self._threads:
            thread.start()

    def _watch(self, folders: Iterable[Path], is_deep: bool, stop: threading.Event) -> None:
        """Report changes until told to stop; where the system cannot watch so many, by looking."""
        for is_polling in (None, True):
            with suppress(OSError, RuntimeError):
                for changes in watchfiles.watch(
                    *folders,
                    watch_filter=None,
                    debounce=_DEBOUNCE,
                    stop_event=stop,
                    rust_timeout=int(_LOOK * 1000),
                    raise_interrupt=False,
                    recursive=is_deep,
                    force_polling=is_polling,
                    poll_delay_ms=2000,
                    ignore_permission_denied=True,
                ):
                    self._report({Path(path) for _, path in changes})
                return

    def _report(self, paths: set[Path]) -> None:
        """Name the origins that changes of these paths concern; the library's own files are none."""
        paths = {path for path in paths if not path.is_relative_to(self._own_folder)}
        for origin in {place.origin for place in self._places if any(map(place.holds, paths))}:
            self._changed.put(origin)
