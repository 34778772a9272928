"""How captions, items and formulas are marked."""

import re

CAPTION = re.compile(
    r"(?:Fig(?:ure|\.)?|Tab(?:le|\.)|Algorithm|Scheme|Listing|Exhibit|Chart|Plate|Box|Abbildung|Tabelle|Figura|Tabla"
    r"|Tableau)\s*(?:\d{1,3}|[A-Z]\.?\d{1,3}|[IVX]{1,5})(?:\.\d{1,2})?[a-z]?\s*(?P<mark>[.:|]|[–—-]\s|$)?",
    re.IGNORECASE,
)
BULLET = re.compile(r"[•◦▪‣∙●■□◆⁃➢✓*∗·⋄–—-]$")
MARKER = re.compile(r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})[.)]|\[\w{1,8}\]|Q\d+[.:]?|Step \d+[.:]?)$")
EQUATION_NUMBER = re.compile(r"\(\w{0,2}[.]?\d{1,3}(?:\.\d{1,3})?[a-z]?\)$")
