"""A page in a real Chromium: no network, every request, dialog and error written down.

The browser itself is the fixture ``chromium``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page


@dataclass
class Seen:
    """What happened while a page was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    #: requests that the page's own policy stopped before they were sent
    stopped: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """Requests sent that were not for a file of this machine."""
        sent = [url for url in self.requests if url not in self.stopped]
        return [url for url in sent if not url.startswith(("file:", "data:", "blob:"))]

    def quiet(self) -> bool:
        """Whether nothing was asked of the network, executed by surprise, or broken."""
        return not (self.outside or self.stopped or self.dialogs or self.errors)


@contextmanager
def opened(
    chromium: Browser, page: Path | str, folder: Path, *, width: int = 1100, height: int = 800
) -> Iterator[Seen]:
    """A page (a file, or HTML that is written into ``folder``) opened with the network cut."""
    if isinstance(page, str):
        target = folder / "page.html"
        target.write_text(page, encoding="utf-8")
    else:
        target = page
    context = chromium.new_context(viewport={"width": width, "height": height})
    tab = context.new_page()
    seen = Seen(tab)
    tab.on("request", lambda request: seen.requests.append(request.url))
    tab.on(
        "requestfailed",
        lambda request: seen.stopped.append(request.url) if request.failure == "csp" else None,
    )
    tab.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    tab.on("pageerror", lambda error: seen.errors.append(str(error)))
    tab.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
    context.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
    tab.goto(target.as_uri())
    yield seen
    context.close()
