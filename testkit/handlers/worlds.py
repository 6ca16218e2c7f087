"""Build the worlds of testkit/access.py on the in-memory table; for each route, one in which a call succeeds."""

import re
from collections.abc import Callable, Mapping, Sequence

from testkit import access, bodies
from testkit.access import Builder, BuildWorld, World
from testkit.handlers.stack import DAY, Stack

VALIDITY = 90 * DAY


def named_with_message(make: Builder) -> World:
    """Make a gift whose recipient has a message about it."""
    stack = make.stack
    assert isinstance(stack, Stack)
    stack.start_recording()
    known = len(stack.records)
    world = make.given("named, with message", "voucher", 1, "open", to="bob")
    assert stack.project(*stack.records[known:]) == []
    stack.stop_recording()
    (message,) = stack.call("bob", "GET", "/messages").body["items"]
    world.ids["message_id"], world.parts["reader"] = message["message_id"], {"recipient"}
    return world


def extendable(make: Builder) -> World:
    """Use a voucher under a policy that lets its holder extend it."""
    stack = make.stack
    assert isinstance(stack, Stack)
    world = make.used("used, extendable", "voucher", "usable", "extendable")
    return with_extensions(stack, world, "order", "holding")


def extendable_gift(make: Builder) -> World:
    """Give a voucher under a policy that lets its giver extend the claim window."""
    stack = make.stack
    assert isinstance(stack, Stack)
    return with_extensions(stack, make.given("open, extendable", "voucher", 2, "open", "extendable"), "order", "gift")


def with_extensions(stack: Stack, world: World, *kinds: str) -> World:
    """Bring resources of a world under a policy that allows extensions."""
    for kind in kinds:
        name = kind.upper()
        stack.client.update_item(
            TableName="handsel-test",
            Key={"pk": {"S": f"{name}#{world.ids[f'{kind}_id']}"}, "sk": {"S": name}},
            UpdateExpression="SET #policy = :policy",
            ExpressionAttributeNames={"#policy": "policy"},
            ExpressionAttributeValues={":policy": {"S": "kakao@1"}},
        )
    return world


def unchanged(world: World) -> World:
    return world


# The function that makes each world, the time since then, and the change since then.
TimedWorld = tuple[BuildWorld, int, Callable[[World], World]]
WORLDS: Mapping[str, Sequence[TimedWorld]] = {
    "as it stays": [(build_world, 0, unchanged) for build_world in access.TIMELESS],
    "as it waits": [
        (build_world, 0, unchanged)
        for build_world in (*access.OPEN, access.pending, named_with_message, extendable, extendable_gift)
    ],
    "when time is over": [
        *((build_world, DAY, access.returned) for build_world in access.OPEN),
        (lambda make: make.used("used, over", "voucher", "over"), VALIDITY, unchanged),
    ],
}


def build(stack: Stack, timed: TimedWorld) -> World:
    """Build a world on a stack, and move its clock to the time of the world."""
    build_world, elapsed, change = timed
    world = change(build_world(Builder(stack)))
    stack.now += elapsed
    return world


def build_success(stack: Stack, route: str) -> tuple[World, str]:
    """Build a world in which a call of a route succeeds, and return it with the role that succeeds.

    A call that creates is preferred to its replay, and a request that needs a secret or an address to one that does not.

    Raises:
        LookupError: there is none.
    """
    before, start = stack.save(), stack.now
    outcomes = re.findall(r"\b2\d\d\b", " ".join(outcome for _, outcome in access.rules()[route]))
    fields = {path.rpartition("/")[2] for path in bodies.schema_paths(bodies.body_schema(route) or {})}
    needed = fields & {"secret", "address"}
    best: tuple[tuple[str, int], TimedWorld, str] | None = None
    for timed in (timed for worlds in WORLDS.values() for timed in worlds):
        if best and best[0] == (max(outcomes), len(needed)):
            break
        world = build(stack, timed)
        if access.uses_world(route, world) or access.is_stateless(route):
            for role in access.ROLES:
                outcome = access.expected(route, role, world)
                rank = (outcome, len(needed & access.field_values(role, world, stack.products).keys()))
                if outcome.startswith("2") and (best is None or rank > best[0]):
                    best = rank, timed, role
        stack.load(before)
        stack.now = start
    if best is None:
        raise LookupError(f"{route} succeeds in no world of testkit/handlers/worlds.py")
    _, timed, role = best
    return build(stack, timed), role
