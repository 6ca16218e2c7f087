"""Generate the pages of docs/reference about the HTTP API: its operations, and one page for each problem."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from handsel.api import problems
from tools import openapi
from tools.reference import FOLDER, NOTE, page, table

Schema = Mapping[str, Any]
_SOURCE = "the declarations of the routes"
_CODE = re.compile(r"^- `([a-z-]+)`", re.MULTILINE)
_METHODS = ("get", "put", "post", "patch", "delete")


def files() -> dict[Path, str]:
    """Return the generated pages and their texts.

    Raises:
        DocumentError: routes and declarations do not match.
    """
    document = openapi.document()
    operations = list(_operations(document))
    return {
        FOLDER / "api.md": page(_api(document, operations)),
        FOLDER / "problems.md": page(_problems()),
        **{FOLDER / "problems" / f"{code}.md": page(_problem(code, operations)) for code in _codes()},
    }


class _Operation:
    """One operation of the document.

    Attributes:
        name: the method and the path.
        codes: of its problems.
    """

    def __init__(self, document: Schema, method: str, path: str, operation: Schema) -> None:
        self.name = f"{method.upper()} {path}"
        self.tag: str = operation["tags"][0]
        self.summary: str = operation["summary"]
        self.description: str = operation.get("description", "")
        self.needs_token = bool(operation.get("security"))
        self.parameters: list[Schema] = [_resolve(document, each) for each in operation.get("parameters", [])]
        self.body = operation.get("requestBody")
        responses = {status: _resolve(document, each) for status, each in operation["responses"].items()}
        self.successes = [status for status in responses if status < "4"]
        self.codes = {code for each in responses.values() for code in _CODE.findall(each["description"])}


def _operations(document: Schema) -> Iterator[_Operation]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield _Operation(document, method, path, methods[method])


def _resolve(document: Schema, found: Schema) -> Schema:
    while "$ref" in found:
        part: Any = document
        for name in found["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        found = part
    return found


def _api(document: Schema, operations: list[_Operation]) -> Iterator[str]:
    yield "# HTTP API"
    yield NOTE.format(source=_SOURCE)
    yield ""
    yield from document["info"]["description"].rstrip().splitlines()
    yield ""
    yield "[openapi.json](../../functions/public_api/openapi.json) has the schemas of all requests and responses; a stack returns"
    yield "it at `GET /openapi.json`."
    for tag in document["tags"]:
        yield ""
        yield f"## {tag['name']}"
        yield ""
        yield tag["description"]
        for operation in operations:
            if operation.tag == tag["name"]:
                yield from _api_operation(operation)


def _api_operation(operation: _Operation) -> Iterator[str]:
    yield ""
    yield f"### {operation.name}"
    yield ""
    yield operation.summary
    if operation.description:
        yield ""
        yield from operation.description.splitlines()
    yield ""
    if operation.parameters:
        yield from table(
            ("parameter", "in", "required", "description"),
            (
                (
                    f"`{each['name']}`",
                    each["in"],
                    "yes" if each.get("required") else "no",
                    _one_line(each["description"]),
                )
                for each in operation.parameters
            ),
        )
        yield ""
    yield f"Token: {'an ID token' if operation.needs_token else 'none'}. Success: {', '.join(operation.successes)}."
    if operation.codes:
        listed = sorted(operation.codes, key=lambda code: (_status(code), code))
        yield f"Problems: {', '.join(f'[{code}](problems/{code}.md)' for code in listed)}."


def _problems() -> Iterator[str]:
    yield "# Problems"
    yield NOTE.format(source="`domain/errors.py` and `api/problems.py`")
    yield ""
    yield "A problem is an `application/problem+json` document with `type`, `title`, `status`, `detail` and one of these codes."
    yield "Its `type` is the address of a page on the stack that returned it, which explains the problem."
    yield ""
    yield from table(
        ("status", "code", "title"),
        ((str(_status(code)), f"[`{code}`](problems/{code}.md)", _find(code)[1]) for code in _codes()),
    )


def _problem(code: str, operations: list[_Operation]) -> Iterator[str]:
    status, title, explanation = _find(code)
    yield f"# {code}"
    yield NOTE.format(source="`domain/errors.py` and `api/problems.py`")
    yield ""
    yield f"**{status}** {title}"
    yield ""
    yield explanation
    yield ""
    yield "Operations that return it:"
    yield ""
    for operation in operations:
        if code in operation.codes:
            yield f"- [{operation.name}](../api.md#{_anchor(operation.name)}): {operation.summary}"


def _codes() -> Iterator[str]:
    yield from problems.STATUS
    yield problems.INTERNAL


def _find(code: str) -> tuple[int, str, str]:
    found = problems.find(code)
    if found is None:
        raise LookupError(f"{code} has a status in api/problems.py, but no class in domain/errors.py.")
    return found


def _status(code: str) -> int:
    return _find(code)[0]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(heading: str) -> str:
    """Return the anchor that MkDocs gives to a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())
