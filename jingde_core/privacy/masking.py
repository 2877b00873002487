"""Names and numbers made unreadable by type, all of one length for each type.

A name keeps its surname, compound ones whole; of a name with a middle dot or in letters only
the first character stays, since neither part tells a surname; one character is hidden whole.
A number keeps what many share (province and city, network, issuer) and nothing that tells a
birthday, a sex or the grade of a disability.
"""

import csv
from functools import lru_cache

from jingde_core.model.place import shipped

STAR = "*"


@lru_cache(maxsize=1)
def _compound() -> frozenset[str]:
    with (shipped("data") / "surnames.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["surname"] for row in csv.DictReader(file))


def mask_name(name: str) -> str:
    """A person's name with the surname alone (姓名遮蔽); the length is not told.

    Examples
    --------
    >>> mask_name("X"), mask_name("Anna Li"), mask_name("")
    ('**', 'A**', '')
    """
    text = "".join(str(name).split())
    known = 2 if text[:2] in _compound() and len(text) > 2 else 1
    return (text[:known] if len(text) > 1 else "") + 2 * STAR if text else ""


def mask_id(number: str) -> str:
    """An identity number of 15, 18 or 20 digits, or a passport's (证件号码遮蔽): 18 characters.

    Only province and city stay; the last two of a disability certificate are health data.

    Examples
    --------
    >>> mask_id("34182519900101123X"), mask_id("E12345678")
    ('3418**************', '******************')
    """
    return _leading(number, 4, 18, least=15)


def mask_phone(number: str) -> str:
    """A telephone number (电话遮蔽): the network's three digits of eleven.

    Examples
    --------
    >>> mask_phone("138 0013 8000")
    '138********'
    """
    return _leading(number, 3, 11, least=11)


def mask_card(number: str) -> str:
    """A bank card number (银行卡号遮蔽): the issuer's four digits of sixteen.

    Examples
    --------
    >>> mask_card("6222020200112233445")
    '6222************'
    """
    return _leading(number, 4, 16, least=16)


def _leading(number: str, kept: int, length: int, *, least: int) -> str:
    digits = "".join(char for char in str(number) if char.isdigit())
    return (digits[:kept] if len(digits) >= least else "").ljust(length, STAR)
