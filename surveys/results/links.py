"""Addresses between the pages and files of one survey's results: on the web, or in a folder of files. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

FILES = ("results.json", "results.csv", "data.csv", "codebook.csv")


@dataclass(frozen=True, slots=True)
class WebLinks:
    """``version`` is set on pages that show an older version, so that their links stay in it."""

    slug: str
    language: str
    public_url: str
    version: int | None = None

    def page(self, *, language: str = "", method: str = "mentions", anchor: str = "") -> str:
        query = {"lang": language or self.language}
        if method != "mentions":
            query["method"] = method
        return f"/s/{self.slug}/results/?{self._query(**query)}" + (f"#{anchor}" if anchor else "")

    def embed(self, *, method: str = "mentions") -> str:
        query = {"lang": self.language, **({"method": method} if method != "mentions" else {})}
        return f"/s/{self.slug}/results/embed/?{self._query(**query)}"

    def file(self, name: str) -> str:
        query = self._query()
        return f"/s/{self.slug}/{name}" + (f"?{query}" if query else "")

    def image(self) -> str:
        return f"/s/{self.slug}/og.png?{self._query(lang=self.language)}"

    def outside(self, path: str) -> str:
        """A page of the survey that is no part of its results."""
        return f"{path}?lang={self.language}"

    def absolute(self, path: str) -> str:
        return self.public_url + path

    def _query(self, **query: str) -> str:
        return urlencode({**query, **({"version": self.version} if self.version else {})})


@dataclass(frozen=True, slots=True)
class FolderLinks(WebLinks):
    """The same inside a folder that any host can serve: pages and files beside one another.

    ``folder_url`` is where the folder will be, ending with a slash, for what must be an absolute address (previews of
    shared links); empty where that is not known.
    """

    folder_url: str = ""

    def page(self, *, language: str = "", method: str = "mentions", anchor: str = "") -> str:
        return page_file(language or self.language, method) + (f"#{anchor}" if anchor else "")

    def embed(self, *, method: str = "mentions") -> str:
        return page_file(self.language, method, "embed")

    def file(self, name: str) -> str:
        return name

    def image(self) -> str:
        return f"og-{self.language}.png"

    def outside(self, path: str) -> str:
        return f"{self.public_url}{path}?lang={self.language}"

    def absolute(self, path: str) -> str:
        return self.folder_url + path


def page_file(language: str, method: str, kind: str = "results") -> str:
    """The name of a page in the folder: results-fr-first.html."""
    return f"{kind}-{language}" + (f"-{method}" if method != "mentions" else "") + ".html"
