"""The one place where text is made safe for a page.

folium hands names to Leaflet through JavaScript strings, template literals and
``innerHTML``, so escaping ``&<>"'`` is not enough: a backtick, ``${`` or a backslash breaks
out of a literal, U+2028 out of a line. `text` writes every such character as a numeric
entity, which passes unchanged through any script literal and is shown as itself wherever
it ends as HTML. Data that a script reads as data go through `data`.
"""

import json
import re

#: characters with a meaning in HTML, attributes, scripts, template literals or URLs
_SPECIAL = re.compile(r"[&<>\"'`$\\{}/\u2028\u2029]")
#: what no document may hold: control characters and halves of surrogate pairs
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def shown(value: object) -> str:
    """Text of a value with what cannot stand in a document replaced by U+FFFD.

    Examples
    --------
    >>> shown("a\\x00b") == "a\\ufffdb"
    True
    """
    return _FORBIDDEN.sub("\ufffd", str(value))


def text(value: object) -> str:
    """Text safe as HTML content, in a quoted attribute, and inside any script literal that
    ends as HTML (popup, tooltip, layer name, template literal).

    Examples
    --------
    >>> text("<b>`${x}`")
    '&#60;b&#62;&#96;&#36;&#123;x&#125;&#96;'
    """
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", shown(value))


def data(value: object) -> str:
    """JSON of plain data, safe inside a ``<script>`` element: what a script reads as data.

    Keys are sorted so that equal data give equal bytes; NaN has no JSON and is an error.

    Examples
    --------
    >>> data({"name": "</script>"})
    '{"name":"\\\\u003c\\\\u002fscript\\\\u003e"}'
    """
    plain = json.dumps(
        value, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":")
    )
    unsafe = re.compile(r"[<>&'/`$\u2028\u2029\x7f\ud800-\udfff]")
    return unsafe.sub(lambda found: f"\\u{ord(found[0]):04x}", plain)


def attribute(document: str) -> str:
    """A whole HTML document as the value of a quoted attribute (``srcdoc``)."""
    return document.replace("&", "&amp;").replace('"', "&quot;")
