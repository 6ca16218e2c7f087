"""The pages of docs/reference, from the tables in the code: states, refusals, who may see what."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from handsel.api.problems import STATUS
from handsel.domain import errors, states
from handsel.domain.privacy import TABLE, Viewer
from local import cli
from local.settings import ROOT

FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make generate` from {source}; change it there. -->"


def main(*, check: bool) -> int:
    """Write the pages that are not right, or say which those are; answer 1 when `check` found one."""
    wrong = [name for name, text in pages().items() if _committed(name) != text]
    if check and wrong:
        cli.say(
            f"Not as the code has it: {', '.join(wrong)} in {FOLDER.relative_to(ROOT)}. Run: make generate", error=True
        )
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in wrong:
        (FOLDER / name).write_text(pages()[name])
        cli.say(f"Wrote {(FOLDER / name).relative_to(ROOT)}")
    return 0


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"states.md": _page(_states()), "problems.md": _page(_problems()), "privacy.md": _page(_privacy())}


def _committed(name: str) -> str | None:
    path = FOLDER / name
    return path.read_text() if path.exists() else None


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _states() -> Iterator[str]:
    machines = cast("dict[str, dict[str, Any]]", states.document())
    yield "# States"
    yield NOTE.format(source="`domain/states.py`")
    yield ""
    yield "What is not in a diagram is refused. `GET /meta/state-machine` answers the same as data."
    for name, said in {
        "gift": "A guard is a condition of the write, so of a claim and the return exactly one happens to each share.",
        "unit": "A unit of a paid order is in exactly one of these places.",
    }.items():
        yield ""
        yield f"## A {name}"
        yield ""
        yield said
        yield ""
        yield "```mermaid"
        yield "stateDiagram-v2"
        yield f"    [*] --> {machines[name]['initial']}"
        for step in machines[name]["transitions"]:
            guards = f" [{', '.join(step['guards'])}]" if step["guards"] else ""
            yield f"    {step['from']} --> {step['to']}: {step['action']}{guards}"
        yield "```"
    yield ""
    yield "## A shipment"
    yield ""
    yield "Its status is a function of the set of what the carrier reported, in whatever order and however often: a final"
    yield "status if one was reported; else the last mishap by time of occurrence, unless something of the way occurred after"
    yield "it; else the highest rank."
    yield ""
    yield from _table(
        ("status", "rank", "final"),
        (
            (
                f"`{status}`",
                "beside the way" if standing.rank is None else str(standing.rank),
                "yes" if standing.final else "",
            )
            for status, standing in states.SHIPMENT_STANDINGS.items()
        ),
    )


def _problems() -> Iterator[str]:
    titles = {refusal.code: refusal.title for refusal in _refusals(errors.Refusal)}
    yield "# Problems"
    yield NOTE.format(source="`domain/errors.py` and `api/problems.py`")
    yield ""
    yield "Every refusal is an `application/problem+json` with `type`, `title`, `status`, `detail` and one of these codes."
    yield ""
    yield from _table(
        ("status", "code", "what it says"), ((str(s), f"`{code}`", titles[code]) for code, s in STATUS.items())
    )


def _refusals(base: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
    for refusal in base.__subclasses__():
        yield refusal
        yield from _refusals(refusal)


def _privacy() -> Iterator[str]:
    yield "# Who may see what"
    yield NOTE.format(source="`domain/privacy.py`")
    yield ""
    yield 'It holds in every answer, list and refusal. "Their own" is about the viewer\'s own holding or shipment; who bought'
    yield "something for themselves sees it as a giver does."
    yield ""
    yield from _table(
        ("what", *Viewer), ((fact, *(str(rule) for rule in rules.values())) for fact, rules in TABLE.items())
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
