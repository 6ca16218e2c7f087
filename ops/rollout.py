"""Show and change the rollout of the features.

A change is written under the version that it was computed from, and computed again if another operator was faster. So two
changes at the same time are both kept. If the response of the write is lost, the second attempt finds nothing left to change.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from handsel.domain import names
from handsel.domain.rollout import MAX_LISTED, Feature, Rollout, Stage
from handsel.domain.times import format_timestamp
from handsel.store import accounts, rollout
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from ops.stack import CannotRunError

# Each attempt after the first means that another operator changed the rollout in between.
_MAX_ATTEMPTS = 20
_EVERYBODY = Stage()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the stage of one feature.

    Attributes:
        fields: the new values of fields of the stage, by name.
        allow, deny: the IDs of users to add to a list; each is removed from the other one.
        forget: the IDs of users to remove from both lists.
    """

    fields: Mapping[str, object]
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()

    def apply_to(self, stage: Stage) -> Stage:
        """Return the changed stage.

        Raises:
            CannotRunError: its dates are in the wrong order, or a list is too long.
        """
        named = {*self.allow, *self.deny, *self.forget}
        allow, deny = (
            tuple(dict.fromkeys([*(each for each in listed if each not in named), *added]))
            for listed, added in ((stage.allow, self.allow), (stage.deny, self.deny))
        )
        changed = replace(stage, **self.fields, allow=allow, deny=deny)  # type: ignore[arg-type]
        if changed.start is not None and changed.end is not None and changed.start >= changed.end:
            raise CannotRunError("--until must be later than --from.")
        for name, listed in (("allow", allow), ("deny", deny)):
            if len(listed) > MAX_LISTED:
                raise CannotRunError(f"A feature can {name} at most {MAX_LISTED} users; this would be {len(listed)}.")
        return changed


def find_users(
    table: Table, listed: Rollout, *, allow: Sequence[str], deny: Sequence[str], forget: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the user IDs of handles.

    A user to forget can be named by ID, too: the account may have no handle any more.

    Raises:
        CannotRunError: nobody has a handle, or two options name the same user.
    """
    known = {each for stage in listed.stages.values() for each in (*stage.allow, *stage.deny)}
    found: dict[str, str] = {}

    def find(name: str, *, by_id: bool = False) -> str:
        handle = names.normalize_handle(name.removeprefix("@"))
        account = accounts.get_by_handle(table, handle) if handle else None
        if account is None and not (by_id and name in known):
            raise CannotRunError(f"Nobody has the handle {name}. Nothing was written.")
        user_id = name if account is None else account.user_id
        if user_id in found:
            raise CannotRunError(f"{found[user_id]} and {name} are the same user. Name each user once.")
        found[user_id] = name
        return user_id

    return (
        tuple(find(name) for name in allow),
        tuple(find(name) for name in deny),
        tuple(find(name, by_id=True) for name in forget),
    )


def change(table: Table, feature: Feature, wanted: Change, *, apply: bool) -> tuple[Rollout, Rollout]:
    """Change the stage of a feature. Idempotent.

    Args:
        apply: whether to write; otherwise the change is only computed.

    Returns:
        The rollout before and after the change.

    Raises:
        CannotRunError: the result is not valid; nothing was written.
        ServiceUnavailable: other operators kept changing it.
    """

    def attempt() -> tuple[Rollout, Rollout]:
        before = rollout.get(table)
        after = before.with_stage(feature, wanted.apply_to(before.stages.get(feature, _EVERYBODY)))
        if apply and after != before:
            rollout.save(table, after)
        return before, after

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


# --- output -----------------------------------------------------------------------------------------------------------


def format_percentage(hundredths: int) -> str:
    """Return a percentage without unnecessary decimals, such as `5 %` or `0.25 %`."""
    return f"{hundredths / 100:g} %"


def as_dict(current: Rollout) -> dict[str, object]:
    """Return the form that `--json` prints."""
    return {
        feature: {
            "on": stage.on,
            "percent": stage.hundredths / 100,
            "allow": list(stage.allow),
            "deny": list(stage.deny),
            "from": None if stage.start is None else format_timestamp(stage.start),
            "until": None if stage.end is None else format_timestamp(stage.end),
        }
        for feature, stage in _stages(current)
    }


def describe(table: Table, current: Rollout, features: Iterable[Feature]) -> Iterator[str]:
    """Yield lines about the stages of features. The users are named by their handles."""
    stages = [(feature, current.stages.get(feature, _EVERYBODY)) for feature in features]
    name = name_users(table, [each for _, stage in stages for each in (*stage.allow, *stage.deny)])
    for feature, stage in stages:
        yield f"{feature}: {_describe(stage, name)}"


def _describe(stage: Stage, name: Callable[[str], str]) -> str:
    parts = ["on" if stage.on else "off", f"{format_percentage(stage.hundredths)} of the users"]
    parts += [f"from {format_timestamp(stage.start)}"] if stage.start is not None else []
    parts += [f"until {format_timestamp(stage.end)}"] if stage.end is not None else []
    for label, listed in (("allowed", stage.allow), ("denied", stage.deny)):
        parts += [f"{label}: {' '.join(map(name, listed))}"] if listed else []
    return "; ".join(parts)


def describe_effect(table: Table, feature: Feature, before: Rollout, after: Rollout, *, now: int) -> Iterator[str]:
    """Yield lines about the users who get or lose a feature at the present time: all users as a share, and listed ones by name.

    It needs no read of all accounts, because buckets have about the same number of users.
    """
    old, new = (each.stages.get(feature, _EVERYBODY) for each in (before, after))
    shares = [stage.hundredths if stage.is_active_at(now) else 0 for stage in (old, new)]
    yield f"share of all users who have it now: {' -> '.join(map(format_percentage, shares))}"
    listed = dict.fromkeys([*old.allow, *old.deny, *new.allow, *new.deny])
    name = name_users(table, listed)
    for user_id in listed:
        had, has = (stage.includes(feature, user_id, now=now) for stage in (old, new))
        if had is not has:
            yield f"{name(user_id)} {'gets' if has else 'loses'} it"


def name_users(table: Table, user_ids: Iterable[str]) -> Callable[[str], str]:
    """Return a function that names users by their handles, or by ID if they have none."""
    handles = {each.user_id: each.handle for each in accounts.get_many(table, list(dict.fromkeys(user_ids)))}
    return lambda user_id: handles.get(user_id) or user_id


def _stages(current: Rollout) -> Iterator[tuple[str, Stage]]:
    for feature in Feature:
        yield feature, current.stages.get(feature, _EVERYBODY)
