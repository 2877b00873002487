"""What is said about a name that does not exist: the close ones, to mend a slip at once."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown_name(name: object, known: Iterable[str]) -> str:
    """Sentence naming the unknown name and the close known ones.

    Examples
    --------
    >>> unknown_name("headcount", ["headcount_ratio", "watts"])
    "unknown name 'headcount'; close: headcount_ratio"
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=3, cutoff=0.5) or names[:8]
    return f"unknown name {str(name)!r}; close: {', '.join(close)}"
