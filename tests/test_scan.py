"""The leak scan: planted canaries in every channel, and nothing found where nothing is.

Canaries are made up: a number valid by its check character, a name that no text of the house
holds.
"""

import base64
import io
import json
import zipfile

import openpyxl
import pandas as pd
import pytest
from docx import Document

from jingde_core.ledgers.idnumbers import check_character
from jingde_core.model.place import shipped
from jingde_core.privacy import scan
from jingde_core.privacy.leaks import number_kind

BODY = "34182519630714012"
ID = BODY + check_character(BODY)
NAME, PHONE, CARD = "聂锦棠", "13955512345", "6222020200112233446"
IDENTITY = pd.DataFrame(
    {
        "name": [NAME, "Ola Nordmann"],
        "id_number": [ID, None],
        "phone": [PHONE, ""],
        "bank_card": ["", ""],
    }
)


def escaped(text):
    return "".join(f"\\u{ord(char):04x}" for char in text)


def entities(text):
    return "".join(f"&#{ord(char)};" for char in text)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def office(make):
    file = io.BytesIO()
    make(file)
    return file.getvalue()


def hidden_sheet(file):
    book = openpyxl.Workbook()
    sheet = book.create_sheet("s")
    sheet["C7"], sheet.sheet_state = NAME, "hidden"
    book.save(file)


def property_of_a_document(file):
    document = Document()
    document.core_properties.author = NAME
    document.save(file)


def archive_in_an_archive(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.xlsx", office(hidden_sheet))


def member_with_a_name(file):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{NAME}.txt", "x")


CHANNELS = {
    "text": f"<p>户主{NAME}</p>",
    "entities": f"<p>{entities(NAME)}</p>",
    "attribute": f'<td data-x="{NAME}">1</td>',
    "alt text": f'<img alt="{entities(NAME)}" src="data:,">',
    "svg title": f"<svg><title>{NAME}</title><path d='M0 0'/></svg>",
    "comment": f"<!-- made by {NAME} -->",
    "script string": f'<script>const a="{escaped(NAME)}";</script>',
    "script string by points": "<script>const a='"
    + "".join(f"\\u{{{ord(c):x}}}" for c in NAME)
    + "'</script>",
    "undisplayed property": f'<script>f({{"properties":{{"owner":"{escaped(NAME)}"}}}})</script>',
    "widget state": '<script type="application/vnd.jupyter.widget-state+json">'
    + json.dumps({"state": {"m": {"value": NAME}}})
    + "</script>",
    "traceback": f"<pre>KeyError: &#x27;{NAME}&#x27;</pre>",
    "metadata": f'<meta name="author" content="{NAME}">',
    "percent": f'<a href="?q={percent(NAME)}">x</a>',
    "data uri, percent": f'<a href="data:text/csv,{percent("a,b" + chr(10) + NAME)}">x</a>',
    "data uri, base64": f'<a href="data:text/csv;base64,{encoded("户主," + NAME)}">x</a>',
    "base64 in a script": f"<script>const a=atob('{encoded('id,' + NAME)}')</script>",
    "style sheet": "<style>p::after{content:'"
    + "".join(f"\\{ord(c):x} " for c in NAME)
    + "'}</style>",
    "base64 of entities": f"<script>a='{encoded(encoded(entities(NAME)))}'</script>",
    "document in a frame": '<iframe srcdoc="&lt;p title=&quot;'
    + entities(entities(NAME))
    + '&quot;&gt;">',
    "blanks": f"<p>{'　'.join(NAME)}</p>",
    "invisible characters": "<p>" + "\u200b".join(NAME) + "</p>",
    "notebook": json.dumps({"cells": [{"outputs": [{"text": [NAME]}]}]}),
    "utf-16": NAME.encode("utf-16"),
    "hidden sheet": office(hidden_sheet),
    "document property": office(property_of_a_document),
    "archive in an archive": office(archive_in_an_archive),
    "archive in a data uri": "<a href='data:x;base64,"
    + base64.b64encode(office(hidden_sheet)).decode()
    + "'>",
    "name of a member": office(member_with_a_name),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_name_of_the_register_is_found_in_every_channel(channel):
    found = scan(CHANNELS[channel], identity=IDENTITY, place="x")
    assert len(found) and set(found["kind"]) == {"name"} and found["certain"].all()
    assert set(found["sample"]) == {"聂**"}
    assert NAME not in found.to_string()


@pytest.mark.parametrize("write", [str, escaped, entities, encoded, percent])
@pytest.mark.parametrize(("kind", "number"), [("id", ID), ("phone", PHONE), ("card", CARD)])
def test_a_number_valid_by_its_own_rule_is_found_without_a_register(kind, number, write):
    found = scan(f"<p data-x='{write(number)}'>x</p>")
    assert set(found["kind"]) == {kind} and number not in found.to_string()


@pytest.mark.parametrize(
    "text",
    [
        ID.lower(),
        f"{ID[:6]} {ID[6:14]} {ID[14:]}",
        f"{ID[:6]}-{ID[6:14]}-{ID[14:]}",
        "".join(chr(ord(c) + 0xFEE0) for c in ID),
        f"No{ID}x",
        ID + "44",
        "341825630714012",
    ],
)
def test_an_identity_number_is_found_however_it_is_written(text):
    assert set(scan(f"<p>{text}</p>")["kind"]) == {"id"}


def test_a_number_of_the_register_is_found_though_its_check_character_is_wrong():
    wrong = pd.DataFrame({"id_number": ["341825196307140128"], "phone": ["0563-8601234"]})
    found = scan("<p>341825196307140128 / 05638601234</p>", identity=wrong)
    assert "id" in set(found["kind"])


def test_a_foreign_name_is_found_without_its_blank():
    assert set(scan("<p>ola: OlaNordmann</p>", identity=IDENTITY)["sample"]) == {"O**"}


def test_where_a_thing_stands_is_told():
    found = scan(CHANNELS["alt text"], identity=IDENTITY, place="单元格3")
    assert found[["place", "channel"]].values.tolist() == [["单元格3", "<img alt>"]]
    found = scan(CHANNELS["hidden sheet"], identity=IDENTITY, place="x.xlsx")
    assert found["place"].str.startswith("x.xlsx!xl/").all()
    assert "base64" in scan(CHANNELS["data uri, base64"], identity=IDENTITY)["channel"].iloc[0]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("path", "FileNotFoundError: /ho" + "me/li/数据.csv"),
        ("path", "C:\\Users\\li\\x.csv"),
        ("host", "http://192.168.1.20:8888/lab"),
        ("host", "localhost:8888"),
        ("key", "https://t0.tianditu.gov.cn/x?tk=0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("key", '"token": "0f1e2d3c4b5a69788796a5b4"'),
    ],
)
def test_paths_internal_addresses_and_keys_are_found(kind, text):
    assert kind in set(scan(f"<pre>{text}</pre>")["kind"])


def test_a_secret_known_by_its_value_is_found():
    assert set(scan("<p>x=opensesame</p>", keys=["opensesame"])["kind"]) == {"key"}


def test_the_number_of_a_household_is_found_as_a_word_of_its_own():
    found = scan("<td>H00012</td><td>XH000123</td>", records=["H00012", "H00099", "7"])
    assert found["kind"].tolist() == ["record"]


def test_a_name_that_is_a_word_of_the_house_is_listed_and_not_certain():
    found = scan("<p>高峰 江村村</p>", identity=pd.DataFrame({"name": ["江村", "数据"]}))
    assert not found["certain"].any()


def test_figures_codes_and_hashes_are_no_persons():
    text = """<p>341825100201 8635.6 13,955,512,345 0.13955512345678 118.53139555123456789
    2020-12-31 20200702 1070.1 34182510020120201231</p><p>sha256 {}</p><path d="M13955.512,345">
    """.format("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    assert scan(text, identity=IDENTITY).empty


@pytest.mark.parametrize("folder", ["data", "geodata"])
def test_nobody_is_found_in_the_shipped_files(folder):
    for path in sorted(shipped(folder).glob("*.*")):
        assert scan(path.read_bytes(), identity=IDENTITY, place=path.name).empty, path.name


def test_numbers_are_told_by_their_rule():
    assert number_kind(ID) == "id" and number_kind(ID[:-1] + "0" * (ID[-1] != "0")) == ""
    assert number_kind(PHONE) == "phone" and number_kind("12955512345") == ""
    assert number_kind(CARD) == "card" and number_kind(CARD[:-1] + "5") == ""
    assert number_kind(CARD, joined=True) == ""
