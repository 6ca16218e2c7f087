"""The scripts of the pages: `tools.pages` puts modules together, and reports what it does not understand."""

import re

import pytest

from local import template
from tools import pages
from tools.pages import Module, PageError

FIRST = 'import { two as second } from "./b.js";\n\nexport const one = () => second();\n'
ROUTE_SETTINGS = template.read()["Resources"]["HttpApi"]["Properties"]["RouteSettings"]


def modules(**texts: str) -> dict[str, Module]:
    return {f"{name}.js": Module(f"{name}.js", text) for name, text in texts.items()}


def test_a_module_becomes_a_function_of_its_imports_that_returns_its_exports() -> None:
    text = """\
// A module.

import { a, b as other } from "./x.js";
import {
  c,
  d,
} from "./y.js";

/** Return a number. */
export async function first() {
  // A reason.
  const { z } = await import("./z.js");
  return a + other + c + d + z; // as it is
}
export const second = 2;
export class Third {}
const kept = "// this";
"""
    assert (
        Module("m.js", text).definition
        == """\
handsel.define("m.js", ["x.js", "y.js"], async ({ a, b: other }, { c, d }) => {
async function first() {
  const { z } = await handsel.load("z.js");
  return a + other + c + d + z; // as it is
}
const second = 2;
class Third {}
const kept = "// this";
return { first, second, Third };
});
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        'import x from "./x.js";\n',
        'import * as x from "./x.js";\n',
        'import "./x.js";\n',
        'import { x } from "https://example.com/x.js";\n',
        'const { x } = await import(name + ".js");\n',
        "const here = import.meta.url;\n",
        "export default 1;\n",
        "export let changes = 1;\n",
        'export { x } from "./x.js";\n',
        "const x = 1;\nexport { x };\n",
    ],
)
def test_other_syntax_is_reported(text: str) -> None:
    with pytest.raises(PageError, match=r"m\.js: not supported: (import|export|const)"):
        _ = Module("m.js", text).definition


def test_a_template_literal_of_several_lines_is_reported() -> None:
    with pytest.raises(PageError, match=r"m\.js:2: a template literal spans lines"):
        _ = Module("m.js", "const a = `ok`;\nconst b = `\n// no comment\n`;\n").definition


def test_modules_are_in_the_order_in_which_they_are_needed() -> None:
    found = modules(a=FIRST, b='import { c } from "./c.js";\nexport const two = c;\n', c="export const c = 1;\n")
    assert pages.in_order(["a.js"], found) == ["c.js", "b.js", "a.js"]


def test_modules_that_import_each_other_are_reported() -> None:
    found = modules(a=FIRST, b='import { one } from "./a.js";\nexport const two = one;\n')
    with pytest.raises(PageError, match=r"a\.js -> b\.js -> a\.js"):
        pages.in_order(["a.js"], found)


@pytest.mark.parametrize(
    ("name", "added", "reason"),
    [
        ("watch.js", 'import { none } from "./dom.js";\n', "imports none, which dom.js does not export"),
        ("watch.js", 'import { none } from "./none.js";\n', "imports none.js, which does not exist"),
        ("watch.js", 'await import("./none.js");\n', "imports none.js, which does not exist"),
        ("new.js", "export const unused = 1;\n", "no page imports it"),
    ],
)
def test_an_import_that_would_fail_in_a_browser_is_reported(name: str, added: str, reason: str) -> None:
    found = pages.read_modules()
    text = found[name].text if name in found else ""
    with pytest.raises(PageError, match=f"{name}: {reason}"):
        pages.build_scripts({**found, name: Module(name, added + text)})


def test_each_script_has_or_the_page_has_everything_that_it_imports() -> None:
    found = pages.read_modules()
    scripts = pages.build_scripts(found)
    defined = {name: re.findall(r'^handsel\.define\("([^"]+)"', text, re.MULTILINE) for name, text in scripts.items()}
    for page in pages.SCRIPTS:
        loaded = {page + ".js"}
        waiting = list(loaded)
        while waiting:
            for name in defined[waiting.pop()]:
                # Its imports are there before it, in this script or in that of the page.
                for needed in set(found[name].later) & scripts.keys() - loaded:
                    loaded.add(needed)
                    waiting.append(needed)
        has = {pages.LOADER, *defined[page + ".js"]}
        for script in loaded:
            there = set(has)
            for name in defined[script]:
                assert there >= found[name].imports.keys(), (script, name)
                there.add(name)


def test_a_style_sheet_is_the_same_in_both_of_its_files() -> None:
    texts = {path.name: text for path, text in pages.files().items()}
    for page in pages.STYLES:
        (literal,) = re.findall(r"handsel\.style\(`\n(.*)`\);\n$", texts[f"{page}.style.js"], re.DOTALL)
        assert re.sub(r"\\([\\`$])", r"\1", literal) in texts[f"{page}.css"]
        # A style sheet without an address resolves relative ones against the page.
        assert not re.search(r'url\("(?!data:)', literal)


def test_the_throttle_of_assets_lets_many_first_visits_through() -> None:
    settings = ROUTE_SETTINGS["ANY /assets/{version}/{asset}"]
    assert settings["ThrottlingRateLimit"] / 3 > 300
    assert settings["ThrottlingBurstLimit"] / 3 > 300
