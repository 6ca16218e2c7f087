"""Hooks of the documentation site (mkdocs.yml), run by MkDocs in an environment of its own.

The pages of the root folder, which link to docs/, become pages of the site. A file of the repository that a page links to and
that is no page, such as template.yaml, is copied into the site as text, so that no link leaves the version of the pages.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).resolve().parent.parent
# Pages of the root folder, by their address in the site.
_ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
    "CODE_OF_CONDUCT.md": "CODE_OF_CONDUCT.md",
}
_LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the root folder."""
    for name, address in _ROOT_PAGES.items():
        text = _at_root((_ROOT / name).read_text())
        files.append(File.generated(config, address, content=text))
    for page in list(files.documentation_pages()):
        for target in _linked_sources(page):
            address = _address_of_source(target)
            if files.get_file_from_path(address) is None:
                files.append(File.generated(config, address, content=_text_of(_ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links that leave docs/ to the copies in the site."""
    folder = PurePosixPath(page.file.src_uri).parent

    def point(match: re.Match[str]) -> str:
        target = _resolve(folder, match[2])
        if target is None:
            return match[0]
        address = _ROOT_PAGES.get(target) or _address_of_source(target)
        anchor = (match[3] or "") if target in _ROOT_PAGES else ""
        return f"{match[1]}{relpath(address, str(folder))}{anchor})"

    return _LINK.sub(point, markdown)


def _at_root(text: str) -> str:
    """Return a page of the root folder as a page of docs/: its links have no docs/, and others lead out of it."""

    def point(match: re.Match[str]) -> str:
        target = match[2].removesuffix("/")
        inside = target.removeprefix("docs/")
        if inside == "adr":
            inside = "adr/README.md"
        return f"{match[1]}{inside if target.startswith('docs/') else f'../{target}'}{match[3] or ''})"

    return _LINK.sub(point, text)


def _resolve(folder: PurePosixPath, target: str) -> str | None:
    """Return the path in the repository of a link that leaves docs/ or names a folder or a file without page, or None."""
    path = normpath(f"docs/{folder}/{target}")
    if not (_ROOT / path).exists() or (path.startswith("docs/") and (_ROOT / path).is_file()):
        return None
    return path


def _linked_sources(page: File) -> set[str]:
    folder = PurePosixPath(page.src_uri).parent
    found = (_resolve(folder, match[2]) for match in _LINK.finditer(page.content_string))
    return {path for path in found if path and path not in _ROOT_PAGES}


def _address_of_source(path: str) -> str:
    return f"source/{path.removeprefix('.')}.txt"  # MkDocs leaves out what is hidden


def _text_of(path: Path) -> str:
    if path.is_dir():
        return "".join(f"{each.name}\n" for each in sorted(path.iterdir()) if not each.name.startswith((".", "__")))
    return path.read_text()
