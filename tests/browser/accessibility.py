"""Check a page with axe."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RUN = """() => axe.run({resultTypes: ["violations"]}).then(found => found.violations.map(each => ({
    id: each.id, help: each.help, tags: each.tags, nodes: each.nodes.map(node => [node.target.join(" "), node.html]),
})))"""


def check_accessible(page: Page) -> None:
    """Fail with the violations of standards that axe finds. Its best practices, which no standard requires, are ignored."""
    page.evaluate(AXE_SCRIPT)
    found = [
        f"{violation['id']}: {violation['help']}\n" + "\n".join(f"    {target}: {html}" for target, html in nodes)
        for violation in page.evaluate(RUN)
        if "best-practice" not in violation["tags"] and (nodes := violation["nodes"])
    ]
    assert not found, f"axe on {page.url}:\n" + "\n".join(found)
