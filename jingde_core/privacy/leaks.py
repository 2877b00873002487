"""Persons, local paths and keys in what is about to be shared, however they are written.

Text is decoded to a fixed point (entities, ``\\u`` and ``\\x``, style-sheet escapes, percent,
base64, archives member by member, documents in frames) and every stage is looked through: for
the names and numbers of a register, the numbers of its households, and for whatever is a valid
identity number, telephone or bank card by its own rule. A name that is also a word of the
workbook's own texts cannot be told from it: it is listed as not ``certain``.

A picture's pixels are not read, nor is a name cut in two by an element.
"""

import base64
import binascii
import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jingde_core.ledgers.idnumbers import parse_id
from jingde_core.model.catalogue import entries
from jingde_core.model.place import shipped
from jingde_core.privacy.masking import STAR, mask_card, mask_id, mask_name, mask_phone

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["place", "channel", "kind", "sample", "certain"]
_NUMBERS = {"id_number": "id", "phone": "phone", "bank_card": "card"}
_MASKS: dict[str, Callable[[str], str]] = {
    "name": mask_name,
    "id": mask_id,
    "phone": mask_phone,
    "card": mask_card,
}
_DEEPEST, _LARGEST = 12, 200_000_000

_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}\u00b7\u2022\u2027\u30fb]{{2,}}")
_APART = re.compile(rf"(?<=[{_HAN}])[^\S\n]+(?=[{_HAN}])")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_ESCAPED = re.compile(r"\\(?:u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2})|([0-9a-fA-F]{4,6}) ?)")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_DIGITS = re.compile(r"(?<![\d.])(?<!\d,)\d(?:[ -]?\d){10,18}(?:[ -]?[\dXx])?(?!\d)(?!\.\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/]{60})(?:\\n|\r?\n)(?=[A-Za-z0-9+/])")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{3,}")
_PLACES = {
    "path": re.compile(
        r"(?<![\w.*/:])/(?:home|Users|root|tmp|work|mnt|srv|opt|var)/[\w.-]+"
        r"|\b[A-Za-z]:\\{1,2}(?:Users|Documents and Settings)\\{1,2}\w+|file:///\w"
    ),
    "host": re.compile(
        r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|127\.0\.0\.1"
        r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?![\d.])|\blocalhost:\d{2,5}"
    ),
    "key": re.compile(
        r"(?i)\b(?:tk|token|api_?key|access_?key|secret|passw(?:or)?d)\b[\"']?\s*[=:]\s*[\"']?"
        r"(?=[\w-]*\d)[\w-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[A-Z0-9]{16}\b"
    ),
}


def scan(
    content: str | bytes,
    *,
    identity: "pd.DataFrame | None" = None,
    records: Iterable[str] = (),
    keys: Iterable[str] = (),
    place: str = "",
) -> "pd.DataFrame":
    """Every person, path and key in a document, a table or an archive (泄露扫描).

    Parameters
    ----------
    content : str or bytes
    identity : DataFrame, optional
        Columns ``name, id_number, phone, bank_card`` of the register, as far as there are.
    records : iterable of str
        Numbers of households and persons, which no leader's page may hold.
    keys : iterable of str
        Secrets known by their value (a map service's key).
    place : str
        What the content is called in the answer.

    Returns
    -------
    DataFrame
        ``place, channel, kind, sample, certain``: one row a finding, the sample masked; ``kind``
        is name, id, phone, card, record, path, host or key. No row where nothing was found.

    Examples
    --------
    >>> found = scan('<b title="&#49;&#51;800138000">x</b>')
    >>> found[["channel", "kind", "sample"]].values.tolist()
    [['<b title>', 'phone', '138********']]
    """
    import pandas as pd

    search = _Search(identity, records, keys)
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    search.content(data, place, "")
    return pd.DataFrame(list(search.found.values()), columns=COLUMNS)


class _Search:
    """What is looked for, and what was found: each thing once a place and channel."""

    def __init__(
        self, identity: "pd.DataFrame | None", records: Iterable[str], keys: Iterable[str]
    ) -> None:
        given: dict[str, set[str]] = {"name": set(), **{each: set() for each in _NUMBERS}}
        for column in given if identity is not None else ():
            if identity is not None and column in identity:
                texts = identity[column].dropna().astype(str)
                given[column] = {"".join(text.split()) for text in texts} - {""}
        names = {unicodedata.normalize("NFKC", name) for name in given["name"]}
        self.names = {name for name in names if len(name) > 1}
        self.latin = {name for name in self.names if not _RUN.fullmatch(name)}
        self.lengths = sorted({len(name) for name in self.names - self.latin})
        self.numbers = {
            number.upper(): kind for column, kind in _NUMBERS.items() for number in given[column]
        }
        self.records = {str(r) for r in records if len(str(r)) > 4 and re.search(r"\d", str(r))}
        self.keys = {key for key in keys if key}
        self.found: dict[tuple[str, ...], tuple[Any, ...]] = {}
        #: a document is looked through once more as it is, for what its parts do not show
        self._spare = False

    def content(self, data: bytes, place: str, channel: str, depth: int = 0) -> None:
        """Look through bytes: an archive's members, or text in the encoding that it has."""
        if data[:4] == b"PK\x03\x04" and depth < _DEEPEST:
            try:
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    for number, entry in enumerate(archive.infolist(), start=1):
                        if entry.file_size < _LARGEST:
                            before, member = len(self.found), f"{place}!{number}"
                            self.text(entry.filename, member, channel, depth)
                            if len(self.found) == before:
                                member = f"{place}!{entry.filename}"
                            self.content(archive.read(entry), member, channel, depth + 1)
                return
            except zipfile.BadZipFile:
                pass
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        self.text(data.decode("utf-16" if wide else "utf-8", "ignore"), place, channel, depth)

    def text(self, text: str, place: str, channel: str, depth: int = 0) -> None:
        """Look through a text, its parts if it is a document, and all that it decodes to."""
        if depth > _DEEPEST:
            return
        if re.search(r"<[A-Za-z!?]", text):
            for part, content in _parts(text):
                name = f"{channel} {part}".strip()
                if part.endswith(" srcdoc>"):
                    self.text(content, place, name, depth + 1)
                else:
                    self._decoded(content, place, name, depth)
            spare, self._spare = self._spare, True
            self._decoded(text, place, channel, depth)
            self._spare = spare
        else:
            self._decoded(text, place, channel, depth)

    def _decoded(self, text: str, place: str, channel: str, depth: int) -> None:
        for form in _forms(text):
            self._match(form, place, channel)
            for run in _BASE64.findall(_WRAPPED.sub("", form)):
                data = _unpacked(run)
                if data:
                    self.content(data, place, f"{channel} base64".strip(), depth + 1)

    def _match(self, text: str, place: str, channel: str) -> None:
        for run in _RUN.findall(_APART.sub("", text)) if self.lengths else ():
            for length in self.lengths:
                for start in range(len(run) - length + 1):
                    if run[start : start + length] in self.names:
                        self._enter("name", run[start : start + length], place, channel)
        for name in self.latin:
            if name in "".join(text.split()):
                self._enter("name", name, place, channel)
        for found in _DIGITS.finditer(text):
            number = re.sub(r"[ -]", "", found[0]).upper()
            before, after = text[found.start() - 1 : found.start()], text[found.end() :][:1]
            joined = any(char.isascii() and char.isalnum() for char in (before, after))
            for each in {number, number.rstrip("X")}:
                kind = self.numbers.get(each) or number_kind(each, joined=joined)
                if kind:
                    self._enter(kind, each, place, channel)
        if self.records:
            for token in self.records.intersection(_TOKEN.findall(text)):
                self._enter("record", token, place, channel)
        for kind, pattern in _PLACES.items():
            for found in pattern.finditer(text):
                self._enter(kind, found[0], place, channel)
        for key in self.keys:
            if key in text:
                self._enter("key", key, place, channel)

    def _enter(self, kind: str, value: str, place: str, channel: str) -> None:
        if self._spare and any(key[1:3] == (kind, value) for key in self.found):
            return
        sample = _MASKS[kind](value) if kind in _MASKS else value[:3] + 5 * STAR
        certain = kind != "name" or value not in _house_words()
        self.found.setdefault(
            (place, kind, value, channel), (place, channel, kind, sample, certain)
        )


@lru_cache(maxsize=1)
def _house_words() -> str:
    places = [
        (shipped("data") / f"{name}.csv").read_text("utf-8") for name in ("towns", "villages")
    ]
    return "\n".join([*places, *(text for texts in entries().values() for text in texts)])


def number_kind(number: str, *, joined: bool = False) -> str:
    """What a number is by its own rule: id, phone, card, or nothing.

    ``joined`` says that a letter stands next to it, as in a hash: then only what carries a
    check character and a birthday counts.

    Examples
    --------
    >>> number_kind("11010519491231002X"), number_kind("341825100201"), number_kind("13800138000")
    ('id', '', 'phone')
    """
    if len(number) in (15, 18, 20) and "11" <= number[:2] <= "82":
        told = parse_id(number)
        recent = told.birth is not None and told.birth <= date(2100, 1, 1)
        if not told.fault and recent and not (joined and len(number) == 15):
            return "id"
    if joined or not number.isdecimal():
        return ""
    if re.fullmatch(r"1[3-9]\d{9}", number):
        return "phone"
    issued = number.startswith(("62", "60", "9558", "4", "5"))
    return "card" if 16 <= len(number) <= 19 and issued and _luhn(number) else ""


def _luhn(number: str) -> bool:
    digits = [int(char) for char in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def _forms(text: str) -> Iterator[str]:
    """The text, and each further stage of decoding until nothing changes."""
    for _ in range(_DEEPEST):
        yield text
        plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", html.unescape(text)))
        plain = _PAIR.sub(_joined, _ESCAPED.sub(_character, plain))
        plain = unquote(plain, errors="ignore") if "%" in plain else plain
        if plain == text:
            return
        text = plain


def _character(found: "re.Match[str]") -> str:
    point = int(found[1] or found[2] or found[3], 16)
    return chr(point) if point <= 0x10FFFF else found[0]


def _joined(found: "re.Match[str]") -> str:
    return found[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _unpacked(run: str) -> bytes:
    """Bytes of a run of base64 that is text or an archive; nothing for one that is neither."""
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "==")
    except binascii.Error:
        return b""
    if data[:4] == b"PK\x03\x04" or len(data) > 4096:
        return data
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return b""
    return data if text.isprintable() or "\n" in text else b""


def _parts(text: str) -> list[tuple[str, str]]:
    parser = _Parts()
    parser.feed(text)
    parser.close()
    return parser.parts


class _Parts(HTMLParser):
    """Text, attributes, comments and declarations of a document, each with where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[tuple[str, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.parts += [(f"<{tag} {name}>", value) for name, value in attrs if value]

    def handle_data(self, data: str) -> None:
        if not data.isspace():
            self.parts.append((f"<{self._inside}>" if self._inside else "", data))

    def handle_comment(self, data: str) -> None:
        self.parts.append(("<!-- -->", data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(("<!>", decl))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(("<!>", data))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("<?>", data))
