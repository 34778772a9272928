"""The services that complete papers, with keys and addresses from the environment."""

import os
from collections.abc import Mapping

from ingest.completing.crossref import Crossref
from ingest.completing.openalex import OpenAlex
from ingest.completing.service import CompletingService


def open_services(environment: Mapping[str, str] = os.environ) -> list[CompletingService]:
    """Crossref and OpenAlex, in the order in which they count. Nothing is sent yet.

    ASKPAPERS_MAILTO is the e-mail address that they may write to, OPENALEX_API_KEY a key of OpenAlex.
    """
    mailto = environment.get("ASKPAPERS_MAILTO", "").strip() or None
    key = environment.get("OPENALEX_API_KEY", "").strip() or None
    return [Crossref(mailto=mailto), OpenAlex(mailto=mailto, key=key)]
