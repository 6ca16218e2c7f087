"""Render cost and capacity as text and tables, for the commands and docs/reference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from handsel.store import keys
from handsel.store.concurrency import MAX_THREADS
from ops.model import capacity, cost, published
from ops.model.cost import MILLION, Case, Step, Usage, dynamodb_usd, usd
from ops.model.figures import ASSUMED, Figures
from ops.model.published import PRICES, Meter, Published


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a report in Markdown: a text, and a table if it has a head."""

    title: str
    text: str
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()


def _money(value: float) -> str:
    return f"{value:,.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _usd_per_million(usage: Usage) -> str:
    return _money(usd(usage) * MILLION)


# --- cost -------------------------------------------------------------------------------------------------------------


def cost_page(figures: Figures) -> list[Section]:
    """Return the cost report."""
    return [
        Section("Cost of a gift", _summary(figures)),
        _by_service(figures),
        _by_step(figures),
        _cases("Other gifts", "The difference to the gift above.", cost.other_gifts(figures)),
        _designs(figures),
        _cases("Possible savings", "Each by itself; none is implemented.", cost.savings(figures)),
        _idle(figures),
        _public(figures),
        _assumptions(figures),
        _prices(),
    ]


def _summary(figures: Figures) -> str:
    gift, projections = cost.gift_usage(figures), cost.projection_usage(figures)
    total, table = usd(gift) * MILLION, dynamodb_usd(gift) * MILLION
    storage = usd(cost.STORAGE) * MILLION
    affordable = cost.TARGET_DYNAMODB / (PRICES[Meter.WRITE].each * MILLION)
    return (
        f"A million gifts cost **{_money(total)} USD** at list prices, of which {_money(table)} are for DynamoDB. Projections "
        f"(events, messages, counters and recommendations) cost {_money(usd(projections) * MILLION)} more. A month of storage "
        f"is included ({_money(storage)}); each further month costs the same again.\n\n"
        f"The target is {cost.TARGET_TOTAL} USD, of which {cost.TARGET_DYNAMODB} for DynamoDB. The total is "
        f"**{_difference(total, cost.TARGET_TOTAL)}**, and DynamoDB is **{_difference(table, cost.TARGET_DYNAMODB)}**. "
        f"{cost.TARGET_DYNAMODB} USD pay for {affordable:.1f} write units per gift, and a gift takes "
        f"{_number(gift[Meter.WRITE])}: three transactions at twice the price of plain writes, index entries, and a lost race."
        "\n\n"
        "A gift takes eight API requests: buy, give, preview, a claim, three failed claims (one of which loses a race), and "
        "reading the order. Then its timer ends. Each stream record is processed by itself, as at a low rate; batches are "
        "cheaper."
    )


def _difference(value: float, target: float) -> str:
    return f"{_money(abs(value - target))} {'over' if value > target else 'under'} the target"


def _by_service(figures: Figures) -> Section:
    parts = {
        "eight requests": cost.usage_of_steps(cost.GIFT, figures),
        "end of the timer": cost.usage_of_steps((cost.TIMER_ENDED,), figures),
        "storage for a month": cost.STORAGE,
        "gift": cost.gift_usage(figures),
        "projections": cost.projection_usage(figures),
    }
    services = list(cost.by_service(cost.sum_usage(parts["gift"], parts["projections"])))
    by_part = [cost.by_service(usage) for usage in parts.values()]
    rows = [
        (service, *(_money(each.get(service, 0) * MILLION) if service in each else "" for each in by_part))
        for service in services
    ]
    rows.append(("**total**", *(f"**{_usd_per_million(usage)}**" for usage in parts.values())))
    return Section("By service", "USD per million gifts.", ("service", *parts), rows)


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
            _money(number * dynamodb_usd(usage) * MILLION),
            _money(number * usd(usage) * MILLION),
        )

    steps = (*cost.GIFT, cost.TIMER_ENDED, *cost.PROJECTED)
    return Section(
        "By step",
        "Calls and request units are measured and for one invocation; USD are per million gifts. Steps that begin with `record` "
        "or `follow` are projections.",
        ("step", "MB", "ms", "calls", "RRU", "WRU", "USD, DynamoDB", "USD, total"),
        [row(step, len(list(same))) for step, same in groupby(steps)],
    )


def _cases(title: str, text: str, cases: Iterable[Case]) -> Section:
    rows = [
        (
            case.name,
            f"{usd(case.usage) * MILLION:+,.2f}",
            f"{dynamodb_usd(case.usage) * MILLION:+,.2f}",
            case.description,
        )
        for case in cases
    ]
    return Section(title, text, ("case", "USD, total", "USD, DynamoDB", "difference"), rows)


def _designs(figures: Figures) -> Section:
    cases = cost.designs(figures)
    rows = [
        (
            case.name,
            _usd_per_million(case.usage),
            _money(dynamodb_usd(case.usage) * MILLION),
            _money(case.monthly),
            case.description,
        )
        for case in cases
    ]
    gifts = cases[-1].monthly / dynamodb_usd(cost.gift_usage(figures))
    text = (
        "This design with one difference each, by the same model: USD per million gifts without projections, and additional USD "
        f"per month without gifts. The monthly price of {cases[-1].name.removeprefix('with ')} pays for the DynamoDB usage of "
        f"{gifts / MILLION:.1f} million gifts."
    )
    return Section(
        "Other designs", text, ("design", "USD, total", "USD, DynamoDB", "USD per month", "difference"), rows
    )


def _idle(figures: Figures) -> Section:
    parts = cost.idle(figures)
    rows = [(name, _money(usd(usage))) for name, usage in parts.items()]
    rows.append(("**total**", f"**{_money(usd(cost.sum_usage(*parts.values())))}**"))
    return Section(
        "A stack without requests",
        "USD per month. In Cognito, the first 10,000 users who sign in in a month are free.",
        ("resource", "USD"),
        rows,
    )


def _public(figures: Figures) -> Section:
    usages = [(route, cost.public_usage(route, figures)) for route in figures.public]
    days = sorted(((route, usd(small), usd(large)) for route, (small, large) in usages), key=lambda day: -day[2])
    rows = [
        (f"`{route.key}`", _number(route.rate), _number(route.largest), _money(small), _money(large))
        for route, small, large in days
    ]
    total, largest = sum(small for _, small, _ in days), sum(large for _, _, large in days)
    rows.append(("**total**", "", "", f"**{_money(total)}**", f"**{_money(largest)}**"))
    return Section(
        "Requests without authentication",
        "The most that callers without an account can cost: USD per day, if a route is called at its limit day and night, by "
        "all callers together. The last column is for the largest response of each route, not compressed; most of it is "
        "data transfer. Lower limits (`RouteSettings` in template.yaml), a CDN with a rate limit for each address, and an "
        "AWS budget with an alarm make it less.",
        ("route", "requests per second", "largest response, bytes", "USD per day", "USD per day, largest response"),
        rows,
    )


def _assumptions(figures: Figures) -> Section:
    steps = (*cost.GIFT, cost.TIMER_ENDED, *cost.PROJECTED)
    logged = [step.logged for step in steps]
    unmeasured = sorted({step.function for step in steps} - figures.times.keys())
    measured = "all are measured (`ops/model/measured_times.json`)"
    if unmeasured:
        measured = (
            f"assumed for {', '.join(unmeasured)}: {ASSUMED.warm_ms:g} ms of a whole processor for a warm request, "
            f"{ASSUMED.init_ms:g} ms for INIT; measured for the other functions"
        )
    rows = [
        (
            "units",
            "measured on the real handlers with typical items (`ops/model/request_units.toml`); a failed transaction is assumed "
            "to be charged in full, which is not documented",
        ),
        ("processor times", measured),
        ("memory", "from `template.yaml`; it determines the share of a processor; INIT has a whole processor"),
        _assumption("a call to DynamoDB or the bus", published.ONE_ITEM_MS, " ms"),
        _assumption("a transaction", published.TRANSACTION_MS, " ms"),
        _assumption("memory of one vCPU", published.VCPU_MB, " MB"),
        _assumption("cold starts", published.COLD_SHARE),
        _assumption("traces", published.TRACED_SHARE),
        ("responses", f"the bodies of the demo and {cost.HEADER_BYTES} bytes of headers; not compressed"),
        (
            "logs",
            f"one line per request with its metrics, {min(logged)} to {max(logged)} bytes (see `make bench`), and one of the "
            f"access log, {cost.ACCESS_LOG_BYTES} bytes",
        ),
        ("storage", f"{cost.TABLE_BYTES:,} bytes per gift in the table, {cost.INDEX_BYTES:,} in its indexes"),
        ("free", "stream reads by Lambda, deletion by time to live, JWT authorizers, delivery of events to Lambda"),
        ("excluded", "free tiers, savings plans, sign-in, payment providers, pictures, and network costs of clients"),
    ]  # fmt: skip
    return Section("Assumptions", "", ("subject", "assumption"), rows)


def _assumption(subject: str, figure: Published, unit: str = "") -> tuple[str, str]:
    value = f"{figure.value:.0%}" if figure.value < 1 else f"{figure.value:,g}{unit}"
    return subject, f"{value}: {figure.meaning} ([source]({figure.source}))"


def _prices() -> Section:
    rows = [
        (price.service, meter, f"{price.usd:.10f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.source)
        for meter, price in PRICES.items()
    ]
    return Section(
        "Prices",
        f"On demand, {published.REGION}, first tier, as published on {published.AS_OF}, from `ops/model/published.py`.",
        ("service", "meter", "USD", "per", "source"),
        rows,
    )


# --- capacity ---------------------------------------------------------------------------------------------------------


def capacity_page(figures: Figures) -> list[Section]:
    """Return the capacity report."""
    limits = capacity.limits(figures)
    whole = [limit for limit in limits if limit.whole]
    return [
        Section("Gifts per second", _overview(whole)),
        _table(
            "Limits of all gifts together",
            "With the usual initial quotas of an account, if the name does not tell otherwise.",
            whole,
        ),
        _table(
            "Limits of one product, store, giver or gift",
            "If all gifts were of one product, store or giver, or all claims of one gift.",
            [limit for limit in limits if not limit.whole],
        ),
        *(_changes_for(rate, whole) for rate in capacity.RATES),
        _stream_shards(figures),
        _sign_ups(),
        Section("Changing the number of due index shards", _resharding()),
        _capacity_assumptions(figures),
    ]


def _overview(limits: Sequence[capacity.ServiceLimit]) -> str:
    usual = next(limit for limit in limits if "in a new account" not in limit.name)
    lines = [
        f"A new stack in a new account handles about **{limits[0].gifts:.0f} gifts per second**. The first limit is "
        f"{limits[0].name}. With the usual quotas of Lambda it handles about **{usual.gifts:.0f} gifts per second**; the first "
        f"limit is then {usual.name}. A gift is eight requests and their projections, as in [cost](cost.md), and a first visit "
        "to its page. The rates are computed from measurements and published quotas; none of them was tested.",
        "",
    ]
    for rate in capacity.RATES:
        exceeded = [limit for limit in limits if limit.usage_at(rate) > 1]
        lines.append(
            f"- At {rate:,} gifts per second, {len(exceeded)} of {len(limits)} limits are exceeded: "
            + ", ".join(f"{limit.name} ({_number(limit.usage_at(rate))} times)" for limit in exceeded[:3])
            + (", and more." if len(exceeded) > 3 else ".")
        )
    return "\n".join(lines)


def _table(title: str, text: str, limits: Iterable[capacity.ServiceLimit]) -> Section:
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
    head = ("limit", "gifts per second", "demand of a gift, of the capacity", "beyond the limit", "source")
    return Section(title, text, head, rows)


def _changes_for(rate: float, limits: Iterable[capacity.ServiceLimit]) -> Section:
    rows = [
        (f"{_number(limit.usage_at(rate))} times", limit.name, limit.change)
        for limit in limits
        if limit.usage_at(rate) > 1
    ]
    return Section(f"At {rate:,} gifts per second", _advice(rate), ("demand", "limit", "change"), rows)


def _advice(rate: float) -> str:
    if rate < capacity.RATES[-1]:
        return "The largest demand first."
    return (
        "The largest demand first. This exceeds a single account: AWS may raise quotas by 10 times, but hardly by 100. No "
        "transaction writes the orders of two givers, so givers can be distributed over stacks in several accounts. A recipient "
        "of gifts from several stacks then has to query each of them."
    )


def _stream_shards(figures: Figures) -> Section:
    rows = [
        (each.name, f"{each.arriving:.0f}", f"{each.processed:.0f}", f"{each.utilization:.0%}", each.change)
        for each in capacity.stream_consumers(figures)
    ]
    return Section(
        "Stream shards",
        "The stream has a shard for each partition of the table, so consumers scale with the writes. The consumers must keep up "
        f"with a shard whose partition takes its maximum of {_number(published.PARTITION_WRITES.value)} WRU per second. In gifts "
        "per second and shard:",
        ("consumer", "arriving", "can be processed", "utilization", "change"),
        rows,
    )


def _sign_ups() -> Section:
    rows = [
        (sender, f"{quota.value:g}", change, quota.source)
        for sender, quota, change in (
            ("the default sender of Cognito", published.DEFAULT_EMAILS, "`SesIdentityArn` and `MailFrom`"),
            ("SES, in the sandbox", published.SANDBOX_EMAILS, "production access, which AWS grants on request"),
        )
    ]
    return Section(
        "Sign-ups per day",
        "A sign-up, an invitation and a forgotten password each take an email, and anybody can cause one. When the quota is used "
        "up, nobody can sign up or reset a password until the next day. [Sign-in](../sign-in.md#email) has the steps.",
        ("sender", "emails a day", "change", "source"),
        rows,
    )


def _resharding() -> str:
    return (
        f"`keys.DUE_SHARDS` is {keys.DUE_SHARDS}, and `keys.RARE_DUE_SHARDS`, of the kinds of entries that few orders and gifts "
        f"have, is {keys.RARE_DUE_SHARDS}. An item stores the shard of its index entry, so **raising** a constant is "
        "safe: writers use the new shards, and readers read all shards, old and new. During the deployment, a sweep of the old "
        "version does not see the new shards, so their entries are settled a minute later. Until the last old gift has ended "
        "(the claim window of its policy), `ops audit` reports `index-differs` for each old gift; ignore it. Each sweep makes a "
        "query per kind and shard, at 0.5 RRU each, and each health check about as many.\n\n"
        "**Lowering** one would hide the entries of the removed shards. First let `keys.due_partition` use fewer shards while "
        "`keys.list_due_partitions` has all of them. Wait until the last old entry is settled and `ops settle` finds nothing. "
        "Then lower the constant."
    )


def _capacity_assumptions(figures: Figures) -> Section:
    rows = [
        ("unclaimed gifts", f"{capacity.UNCLAIMED:.0%}"),
        (
            "sign-ins",
            f"{_number(capacity.SIGN_INS_A_GIFT)} per gift, renewed sessions included; other users have a valid token",
        ),
        (
            "visits",
            f"{capacity.VISITS_A_GIFT} first visit to the page of a gift: the page, its cover, and {capacity.ASSETS_A_VISIT} "
            "assets, each requested once",
        ),
        (
            "a new account",
            f"{published.NEW_CONCURRENCY.value:g} concurrent invocations. AWS publishes that new accounts have less than "
            f"{_number(published.CONCURRENCY.value)}; this number is reported by users, and some have 50",
        ),
        ("recommendations", "every purchase is the buyer's first of that product"),
        ("the next version of an item", f"{capacity.VERSION_MS:g} ms from the read to the end of the write"),
        ("a sweep", f"{capacity.SWEEP_SECONDS} s of each minute, {MAX_THREADS} gifts in parallel"),
        (
            "settling",
            f"{capacity.RESTORED_CPU_MS:g} ms of a processor for a stream record, {capacity.SWEPT_CPU_MS:g} ms for a gift in the "
            "sweep, as measured by `make bench`",
        ),
        ("writes", "the writes of the table and its indexes count together, as if one quota applied to all of them"),
        ("times", "as in [cost](cost.md)"),
        _assumption("a call to DynamoDB", published.ONE_ITEM_MS, " ms"),
        _assumption("a transaction", published.TRANSACTION_MS, " ms"),
    ]
    return Section("Assumptions", "", ("subject", "assumption"), rows)
