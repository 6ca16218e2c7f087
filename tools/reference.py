"""Generate the pages of docs/reference from the tables in the code.

States, visibility, policies, sample invocations, request units, cost and capacity.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Any, cast

from handsel.domain import states
from handsel.domain.policy import load_policies
from handsel.domain.privacy import TABLE, Viewer
from local.settings import ROOT
from ops.model.figures import figures, request_units
from ops.model.report import Section, capacity_page, cost_page
from tools import growth
from tools.sample_events import PLACEHOLDERS, Event, samples

FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make generate` from {source}; change it there. -->"


def files() -> dict[Path, str]:
    """Return the generated pages and their texts."""
    pages = {
        "states": _states(),
        "privacy": _privacy(),
        "policies": _policies(),
        "events": _events(),
        "growth": _growth(),
        "request_units": _request_units(),
        "cost": _sections("Cost", "`ops/model/cost.py` and `ops/model/published.py`", cost_page(figures())),
        "capacity": _sections(
            "Capacity", "`ops/model/capacity.py` and `ops/model/published.py`", capacity_page(figures())
        ),
    }
    return {FOLDER / f"{name}.md": page(lines) for name, lines in pages.items()}


def page(lines: Iterable[str]) -> str:
    """Return lines as the text of a file."""
    return "\n".join(lines) + "\n"


def _states() -> Iterator[str]:
    machines = cast("dict[str, dict[str, Any]]", states.build_document())
    yield "# States"
    yield NOTE.format(source="`domain/states.py`")
    yield ""
    yield "A transition that is not in a diagram is rejected. `GET /meta/state-machine` returns the same tables as data."
    for name, description in {
        "gift": "A guard is a condition of the write, so each share is either claimed or released, and never both.",
        "unit": "A unit of a paid order is in exactly one of these places at any time.",
        "order": "An order appears as `refunded` when all its units are refunded; the stored state stays `paid`.",
        "refund": "The units of a refund have already moved when it is `pending`; its state is about the money.",
        "voucher": "A voucher without `valid_until` does not expire. `expired` follows from the clock; it is not stored.",
    }.items():
        yield ""
        yield f"## {name.capitalize()}"
        yield ""
        yield description
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
    yield "The status is computed from the set of the carrier's reports, in any order and with duplicates. It is the"
    yield "final status, if one was reported. Otherwise it is the latest incident by time of occurrence, unless a step of the"
    yield "route occurred after it. Otherwise it is the reported status with the highest rank."
    yield ""
    yield from table(
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


def _privacy() -> Iterator[str]:
    yield "# Visibility"
    yield NOTE.format(source="`domain/privacy.py`")
    yield ""
    yield 'The table applies to every response, list and problem. "Their own" is the viewer\'s own holding or shipment. A buyer'
    yield "sees units for own use like a giver."
    yield ""
    yield from table(
        ("field", *Viewer), ((field, *(str(rule) for rule in rules.values())) for field, rules in TABLE.items())
    )


def _policies() -> Iterator[str]:
    newest = [versions[-1] for versions in load_policies().values()]
    yield "# Policies"
    yield NOTE.format(source="`domain/policies.json`")
    yield ""
    yield "The rules of each policy in its newest version. [policies.md](../policies.md) has their meaning. Durations without a"
    yield "unit are in seconds."
    yield ""
    yield from table(
        ("rule", *(policy.policy_id for policy in newest)),
        ((f"`{name}`", *(_format_rule(policy.rules[name]["value"]) for policy in newest)) for name in newest[0].rules),
    )
    for policy in (policy for versions in load_policies().values() for policy in versions):
        yield ""
        yield f"## {policy.policy_id}, version {policy.version}"
        yield ""
        yield from table(
            ("rule", "value", "source"),
            ((f"`{name}`", _format_rule(rule["value"]), rule["source"]) for name, rule in policy.rules.items()),
        )


def _format_rule(value: object) -> str:
    """Return the value of a rule; of the excluded categories, only the first name of each."""
    if isinstance(value, dict) and all(isinstance(each, list) for each in value.values()):
        value = list(value)
    return f"`{json.dumps(value)}`"


def _growth() -> Iterator[str]:
    yield "# Growth"
    yield NOTE.format(source="`tools/growth.py`")
    yield ""
    yield "Everything that a caller can make longer or more, its bound, and the effect at the bound. A request body has at most"
    yield "64 KB, and every string and list in it a maximum of its own (see the OpenAPI document)."
    for title, rows in growth.TABLES.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield from table(
            ("grows", "by", "bound", "at the bound"), ((row.name, row.by, row.bound, row.effect) for row in rows)
        )


def _events() -> Iterator[str]:
    yield "# Sample invocations"
    yield NOTE.format(source="`tools/sample_events.py`")
    yield ""
    yield "`events/` has a sample for every function and every route. Invoked in this order on a new stack, each returns the"
    yield "status in the last column. Invoked again, they change nothing and return the same, except that claims return"
    yield "200, an order that was cancelled since and a parcel that was shipped since 409."
    placeholders = " and ".join(f"`{each}`" for each in PLACEHOLDERS)
    yield f"{placeholders} are placeholders for random values, which earlier invocations return."
    yield ""
    yield "```sh"
    yield "LOCAL_BIND_HOST=0.0.0.0 make up    # so that containers can reach the table"
    yield "make invoke EVENT=events/post_confirmation_sign_up.json"
    yield "```"
    yield ""
    yield from table(
        ("", "event", "function", "route", "description", "status"),
        (
            (
                str(number),
                f"[{event.name}](../../events/{event.file.name})",
                event.function,
                f"`{event.route}`" if event.route else "",
                event.description,
                _format_status(event),
            )
            for number, event in enumerate(samples(), 1)
        ),
    )


def _request_units() -> Iterator[str]:
    yield "# Request units"
    yield NOTE.format(source="`ops/model/request_units.toml`")
    yield ""
    yield "The calls to DynamoDB of each operation (those that read, those that write), and their request units. Measured with"
    yield "the demo's products and ids of the user pool's length, in a process that has cached the caller and the product;"
    yield "`tests/integration/test_costs.py` verifies them. `follow` is the projection of all stream records of an"
    yield "operation in one batch, `record` that of a single record."
    yield ""
    yield from table(
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
        if section.text:
            yield ""
            yield "\n".join(_wrapped(line) for line in section.text.splitlines())
        if section.rows:
            yield ""
            yield from table(section.head, section.rows)


def _wrapped(line: str) -> str:
    return fill(
        line, 120, subsequent_indent="  " * line.startswith("- "), break_long_words=False, break_on_hyphens=False
    )


def _format_status(event: Event) -> str:
    if event.status is None:
        return ""
    early = event.status_while_open
    return str(event.status) if early is None else f"{event.status}; {early} while the claim window is open"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
