"""Generate the pages of docs/reference from the tables in the code.

States, problems, visibility, sample invocations, request units, cost and capacity.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Any, cast

from handsel.api.problems import STATUS
from handsel.domain import errors, states
from handsel.domain.privacy import TABLE, Viewer
from local.settings import ROOT
from ops.model.figures import figures, request_units
from ops.model.report import Section, capacity_page, cost_page
from tools.sample_events import PLACEHOLDERS, Event, story

FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make generate` from {source}; change it there. -->"


def files() -> dict[Path, str]:
    """What every page has to say."""
    pages = {
        "states": _states(),
        "problems": _problems(),
        "privacy": _privacy(),
        "events": _events(),
        "request_units": _request_units(),
        "cost": _sections("Cost", "`ops/model/cost.py` and `ops/model/published.py`", cost_page(figures())),
        "capacity": _sections(
            "Capacity", "`ops/model/capacity.py` and `ops/model/published.py`", capacity_page(figures())
        ),
    }
    return {FOLDER / f"{name}.md": _page(lines) for name, lines in pages.items()}


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _states() -> Iterator[str]:
    machines = cast("dict[str, dict[str, Any]]", states.build_document())
    yield "# States"
    yield NOTE.format(source="`domain/states.py`")
    yield ""
    yield "A transition that is not in a diagram is refused. `GET /meta/state-machine` returns the same as data."
    for name, said in {
        "gift": "A guard is a condition of the write, so each share is either claimed or returned, and not both.",
        "unit": "A unit of a paid order is in exactly one of these places.",
        "order": "An order is shown as `refunded` once all its units are; the stored state stays `paid`.",
        "refund": "The units of a refund have moved before it is `pending`; its state is about the money.",
        "voucher": "A voucher without `valid_until` does not expire. `expired` follows from the clock; it is not stored.",
    }.items():
        yield ""
        yield f"## {name.capitalize()}"
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
    yield "## Shipment"
    yield ""
    yield "The status is a function of the set of reports of the carrier, in whatever order and however often they come: a"
    yield "final status if one was reported; else the last incident by time of occurrence, unless a step of the route occurred"
    yield "after it; else the highest rank."
    yield ""
    yield from _table(
        ("status", "rank", "final"),
        (
            (
                f"`{status}`",
                "incident" if entry.rank is None else str(entry.rank),
                "yes" if entry.final else "",
            )
            for status, entry in states.SHIPMENT_STATUS_RANKS.items()
        ),
    )


def _problems() -> Iterator[str]:
    titles = {refusal.code: refusal.title for refusal in _refusals(errors.ApiProblem)}
    yield "# Problems"
    yield NOTE.format(source="`domain/errors.py` and `api/problems.py`")
    yield ""
    yield "Every refusal is an `application/problem+json` with `type`, `title`, `status`, `detail` and one of these codes."
    yield ""
    yield from _table(
        ("status", "code", "what it says"), ((str(s), f"`{code}`", titles[code]) for code, s in STATUS.items())
    )


def _refusals(base: type[errors.ApiProblem]) -> Iterator[type[errors.ApiProblem]]:
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


def _events() -> Iterator[str]:
    yield "# Sample invocations"
    yield NOTE.format(source="`tools/sample_events.py`")
    yield ""
    yield "`events/` has one for every function and every route. They are one story: told in this order, on a stack on which it"
    yield "was not told before, each answers what is said here. Told again nothing is done twice: the answers are the same, but"
    placeholders = " and ".join(f"`{each}`" for each in PLACEHOLDERS)
    yield f"that a claim answers 200. {placeholders} stand for what nobody can know before it is made."
    yield ""
    yield "```sh"
    yield "LOCAL_BIND_HOST=0.0.0.0 make up    # containers reach the table by this machine's other addresses"
    yield "make invoke EVENT=events/post_confirmation_sign_up.json"
    yield "```"
    yield ""
    yield from _table(
        ("", "event", "function", "call", "what happens", "answers"),
        (
            (
                str(number),
                f"[{event.name}](../../events/{event.file.name})",
                event.function,
                f"`{event.route}`" if event.route else "",
                event.said,
                _answers(event),
            )
            for number, event in enumerate(story(), 1)
        ),
    )


def _request_units() -> Iterator[str]:
    yield "# Request units"
    yield NOTE.format(source="`ops/model/request_units.toml`")
    yield ""
    yield "The calls to DynamoDB of each operation (those that read, those that write), and their request units. Measured with"
    yield "the demo's products and ids as long as those of a user pool, in a process that knows the caller and the product;"
    yield "`tests/integration/test_costs.py` measures them again. `follow` is the projector's work on all stream records of an"
    yield "operation in one batch, `record` on one record by itself."
    yield ""
    yield from _table(
        ("operation", "reads", "writes", "RRU", "WRU"),
        (
            (operation, f"{units.reads}", f"{units.writes}", f"{units.rru:g}", f"{units.wru:g}")
            for operation, units in request_units().items()
        ),
    )


def _sections(title: str, source: str, sections: Iterable[Section]) -> Iterator[str]:
    yield f"# {title}"
    yield NOTE.format(source=source)
    for section in sections:
        yield ""
        yield f"## {section.title}"
        if section.said:
            yield ""
            yield "\n".join(_wrapped(line) for line in section.said.splitlines())
        if section.rows:
            yield ""
            yield from _table(section.head, section.rows)


def _wrapped(line: str) -> str:
    return fill(
        line, 120, subsequent_indent="  " * line.startswith("- "), break_long_words=False, break_on_hyphens=False
    )


def _answers(event: Event) -> str:
    if event.answers is None:
        return ""
    early = event.answers_before_the_end
    return str(event.answers) if early is None else f"{event.answers}; {early} while the window is open"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
