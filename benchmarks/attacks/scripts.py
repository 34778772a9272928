"""No script but the page's own runs in it, and no file of a visitor's is shown as a page."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from benchmarks.attacks.findings import Finding, none_of
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.visit import Visit, visiting
from benchmarks.attacks.wire import Visitor, signed_in
from benchmarks.chromium import missing
from benchmarks.served_page import ServedPage

_HACK = "window.hacked = (window.hacked || '') + "


def _script(properties: str, place: str = "body") -> str:
    return f'const script = document.createElement("script"); {properties} document.{place}.append(script);'


def _html(element: str) -> str:
    return f'document.body.insertAdjacentHTML("beforeend", `{element}`)'


# Each puts a script into the page in another way; none may run.
INJECTIONS = {
    "a script": _script(f"script.textContent = \"{_HACK}'script '\";"),
    "a script in the head": _script(f"script.textContent = \"{_HACK}'head '\";", "head"),
    "a module": _script(f'script.type = "module"; script.textContent = "{_HACK}\'module \'";'),
    "a script of data": _script(f"script.src = \"data:text/javascript,{_HACK}'data '\";"),
    "a script from elsewhere": _script('script.src = "http://127.0.0.1:9/a.js";'),
    "onerror": _html(f"""<img src="/none" onerror="{_HACK}'onerror '">"""),
    "onload": _html(f"""<style onload="{_HACK}'onload '">a {{}}</style>"""),
    "ontoggle": _html(f"""<details open ontoggle="{_HACK}'ontoggle '">a</details>"""),
    "a frame": _html(
        """<iframe srcdoc="<script>parent.hacked = (parent.hacked || '') + 'frame '</script>"></iframe>"""
    ),
    "a link": _html(f"""<a id="hack" href="javascript:void({_HACK}'link ')">a</a>""")
    + """; document.getElementById("hack").click();""",
}
_KNOWN = re.compile("Failed to load resource.*(401|403|404)|favicon|manifest", re.IGNORECASE)
_DONE_WITHOUT = "/gradio_api/mcp/schema", "/monitoring/summary", "/favicon.ico", "/manifest.json"
_POLICY = re.compile("Content.Security.Policy|Refused to|violates", re.IGNORECASE)


def attack(site: Range) -> Iterator[Finding]:
    with site.page() as target:
        for path in ("/", "/nowhere", "/config", "/gradio_api/info", "/assets/none.js"):
            yield policy(target, path)
        yield from served_files(Visitor(target))
    if missing():
        yield Finding("the page in a browser", "can be tried", str(missing()), False)
        return
    for target, where in site.pages():
        with visiting(target) as visit:
            yield from _in_a_browser(visit, where)
    with site.page(password=PASSWORD) as target:
        yield from served_files(signed_in(target))


def policy(target: ServedPage, path: str) -> Finding:
    policy = Visitor(target).get(path).headers.get("Content-Security-Policy", "")
    allowed = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    scripts = allowed.get("script-src", allowed.get("default-src", ["none is set"]))
    unsafe = ("'unsafe-inline'", "*", "data:", "http:", "https:", "none is set")
    wrong = [source for source in scripts if source in unsafe]
    return none_of(f"what scripts the policy of {path} allows", "not 'unsafe-inline'", wrong, len(scripts))


def _in_a_browser(visit: Visit, where: str) -> Iterator[Finding]:
    try:
        visit.use_all()
    except Exception as error:
        yield Finding(f"a whole visit ({where})", "all works", str(error)[:200], False)
    breaches = [each for each in visit.complaints if _POLICY.search(each) and not _KNOWN.search(each)]
    yield none_of(f"a whole visit ({where})", "no breach of the policy", breaches, len(visit.requests))
    other = [each for each in visit.complaints if each not in breaches and not _KNOWN.search(each)]
    yield none_of(f"what the console says of it ({where})", "no error", other, len(visit.requests))
    failed = [
        f"{method} {url} {status}"
        for method, url, status in visit.requests
        if status >= 400 and not url.endswith(_DONE_WITHOUT)
    ]
    promised = "none but of what it does without"
    yield none_of(f"requests of the page that fail ({where})", promised, failed, len(visit.requests))
    yield Finding(f"routes that the page uses ({where})", "for information", "; ".join(visit.routes), True)
    yield from injected(visit, where)


def injected(visit: Visit, where: str) -> Iterator[Finding]:
    """Each way to put a script into the open page."""
    for name, script in INJECTIONS.items():
        visit.page.evaluate("window.hacked = ''")
        visit.page.evaluate(f"() => {{ {script} }}")
        visit.page.wait_for_timeout(300)
        ran = str(visit.page.evaluate("window.hacked || ''"))
        measured = ran or "it did not run"
        yield Finding(f"{name} put into the page ({where})", "does not run", measured, not ran)


def served_files(visitor: Visitor) -> Iterator[Finding]:
    """Files that were uploaded, whatever their names, had by their address."""
    wrong, served = [], 0
    names = ["a.html", "a.svg", "a.js", "a.png", "a.mjs", "a.css", "a.xhtml", "a.pdf", "a.jsonl", "a"]
    for name in names:
        reply = visitor.upload(name, b"<script>alert(1)</script>")
        if reply.status != 200:
            continue  # what is not taken cannot be shown
        for way in ("file=", "file/"):
            file = visitor.get(f"/gradio_api/{way}{quote(json.loads(reply.body)[0])}")
            if file.status in (200, 206):
                served += 1
                kind = file.headers.get("Content-Type", "")
                shown = file.headers.get("Content-Disposition", "")
                if not kind.startswith("application/octet-stream") or not shown.startswith("attachment"):
                    wrong.append(f"{name}: {kind}, {shown or 'no Content-Disposition'}")
    yield none_of("files as they are served", "attachment, application/octet-stream", wrong, served)
