"""Long outages, and many concurrent claims."""

from collections import Counter
from collections.abc import Callable
from random import Random

from handsel.domain import errors, ids, policy
from handsel.domain.models import Gift
from handsel.use_cases.gifts import claiming
from handsel.use_cases.gifts.giving import give
from handsel.use_cases.idempotency import IdempotentRequest
from handsel.use_cases.operations.settling import SweepOutcome
from handsel.use_cases.orders.purchases import buy
from testkit.simulator.environment import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, Environment, FaultPlan, Process
from testkit.simulator.fault_injection import Fault
from testkit.simulator.operations import LINK_KEYS, WRAPPINGS
from testkit.simulator.scenario import seeded

Figures = Callable[[str, object], None]


def _environment(name: str, plan: FaultPlan) -> tuple[Environment, dict[str, str]]:
    saved, products = seeded()
    return Environment(name, saved, plan), products


def _buy_and_give(process: Process, products: dict[str, str], key: str, shares: int) -> Gift:
    def call() -> IdempotentRequest:
        return IdempotentRequest("alice", key, "a request", process.now())

    order, _ = buy(
        process.table,
        process.provider,
        call(),
        product_id=products["parcel" if shares == 1 else "voucher"],
        quantity=shares,
        method="card",
        token="tok_ok",
        policy=policy.newest(process.environment.plan.policy),
    )
    return give(
        process.table,
        call(),
        order_id=order.order_id,
        shares=shares,
        recipient_id=None,
        wrapping=WRAPPINGS[order.product.kind],
        secret_version="1",
        window_ms=process.environment.plan.window_ms,
    )


def test_bounded_sweeps_settle_everything_after_thirty_days_without_stream_and_sweep(
    record_property: Figures,
) -> None:
    month = 30 * DAY_MS
    down = dict.fromkeys(("restore", "projector", "sweep"), (0, month))
    environment, products = _environment("thirty days", FaultPlan(window_ms=DAY_MS, down=down))
    for number in range(300):
        environment.scheduler.spawn(
            lambda number=number: _buy_and_give(  # type: ignore[misc]
                environment.process(f"{number}"), products, f"given-{number}", 1
            ),
            at_ms=START_MS + number * month // 320,
        )
    sweeps: list[int] = []

    def sweep_until_settled() -> None:
        while environment.anything_due():
            report = environment.sweep(seconds=1)
            assert report is not None
            sweeps.append(report.outcomes[SweepOutcome.RETURNED])
            environment.scheduler.wait(MINUTE_MS * 1000)

    environment.scheduler.spawn(sweep_until_settled, at_ms=START_MS + month)
    environment.scheduler.run()
    gifts = [environment.model.items[where] for where in environment.model.keys_by_kind["GIFT"]]
    assert len(gifts) == 300
    assert Counter(gift["state"] for gift in gifts) == {"returned": 300}
    assert len(sweeps) > 5  # one sweep is not enough: each has one second
    record_property("figures", f"30 days down, 300 gifts due: {len(sweeps)} sweeps of a second, 0 unsettled")


def test_two_of_a_thousand_concurrent_claims_of_two_shares_succeed_despite_conflicts(record_property: Figures) -> None:
    plan = FaultPlan(faults=frozenset({Fault.CONFLICT, Fault.THROTTLED}), rate=0.9, window_ms=HOUR_MS)
    environment, products = _environment("a thousand", plan)
    environment.calm = True
    given: list[Gift] = []
    environment.scheduler.spawn(
        lambda: given.append(_buy_and_give(environment.process("giver"), products, "given-1", 2))
    )
    outcomes = Counter[str]()

    def claim(number: int) -> None:
        environment.calm = False
        (gift,) = given
        environment.sent_secrets[gift.gift_id, f"user-{number}"].add(gift.link_version)
        while True:
            process = environment.process(f"claimer {number} {environment.now}")
            try:
                claiming.claim(
                    process.table,
                    gift.gift_id,
                    caller=f"user-{number}",
                    secret=ids.derive_link_secret(LINK_KEYS, "1", gift.gift_id),
                    address=None,
                    code=f"{number:016d}",
                    link_keys=LINK_KEYS,
                    clock=process.now,
                )
            except errors.ServiceUnavailable:
                outcomes["busy"] += 1
                environment.scheduler.wait(1_000_000)
                continue
            except errors.ApiProblem as problem:
                outcomes[problem.code] += 1
            else:
                outcomes["claimed"] += 1
            return

    draw = Random(7)
    for number in range(1000):
        at = START_MS + MINUTE_MS + draw.randrange(200)
        environment.scheduler.spawn(lambda number=number: claim(number), at_ms=at)  # type: ignore[misc]
    environment.scheduler.run()
    assert (outcomes["claimed"], outcomes["already-claimed"]) == (2, 998)
    record_property("figures", f"a thousand at two shares, one call in five in conflict: {dict(outcomes)}")
