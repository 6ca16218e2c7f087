"""Measure the sizes of the artifacts, and of the files that a browser loads before it can show a page."""

import base64
import gzip
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.artifacts import artifacts
from benchmarks.quiet import quietly
from benchmarks.rows import Row
from testkit.handlers.stack import Answer, Stack, open_simulation, open_stack

# Lambda's limit for a function and its layers, unpacked: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
UNPACKED = 250 * 1024 * 1024
# Requests and transferred bytes of a first visit. tests/browser checks the same limits in a real browser, including headers.
PAGE_REQUESTS, PAGE_BYTES = 4, 50_000


def measure(say: Callable[[str], None]) -> list[Row]:
    say("artifacts")
    made = artifacts()
    opt = _size(made.built / "opt")
    functions = {folder.name: _size(folder) for folder in (made.built / "task").iterdir()}
    largest = max(functions, key=functions.__getitem__)
    rows = [
        Row("sizes", "layers", opt / 1e6, "MB", _size(made.installed) / 1e6, "libraries as pip installs them", 1),
        Row("sizes", "layers without byte code", _size(made.bare / "opt") / 1e6, "MB"),
        Row(
            "sizes",
            f"largest function and layers, {largest}",
            (functions[largest] + opt) / 1e6,
            "MB",
            goal=UNPACKED / 1e6,
        ),
        Row("sizes", "other functions", sum(functions.values()) / 1e3 - functions[largest] / 1e3, "KB"),
    ]
    say("pages")
    with open_simulation() as simulation, quietly(), open_stack(simulation) as stack:
        gift = stack.give(stack.buy())
        for name, path in {"gift's page": f"/g/{gift['gift_id']}", "app": "/"}.items():
            requests, size = _first_visit(stack, path)
            rows.append(Row("sizes", f"{name}, requests", requests, "requests", goal=PAGE_REQUESTS))
            rows.append(Row("sizes", name, size, "bytes", goal=PAGE_BYTES))
    return rows


def _first_visit(stack: Stack, path: str) -> tuple[int, int]:
    """Return the number of a page and its files, and their bytes, compressed, without headers."""
    headers = {"accept-encoding": "gzip"}
    page = stack.call(None, "GET", path, headers=headers)
    # Browsers load the icon later, and style sheets in <noscript> only without scripts.
    text = re.sub(r'<noscript>.*?</noscript>|<link rel="icon"[^>]*>', "", _text(page))
    named = {*re.findall(r' src="(/[^"]+)"', text)}
    answers = [page, *(stack.call(None, "GET", each, headers=headers) for each in sorted(named))]
    return len(answers), sum(len(_bytes(answer)) for answer in answers)


def _bytes(answer: Answer) -> bytes:
    return base64.b64decode(answer.raw) if answer.is_base64 else answer.raw.encode()


def _text(answer: Answer) -> str:
    body = _bytes(answer)
    return (gzip.decompress(body) if answer.headers.get("content-encoding") == "gzip" else body).decode()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
