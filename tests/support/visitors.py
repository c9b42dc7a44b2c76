"""People who visit the app one after another in one browser, none with what another one left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["Visitors"]

# What a page keeps, but not the cache of its files; ``sessionStorage`` goes with the page.
KEPT = "cookies,indexeddb,local_storage,service_workers,file_systems,shared_storage,cache_storage"


@dataclass
class _Lent:
    context: BrowserContext
    pages: list[Page] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)


class Visitors:
    """Lends contexts of a browser to pages; pages that are open at once have one each.

    A context that has shown the app before has its scripts in the cache, compiled: that saves a third of the
    processor time that a page takes to open.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[_Lent]] = {}
        self._lent: list[tuple[str, _Lent]] = []

    def enter(self, **options: Any) -> Page:
        """A page of somebody who was never here before, in a context with these options."""
        key = json.dumps(options, sort_keys=True)
        free = self._free.setdefault(key, [])
        lent = free.pop() if free else _Lent(self._browser.new_context(**options))
        page = lent.context.new_page()
        self._forget(lent, page)
        lent.pages.append(page)
        self._lent.append((key, lent))
        return page

    def leave(self) -> None:
        """Close all pages; their contexts are free again."""
        for key, lent in self._lent:
            lent.visited |= {"{0.scheme}://{0.netloc}".format(urlsplit(page.url)) for page in lent.pages}
            for page in lent.context.pages:
                page.close()
            lent.pages.clear()
            self._free[key].append(lent)
        self._lent.clear()

    @staticmethod
    def _forget(lent: _Lent, page: Page) -> None:
        """Take away what earlier pages of the context kept in the browser."""
        if not lent.visited:
            return
        lent.context.clear_cookies()
        protocol = lent.context.new_cdp_session(page)
        for origin in lent.visited:
            protocol.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": KEPT})
        protocol.detach()
        lent.visited.clear()
