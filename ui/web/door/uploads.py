"""The files that visitors upload: bounded, deleted once added or abandoned, and served as bytes only."""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from gradio.route_utils import upload_fn
from gradio.routes import file_upload_statuses
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from ui.web.door.bodies import is_inside
from ui.web.door.guard import refuse

LARGEST = 50 * 2**20  # bytes of a file
LARGEST_TOGETHER = 64 * 2**20  # of files that are sent at once
MOST_OF_ONE = 128 * 2**20  # of one visitor's files that wait to be added
MOST_OF_ALL = 512 * 2**20
_BLOCK = 4096  # bytes that the smallest file takes
_OLDEST = 3600.0  # seconds that a file may wait


@dataclass(eq=False)
class Upload:
    """Files of one visitor. `size` is the announced length while they come, then their size on disk."""

    visitor: str
    size: int
    begun: float = field(default_factory=time.monotonic)
    paths: list[Path] | None = None

    @property
    def is_over(self) -> bool:
        """Whether its files are gone, deleted after adding, or have waited too long."""
        is_old = time.monotonic() - self.begun > _OLDEST
        return self.paths is not None and (is_old or not any(path.exists() for path in self.paths))


@dataclass
class Uploads:
    """The files that wait to be added, in a private folder of the server."""

    folder: Path
    _waiting: list[Upload] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Keep the files of a form; responds with their paths, as Gradio does."""
        size = request.headers.get("content-length", "")
        if not size.isdecimal():
            return refuse(411, "the length of an upload comes first: send it with Content-Length")
        upload = Upload(request.scope["visitor"], int(size))
        if problem := self._too_much(upload):
            return refuse(413, problem)
        self._waiting.append(upload)
        unfinished = self.folder / token_hex(16)
        try:
            upload.paths = await self._write(request, unfinished)
            upload.size = sum(max(path.stat().st_size, _BLOCK) for path in upload.paths)
        except MultiPartException as error:
            is_large = "size" in error.message
            return refuse(413 if is_large else 400, f"no form of files of {LARGEST >> 20} MB at most")
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            if not upload.paths:
                self._waiting.remove(upload)
        return JSONResponse(list(map(str, upload.paths)))

    async def give(self, request: Request) -> Response:
        """An uploaded file, for saving and never for showing."""
        path = request.path_params["path"]
        if not is_inside(path, self.folder) or not Path(path).is_file():
            return refuse(404, "there is no such file: it was added to the library, or never uploaded")
        return FileResponse(path, media_type="application/octet-stream", filename=Path(path).name)

    async def _write(self, request: Request, unfinished: Path) -> list[Path]:
        """Write the files of a form, each in a folder that is named by its content, as Gradio does."""
        unfinished.mkdir(mode=0o700)
        id_ = request.query_params.get("upload_id")
        written, _, _ = await upload_fn(
            request, unfinished, LARGEST, id_, True, file_upload_statuses if id_ else None
        )
        paths = []
        for file in map(Path, written):
            path = self.folder / file.relative_to(unfinished)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            paths.append(file.replace(path))
        return paths

    def _too_much(self, upload: Upload) -> str | None:
        """Why there is no room for it; None if there is."""
        for over in [other for other in self._waiting if other.is_over]:
            for path in over.paths or ():
                path.unlink(missing_ok=True)
            self._waiting.remove(over)
        of_one = sum(other.size for other in self._waiting if other.visitor == upload.visitor)
        if upload.size > LARGEST_TOGETHER or of_one + upload.size > MOST_OF_ONE:
            return (
                f"{LARGEST_TOGETHER >> 20} MB can be sent at once, and {MOST_OF_ONE >> 20} MB can wait: "
                "add those that are there first"
            )
        if sum(other.size for other in self._waiting) + upload.size > MOST_OF_ALL:
            return "too many files of others wait to be added: try again later"
        return None
