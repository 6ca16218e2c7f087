"""What `cost` and `capacity` say, as tables: for operators on their screen, and in docs/reference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from handsel.store import keys
from handsel.store.concurrency import MAX_THREADS
from ops.model import capacity, cost, published
from ops.model.cost import MILLION, Case, Step, Usage, dynamodb, usd
from ops.model.figures import ASSUMED, Figures
from ops.model.published import PRICES, Meter, Published


@dataclass(frozen=True, slots=True)
class Section:
    """Words, and a table with a head, or only words. All of it is Markdown."""

    title: str
    said: str
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()


def _money(value: float) -> str:
    return f"{value:,.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _a_million(usage: Usage) -> str:
    return _money(usd(usage) * MILLION)


# --- cost -------------------------------------------------------------------------------------------------------------


def cost_page(figures: Figures) -> list[Section]:
    return [
        Section("What a gift costs", _summary(figures)),
        _by_service(figures),
        _by_step(figures),
        _cases("Other gifts", "What they cost more or less than that one.", cost.mixes(figures)),
        _designs(figures),
        _cases("What would make it cheaper", "Each by itself; none of it is done.", cost.savings(figures)),
        _idle(figures),
        _assumptions(figures),
        _prices(),
    ]


def _summary(figures: Figures) -> str:
    giving, following = cost.giving(figures), cost.following(figures)
    whole, table = usd(giving) * MILLION, dynamodb(giving) * MILLION
    kept = usd(cost.KEPT) * MILLION
    enough = cost.GOAL_DYNAMODB / (PRICES[Meter.WRITE].each * MILLION)
    return (
        f"A million gifts cost **{_money(whole)} USD** at list prices; {_money(table)} of it is DynamoDB. What follows from the "
        f"stream is {_money(usd(following) * MILLION)} more: events, messages, counts and recommendations. A month of keeping "
        f"is in it ({_money(kept)}), and comes again each month.\n\n"
        f"The goal was {cost.GOAL_ALL} USD, {cost.GOAL_DYNAMODB} of them for DynamoDB: it is "
        f"**{_against(whole, cost.GOAL_ALL)}**, and DynamoDB is **{_against(table, cost.GOAL_DYNAMODB)}**. For "
        f"{cost.GOAL_DYNAMODB} USD there are {enough:.1f} write units a gift, and one takes {_number(giving[Meter.WRITE])}: "
        "three transactions at twice the price of plain writes, entries of indexes, and a lost race.\n\n"
        "A gift is eight calls of the API: it is bought, given, looked at, claimed, claimed in vain by three more, of whom one "
        "lost a race, and its order is read. Then its timer ends. Everything comes alone, as on a quiet stack; what comes "
        "together is cheaper."
    )


def _against(value: float, goal: float) -> str:
    return f"{_money(abs(value - goal))} {'over' if value > goal else 'under'}"


def _by_service(figures: Figures) -> Section:
    parts = {
        "eight calls": cost.usage_of_steps(cost.GIFT, figures),
        "the timer's end": cost.usage_of_steps((cost.ENDED,), figures),
        "kept for a month": cost.KEPT,
        "a gift": cost.giving(figures),
        "what follows": cost.following(figures),
    }
    services = list(cost.by_service(cost.sum_usage(parts["a gift"], parts["what follows"])))
    by_part = [cost.by_service(usage) for usage in parts.values()]
    rows = [
        (service, *(_money(each.get(service, 0) * MILLION) if service in each else "" for each in by_part))
        for service in services
    ]
    rows.append(("**all**", *(f"**{_a_million(usage)}**" for usage in parts.values())))
    return Section("By service", "USD for a million gifts.", ("service", *parts), rows)


def _by_step(figures: Figures) -> Section:
    def row(step: Step, number: int) -> tuple[str, ...]:
        units, usage = figures.units[step.operation], cost.usage_of(step, figures)
        name = step.operation + (f", {number} times" if number > 1 else "")
        return (
            name,
            f"{figures.memory[step.function]}",
            f"{cost.duration_ms(step, figures):.0f}",
            _number(units.calls),
            f"{units.rru:g}",
            f"{units.wru:g}",
            _money(number * dynamodb(usage) * MILLION),
            _money(number * usd(usage) * MILLION),
        )

    steps = (*cost.GIFT, cost.ENDED, *cost.FOLLOWED)
    return Section(
        "By step",
        "Calls and units are of one, and measured; USD are of a million gifts. What begins with `record` or `follow` is what "
        "follows from the stream.",
        ("step", "MB", "ms", "calls", "RRU", "WRU", "USD, DynamoDB", "USD, all"),
        [row(step, len(list(same))) for step, same in groupby(steps)],
    )


def _cases(title: str, said: str, cases: Iterable[Case]) -> Section:
    rows = [
        (case.name, f"{usd(case.usage) * MILLION:+,.2f}", f"{dynamodb(case.usage) * MILLION:+,.2f}", case.said)
        for case in cases
    ]
    return Section(title, said, ("", "USD, all", "USD, DynamoDB", ""), rows)


def _designs(figures: Figures) -> Section:
    cases = cost.designs(figures)
    rows = [
        (case.name, _a_million(case.usage), _money(dynamodb(case.usage) * MILLION), _money(case.monthly), case.said)
        for case in cases
    ]
    gifts = cases[-1].monthly / dynamodb(cost.giving(figures))
    said = (
        "This one with one thing otherwise, by the same model, for a million gifts without what follows; and USD a month that "
        f"it takes more without a gift. What {cases[-1].name.removeprefix('with ')} takes a month before its first gift, "
        f"DynamoDB takes for {gifts / MILLION:.1f} million of them."
    )
    return Section("Other designs", said, ("", "USD, all", "USD, DynamoDB", "USD a month", ""), rows)


def _idle(figures: Figures) -> Section:
    parts = cost.idle(figures)
    rows = [(name, _money(usd(usage))) for name, usage in parts.items()]
    rows.append(("**all**", f"**{_money(usd(cost.sum_usage(*parts.values())))}**"))
    return Section(
        "A stack that nobody uses",
        "USD a month. Of Cognito, the first 10,000 people of a month who sign in cost nothing; then each does.",
        ("what", "USD"),
        rows,
    )


def _assumptions(figures: Figures) -> Section:
    steps = (*cost.GIFT, cost.ENDED, *cost.FOLLOWED)
    logged = [step.logged for step in steps]
    guessed = sorted({step.function for step in steps} - figures.times.keys())
    measured = "of all functions here are measured (`ops/model/measured_times.json`)"
    if guessed:
        measured = (
            f"are assumed to be {ASSUMED.warm_ms:g} ms of a whole processor for a warm request and {ASSUMED.init_ms:g} ms for "
            f"INIT, of {', '.join(guessed)}; those of other functions are measured"
        )
    rows = [
        (
            "units",
            "of the real handlers on typical items (`ops/model/request_units.toml`); a refused transaction is taken to be "
            "charged in full, which is not documented",
        ),
        ("times", measured),
        ("memory", "of `template.yaml`; a function has a processor's share of it, and INIT a whole one"),
        _said("a call to DynamoDB or the bus", published.ONE_ITEM_MS, " ms"),
        _said("a transaction", published.TRANSACTION_MS, " ms"),
        _said("memory", published.VCPU_MB, " MB"),
        _said("cold starts", published.COLD_SHARE),
        _said("traces", published.TRACED_SHARE),
        ("answers", f"the bodies of the demo's, and {cost.HEADER_BYTES} bytes of headers; nothing is compressed"),
        ("logs", f"a line of each request and what it counts, {min(logged)} to {max(logged)} bytes; see `make bench`"),
        ("kept", f"{cost.TABLE_BYTES:,} bytes a gift in the table, {cost.INDEX_BYTES:,} in its indexes"),
        ("free", "reading the stream from Lambda, deletion by time to live, JWT authorizers, delivery of events to Lambda"),
        ("left out", "free tiers, savings plans, sign-in, payment, pictures, and what callers pay for their side of the network"),
    ]  # fmt: skip
    return Section("Assumptions", "", ("of", ""), rows)


def _said(of: str, figure: Published, unit: str = "") -> tuple[str, str]:
    value = f"{figure.value:.0%}" if figure.value < 1 else f"{figure.value:,g}{unit}"
    return of, f"{value}: {figure.said} ([source]({figure.source}))"


def _prices() -> Section:
    rows = [
        (price.service, meter, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.source)
        for meter, price in PRICES.items()
    ]
    return Section(
        "Prices",
        f"On demand, {published.REGION}, first tier, as known on {published.AS_OF}. They are in `ops/model/published.py`.",
        ("service", "what", "USD", "for", "published at"),
        rows,
    )


# --- capacity ---------------------------------------------------------------------------------------------------------


def capacity_page(figures: Figures) -> list[Section]:
    limits = capacity.limits(figures)
    whole = [limit for limit in limits if limit.whole]
    return [
        Section("How many gifts a second", _first(whole)),
        _table("What comes first", "Of all gifts together, with the quotas that an account starts with.", whole),
        _table(
            "Of one thing",
            "If all of them were of one product, store or giver, or all claims of one gift: so many a second of that one.",
            [limit for limit in limits if not limit.whole],
        ),
        *(_at(rate, whole) for rate in capacity.RATES),
        _shards(figures),
        Section("More shards of the due index", _resharding()),
        _capacity_assumptions(figures),
    ]


def _first(limits: Sequence[capacity.ServiceLimit]) -> str:
    lines = [
        f"A new stack in a new account takes about **{_number(limits[0].gifts)} gifts a second**: {limits[0].name} comes first. "
        "A gift is eight calls and what follows from them, as in [cost](cost.md). Computed from measured figures and published "
        "quotas; none of these rates was tried.",
        "",
    ]
    for rate in capacity.RATES:
        broken = [limit for limit in limits if limit.used(rate) > 1]
        lines.append(
            f"- At {rate:,} gifts a second {len(broken)} of {len(limits)} limits are passed: "
            + ", ".join(f"{limit.name} ({_number(limit.used(rate))} times)" for limit in broken[:3])
            + (", and more." if len(broken) > 3 else ".")
        )
    return "\n".join(lines)


def _table(title: str, said: str, limits: Iterable[capacity.ServiceLimit]) -> Section:
    rows = [
        (
            limit.name,
            _number(limit.gifts),
            f"{_number(limit.demand)} of {_number(limit.capacity)} {limit.unit}",
            limit.harm,
            limit.source,
        )
        for limit in limits
    ]
    head = ("limit", "a second", "one takes, of what there is", "beyond it", "published at")
    return Section(title, said, head, rows)


def _at(rate: float, limits: Iterable[capacity.ServiceLimit]) -> Section:
    rows = [
        (f"{_number(limit.used(rate))} times", limit.name, limit.change) for limit in limits if limit.used(rate) > 1
    ]
    return Section(f"At {rate:,} gifts a second", _advice(rate), ("needs", "of", "what to change"), rows)


def _advice(rate: float) -> str:
    if rate < capacity.RATES[-1]:
        return "In this order."
    return (
        "In this order. That is more than one account is made for: quotas are raised by ten, hardly by a hundred. Nothing that "
        "is written together is of two givers' orders, so givers can be spread over stacks in accounts of their own; who gets "
        "gifts from several of them then has to ask each."
    )


def _shards(figures: Figures) -> Section:
    rows = [
        (reader.name, f"{reader.brings:.0f}", f"{reader.takes:.0f}", f"{reader.used:.0%}", reader.change)
        for reader in capacity.readers(figures)
    ]
    return Section(
        "How full a shard of the stream may be",
        "There is a shard for each partition of the table, so more writes have more readers; what counts is whether a shard "
        f"that has all the {_number(published.PARTITION_WRITES.value)} units a second of its partition is read in time. Gifts "
        "a second of one shard:",
        ("reader", "brings", "takes", "full", "what to change"),
        rows,
    )


def _resharding() -> str:
    return (
        f"`keys.DUE_SHARDS` is {keys.DUE_SHARDS}. An entry is in the shard that its item was written with, and is removed with "
        "what the item has, so **raising** the constant is safe by itself: writers use the new shards, and readers look at all "
        "of them, also at those of before. While functions are being replaced a sweep of before does not see the new shards: "
        "what is due there is settled a minute later. Until the last gift of before has ended (`ClaimWindowSeconds`), `ops "
        "audit` says `index-differs` of each: that is not damage. Each sweep and audit asks four kinds of entries of every "
        "shard, 0.5 RRU each.\n\n"
        "**Lowering** it hides what is in the shards that are left out: first let `keys.due_shard` use fewer while readers go on "
        "with all, wait until the last gift of before has ended and `ops settle` finds nothing, then let readers use fewer."
    )


def _capacity_assumptions(figures: Figures) -> Section:
    rows = [
        ("unclaimed gifts", f"{capacity.UNCLAIMED:.0%}"),
        ("signing in", f"{_number(capacity.SIGN_INS_A_GIFT)} person a gift; the others have a token of today"),
        ("recommendations", "every purchase is of a product that is new to its buyer's taste"),
        ("an item's next version", f"{capacity.VERSION_MS:g} ms from reading it to having written it"),
        ("a sweep", f"{capacity.SWEEP_SECONDS} s of each minute, {MAX_THREADS} gifts side by side"),
        (
            "settling",
            f"{capacity.RESTORED_CPU_MS:g} ms of a processor for a record of the stream, {capacity.SWEPT_CPU_MS:g} ms for a gift "
            "that is swept, as `make bench` measured",
        ),
        ("writes", "of the table and of its indexes together, as if one quota held for all of them"),
        ("times", "as in [cost](cost.md)"),
        _said("a call to DynamoDB", published.ONE_ITEM_MS, " ms"),
        _said("a transaction", published.TRANSACTION_MS, " ms"),
    ]
    return Section("Assumptions", "", ("of", ""), rows)
