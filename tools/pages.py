"""Write the scripts and style sheets of the pages from their modules in `functions/web/assets`.

A page requests two files. `<page>.js` has the modules that it needs in each visit, and `<page>.style.js` has its style sheet;
both contain `load.js`. A module that is imported by `import()` when it is needed gets a file of its own, together with the
modules that it imports and that the page does not have already. ADR 24 has the reasons.

    export function count(link) { ... }          handsel.define("link.js", [], async () => {
                                          ->     function count(link) { ... }
                                                 return { count };
                                                 });

Modules use only these forms of imports and exports, so that no parser is needed; other forms are reported:

- `import { name, other as alias } from "./module.js";` at the beginning of a line, and `await import("./module.js")`;
- `export` before `const`, `function`, `async function` or `class`, at the beginning of a line;
- `new URL("picture.svg", import.meta.url).href`, which becomes a data URI;
- comments on lines of their own, which are removed; no other comment and no string spans several lines.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from handsel.domain.wrappings import ThemeColors, load_catalogue
from local.settings import ROOT

SOURCES = ROOT / "functions" / "web" / "assets"
BUNDLES = ROOT / "functions" / "web" / "bundles"
# The module whose exports all files use as `handsel`.
LOADER = "load.js"
# The modules of the first visit to each page, and its style sheets. `<page>.js` starts the page. The function that serves the
# script adds the texts of one language.
SCRIPTS = {"app": ("app.js", "view_home.js", "sign_in.js"), "gift": ("gift.js",)}
STYLES = {"app": ("base.css", "app.css", "center.css"), "gift": ("base.css", "gift.css")}

_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([\w.]+)";\n', re.MULTILINE)
_IMPORT_LATER = re.compile(r'\bimport\("\./([\w.]+)"\)')
_EXPORT = re.compile(r"^export (?=(?:const|(?:async )?function|class) (\w+))", re.MULTILINE)
_PICTURE = re.compile(r'new URL\("([\w.]+\.svg)", import\.meta\.url\)\.href')
_COMMENT = re.compile(r"^ */\*[\s\S]*?\*/ *\n|^ *//.*\n", re.MULTILINE)
_STYLE_COMMENT = re.compile(r"/\*[\s\S]*?\*/\s*")
_STYLE_PICTURE = re.compile(r'url\("([\w.]+\.svg)"\)')
_NOT_UNDERSTOOD = re.compile(r"^export\b.*|.*\bimport\b(?!\(address\.href\)).*", re.MULTILINE)
_HEAD = "Written by `make generate` from functions/web/assets; change it there."


class PageError(Exception):
    """A module cannot be part of a script; the message says why."""


@dataclass(frozen=True)
class Module:
    """A module of the pages.

    Attributes:
        name: the name of its file.
        text: its source.
    """

    name: str
    text: str

    @cached_property
    def code(self) -> str:
        """Return the source without comments."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if line.count("`") % 2:
                raise PageError(f"{self.name}:{number}: a template literal spans lines: {line.strip()}")
        return _COMMENT.sub("", self.text)

    @cached_property
    def imports(self) -> dict[str, list[tuple[str, str]]]:
        """Return the names that it imports, each with its local name, by module."""
        found: dict[str, list[tuple[str, str]]] = {}
        for names, module in _IMPORT.findall(self.code):
            if module in found:
                raise PageError(f"{self.name}: imports {module} twice")
            given = (name.split(" as ") for name in re.split(r",\s*", names.strip().rstrip(",")))
            found[module] = [(each[0].strip(), each[-1].strip()) for each in given]
        return found

    @cached_property
    def later(self) -> list[str]:
        """Return the modules that it imports when they are needed."""
        return _IMPORT_LATER.findall(self.code)

    @cached_property
    def exports(self) -> list[str]:
        """Return the names that it exports."""
        return _EXPORT.findall(self.code)

    @cached_property
    def body(self) -> str:
        """Return the code of the function that defines the module.

        Raises:
            PageError: the module has syntax that is not supported.
        """
        code = _EXPORT.sub("", _IMPORT.sub("", self.code))
        code = _IMPORT_LATER.sub(r'handsel.load("\1")', code)
        code = _PICTURE.sub(lambda found: f'"{_data_uri(found[1])}"', code)
        if wrong := _NOT_UNDERSTOOD.search(code):
            raise PageError(f"{self.name}: not supported: {wrong[0].strip()}")
        return f"{code.strip()}\n{_return(self.exports)}"

    @cached_property
    def definition(self) -> str:
        """Return the call that defines the module."""
        names = ", ".join(f'"{each}"' for each in self.imports)
        parameters = ", ".join(
            f"{{ {', '.join(name if name == used else f'{name}: {used}' for name, used in each)} }}"
            for each in self.imports.values()
        )
        return f'handsel.define("{self.name}", [{names}], async ({parameters}) => {{\n{self.body}}});\n'


def read_modules() -> dict[str, Module]:
    """Return the modules of the pages, by name."""
    return {path.name: Module(path.name, path.read_text()) for path in sorted(SOURCES.glob("*.js"))}


def files() -> dict[Path, str]:
    """Return the generated files and their texts.

    Raises:
        PageError: a module cannot be part of a script.
    """
    modules = read_modules()
    texts = build_scripts(modules)
    for page, names in STYLES.items():
        style = _themes() + "\n".join(_style(name) for name in names)
        texts[f"{page}.css"] = style
        texts[f"{page}.style.js"] = f"{_loader(modules)}handsel.style(`\n{_escape_literal(style)}`);\n"
    return {
        BUNDLES / name: f"/* {_HEAD} */\n{text}" if name.endswith(".css") else f"// {_HEAD}\n{text}"
        for name, text in texts.items()
    }


def build_scripts(modules: Mapping[str, Module]) -> dict[str, str]:
    """Return the scripts of the pages, and one script for each module that they import when it is needed.

    Args:
        modules: all modules, by name.

    Raises:
        PageError: an imported module or name does not exist, modules import each other, a module is not used, or a module
            cannot be part of a script.
    """
    _check(modules)
    pages = {page: in_order(names, modules) for page, names in SCRIPTS.items()}
    scripts = {f"{page}.js": _loader(modules) + _define(names, modules) for page, names in pages.items()}
    reached = {page: _reachable(names, modules) for page, names in SCRIPTS.items()}
    if unused := modules.keys() - set.union(*reached.values()):
        raise PageError(f"{min(unused)}: no page imports it")
    for name in sorted({each for module in modules.values() for each in module.later}):
        # Every page that can need the module has at least these modules.
        shared = set.intersection(*(set(pages[page]) for page in pages if name in reached[page]))
        if name not in shared:
            scripts[name] = _define((each for each in in_order([name], modules) if each not in shared), modules)
    return scripts


def in_order(names: Iterable[str], modules: Mapping[str, Module]) -> list[str]:
    """Return modules and all that they import, without the loader. Each comes after the modules that it imports.

    Raises:
        PageError: modules import each other.
    """
    found: list[str] = []

    def add(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise PageError(f"modules import each other: {' -> '.join((*importers, name))}")
        if name in found or name == LOADER:
            return
        for each in modules[name].imports:
            add(each, (*importers, name))
        found.append(name)

    for name in names:
        add(name, ())
    return found


def _reachable(names: Iterable[str], modules: Mapping[str, Module]) -> set[str]:
    """Return modules and all that they import, by `import` or by `import()`."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [*modules[name].imports, *modules[name].later]
    return found


def _check(modules: Mapping[str, Module]) -> None:
    for module in modules.values():
        for name in (*module.imports, *module.later):
            if name not in modules:
                raise PageError(f"{module.name}: imports {name}, which does not exist")
        for name, used in module.imports.items():
            for export, _ in used:
                if export not in modules[name].exports:
                    raise PageError(f"{module.name}: imports {export}, which {name} does not export")


def _define(names: Iterable[str], modules: Mapping[str, Module]) -> str:
    return "".join(modules[name].definition for name in names)


def _loader(modules: Mapping[str, Module]) -> str:
    """Return the script that defines `handsel`, unless the other script of the page has done so."""
    return f'globalThis.handsel ??= (() => {{\n"use strict";\n{modules[LOADER].body}}})();\n'


def _return(names: list[str]) -> str:
    return f"return {{ {', '.join(names)} }};\n" if names else "return {};\n"


def _themes() -> str:
    """Return the colors of the themes of envelopes as custom properties. The first theme is the default."""
    first, *_ = themes = load_catalogue().themes
    return "".join(
        f'{":root, " if theme is first else ""}[data-theme="{theme.theme_id}"] {{ {_properties(theme.colors)} }}\n'
        for theme in themes
    )


def _properties(colors: ThemeColors) -> str:
    return " ".join(f"--{name.replace('_', '-')}: {value};" for name, value in asdict(colors).items())


def _style(name: str) -> str:
    text = _STYLE_COMMENT.sub("", (SOURCES / name).read_text())
    return _STYLE_PICTURE.sub(lambda found: f'url("{_data_uri(found[1])}")', text)


def _data_uri(picture: str) -> str:
    return "data:image/svg+xml," + quote((SOURCES / picture).read_text().strip(), safe=" /:='")


def _escape_literal(text: str) -> str:
    """Return a text as the content of a template literal."""
    return re.sub(r"[\\`]|\$(?={)", r"\\\g<0>", text)
