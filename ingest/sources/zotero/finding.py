"""Finds Zotero's data folder on this computer by its preferences."""

import json
import os
import re
from collections.abc import Iterator
from configparser import ConfigParser, Error
from contextlib import suppress
from pathlib import Path

from rag.errors import SourceError

DATABASE = "zotero.sqlite"
VARIABLE = "ASKPAPERS_ZOTERO"
_HOMES = ("", ".var/app/org.zotero.Zotero", "snap/zotero-snap/common", "snap/zotero-snap/current")
"""The home folder, and those that Flatpak and Snap give to Zotero, below it."""
_PROFILES = (".zotero/zotero", "Library/Application Support/Zotero", "AppData/Roaming/Zotero/Zotero")
"""The folders of profiles on Linux, macOS and Windows, below a home folder."""
_PREFERENCE = re.compile(
    r"^user_pref\(\"extensions\.zotero\.(\w{1,100})\", (\"(?:[^\"\\\n]|\\.)*\")\);", re.MULTILINE
)


def find_folder(given: Path | None) -> Path:
    """Zotero's data folder: the given one, else that of ASKPAPERS_ZOTERO, else the first of those that a
    profile names or that Zotero makes. Raises SourceError.
    """
    variable = os.environ.get(VARIABLE, "").strip()
    if named := given or (Path(variable) if variable else None):
        folder = folder_of(named.expanduser().absolute())
        if not folder:
            by = "--zotero" if given else VARIABLE
            raise SourceError(f"{named} holds no {DATABASE}: name Zotero's data folder with {by}")
        return folder
    for preferences in _preferences():
        if folder := folder_of(Path(preferences.get("dataDir") or "")):
            return folder
    for home in _HOMES:
        if folder := folder_of(Path.home() / home / "Zotero"):
            return folder
    raise SourceError(
        "Zotero's library is not found in its usual places: say --zotero DIR, the data folder that Zotero "
        "shows under Settings, Advanced, Files and Folders"
    )


def folder_of(path: Path) -> Path | None:
    """The data folder that a path names, itself or by its database; None if it is none."""
    with suppress(OSError, ValueError):
        if path.name == DATABASE and path.is_file():
            return path.parent
        if path.is_absolute() and (path / DATABASE).is_file():
            return path
    return None


def base_of_links(folder: Path) -> Path | None:
    """The folder that the paths of linked files are relative to, by the profile that uses a data folder."""
    known = list(_preferences())
    own = [profile for profile in known if Path(profile.get("dataDir") or "") == folder]
    bases = (profile.get("baseAttachmentPath") for profile in own or known[:1])
    return next((Path(base) for base in bases if base and Path(base).is_absolute()), None)


def _preferences() -> Iterator[dict[str, str]]:
    """The preferences of each profile, the default ones first. What cannot be read is left out."""
    for home in _HOMES:
        for place in _PROFILES:
            for profile in _profiles(Path.home() / home / place):
                with suppress(OSError, ValueError):
                    text = (profile / "prefs.js").read_text(encoding="utf-8")
                    yield {name: json.loads(value) for name, value in _PREFERENCE.findall(text)}


def _profiles(folder: Path) -> list[Path]:
    listed = ConfigParser(interpolation=None, strict=False)
    with suppress(OSError, Error, UnicodeDecodeError):
        listed.read(folder / "profiles.ini", encoding="utf-8")
    sections = [listed[name] for name in listed.sections() if listed[name].get("Path")]
    sections.sort(key=lambda section: section.get("Default") != "1")
    return [folder / section["Path"] for section in sections]
