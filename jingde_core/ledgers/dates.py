"""Days in all the forms in which ledgers write them; a month stands for its first day.

2014-12-05, 2014/12/5, 2014.12, 201412, 20141205, 2014年12月, a serial number of either date
system. A day without a year takes that of the title and is told; a year alone is no date, and
the number 2014.1 may have been October as well as January.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import lru_cache

from jingde_core.geography.names import plain_text
from jingde_core.ledgers.kinds import words

_EPOCHS = (datetime(1899, 12, 30), datetime(1904, 1, 1))
FIRST_YEAR, LAST_YEAR = 1900, 2100
#: serial numbers that are days of 1908 to 2100; below them stand years and months
_SERIALS = range(3000, 73_415)
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}.*$")


def parse_day(
    value: object, *, epoch_1904: bool = False, year: int | None = None
) -> tuple[datetime | None, str]:
    """The day that a cell means (日期), and the code of what is to be said of it.

    Parameters
    ----------
    value : object
        date, number or text.
    epoch_1904 : bool
        whether serial numbers count from 1904.
    year : int, optional
        the year of a day written without one.

    Returns
    -------
    tuple
        The day and ``""``, or ``yearless_date`` where the year was taken from the title; None
        and ``bad_date``, ``incomplete_date`` or ``ambiguous_date``.

    Examples
    --------
    >>> str(parse_day("2014.12")[0])[:10], str(parse_day(41974.0)[0])[:10]
    ('2014-12-01', '2014-12-01')
    >>> parse_day("201813"), parse_day(2014.1)
    ((None, 'bad_date'), (None, 'ambiguous_date'))
    """
    if isinstance(value, date):
        return _day(value.year, value.month, value.day)
    if isinstance(value, float | int):
        return _of_number(float(value), epoch_1904)
    if isinstance(value, str):
        return _of_text(value, epoch_1904, year)
    return None, "bad_date"


def _day(year: int, month: int, day: int) -> tuple[datetime | None, str]:
    try:
        if FIRST_YEAR <= year <= LAST_YEAR:
            return datetime(year, month, day), ""
    except ValueError:
        pass
    return None, "bad_date"


def _of_number(number: float, epoch_1904: bool) -> tuple[datetime | None, str]:
    if FIRST_YEAR <= number < LAST_YEAR + 1:
        if number.is_integer():
            return None, "incomplete_date"
        months = f"{number:.10g}".partition(".")[2]
        if months == "1":
            return None, "ambiguous_date"
        return _day(int(number), int(months), 1) if len(months) <= 2 else (None, "bad_date")
    if number.is_integer() and number >= 100_000:
        return _of_digits(str(int(number)))
    if _SERIALS.start <= number < _SERIALS.stop:
        found = _EPOCHS[epoch_1904] + timedelta(days=int(number))
        return _day(found.year, found.month, found.day)
    return None, "bad_date"


def _of_digits(text: str) -> tuple[datetime | None, str]:
    if len(text) in (6, 8):
        return _day(int(text[:4]), int(text[4:6]), int(text[6:] or 1))
    return None, "bad_date"


def _of_text(value: str, epoch_1904: bool, year: int | None) -> tuple[datetime | None, str]:
    text = plain_text(_TIME.sub("", unicodedata.normalize("NFKC", value).strip()))
    if text.isdecimal():
        return _of_digits(text) if len(text) > 5 else _of_number(float(text), epoch_1904)
    full, of_month, of_year = _patterns()
    if found := full.fullmatch(text):
        return _day(int(found[1]), int(found[2]), int(found[3] or 1))
    if found := of_month.fullmatch(text):
        if year is None:
            return None, "incomplete_date"
        day, fault = _day(year, int(found[1]), int(found[2]))
        return day, fault or "yearless_date"
    return None, "incomplete_date" if of_year.fullmatch(text) else "bad_date"


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    years, months, days = _alternatives()
    return (
        re.compile(
            rf"(\d{{4}})(?:[-/.]|{years})(\d{{1,2}})(?:(?:[-/.]|{months})(\d{{1,2}})(?:{days})?"
            rf"|{months})?"
        ),
        re.compile(rf"(\d{{1,2}})(?:{months})(\d{{1,2}})(?:{days})?"),
        re.compile(rf"\d{{4}}(?:{years})"),
    )


def _alternatives() -> list[str]:
    """Words for year, month and day, as parts of a pattern."""
    return ["|".join(map(re.escape, words()[f"{w}_word"])) for w in ("year", "month", "day")]


def year_of(text: str) -> int | None:
    """The year that a title names, when it names one only."""
    found = {int(y) for y in re.findall(rf"(\d{{4}})(?={_alternatives()[0]})", plain_text(text))}
    return found.pop() if len(found) == 1 else None


def day_of(text: str) -> date | None:
    """The last whole day that a title names: as of when its figures are."""
    years, months, days = _alternatives()
    pattern = rf"(\d{{4}})(?:{years})(\d{{1,2}})(?:{months})(\d{{1,2}})(?:{days})"
    found = [_day(int(y), int(m), int(d))[0] for y, m, d in re.findall(pattern, plain_text(text))]
    right = [day for day in found if day is not None]
    return max(right).date() if right else None
