"""Policies: which gifts are allowed, and what becomes of them. The data of policies.json, which is loaded at first use.

A policy has versions. A published version never changes: an order keeps a reference to the version that it was bought
under, and what was sold under a rule ends under it. To change a rule, append a version.
"""

import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, cast

from handsel.domain import errors
from handsel.domain.categories import Names, fold
from handsel.domain.currencies import DECIMALS
from handsel.domain.models import Kind
from handsel.domain.user_text import MAX_MESSAGE

# The entry of `price_caps` for all currencies that have none of their own.
OTHER_CURRENCIES = "*"
_SHOWN = ("envelope", "blessing", "voucher_title")
_HOUR = 3600
_DAY = 86_400
_LONGEST_WINDOW = 366 * _DAY
_MAX_DAYS = 3650
_ID = r"[a-z][a-z0-9-]{0,31}"
_NAME = r"[a-z][a-z_]*"


class InvalidPolicies(errors.HandselError):
    """The data is invalid. The message names the place and the expected form."""


# Without comparison and text: creating these would double the time that the import takes.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Policy:
    """One version of a policy. Durations are in seconds.

    Attributes:
        rules: the rules as published: `value` and `source` by name. The other attributes are their values.
        window: the length of the claim window of each kind of product.
        window_from: the time at which the window starts.
        minimum_window: the shortest window for which a voucher can be given, if `window` is not shorter.
        at_end: what happens to unclaimed units at the end of the window, if the giver does not choose.
        giver_may_choose: whether the giver may choose another end.
        giver_cancel: whether the giver may cancel an open gift.
        decline: whether a named recipient may decline a gift.
        excluded_categories: the categories that cannot be given, each with all names it is recognised by, in the form of
            `categories.fold`.
        price_caps: the highest price in minor units, by currency; None is no limit. "*" is every other currency; without
            it, products in other currencies cannot be given.
        price_cap_on: the price that `price_caps` limits.
        shown_before_claim: what a recipient sees before the claim; the visibility table has the same for all policies, and
            leaves `voucher_title` to the policy.
        message_length: the highest number of user-perceived characters of a giver's own text.
        reminders: the times before the end of the window at which a named recipient is reminded, longest first.
        refund_by: who may ask for a refund of something that was claimed.
        return_days: the days after delivery within which goods can be sent back.
        decide_days: the days after which a refund request without a decision is approved.
        ship_by_days: the days after the claim within which a parcel has to leave the store.
        voucher_end: what happens to an unredeemed voucher at the end of its validity.
        voucher_reminder_days: the days before that end at which the holder is reminded, longest first.
        extend: by how much a giver can extend a claim window (`gift_seconds`) and a holder a voucher (`voucher_days`); 0 is
            not at all.
        links_in_messages: whether a message may have links, addresses and numbers: `never`, `exchanged` (between users who
            exchanged gifts before) or `always`.
    """

    policy_id: str
    version: int
    rules: Mapping[str, Mapping[str, Any]]
    window: Mapping[Kind, int]
    window_from: Literal["given"]
    minimum_window: int
    at_end: Literal["order", "refund"]
    giver_may_choose: bool
    giver_cancel: bool
    decline: bool
    excluded_categories: Names
    price_caps: Mapping[str, int | None]
    price_cap_on: Literal["original_price", "price"]
    shown_before_claim: frozenset[str]
    message_length: int
    reminders: tuple[int, ...]
    refund_by: Literal["holder", "payer", "either"]
    return_days: int
    decide_days: int
    ship_by_days: int
    voucher_end: Literal["refund_payer", "extend", "forfeit"]
    voucher_reminder_days: tuple[int, ...]
    extend: Mapping[str, int]
    links_in_messages: Literal["never", "exchanged", "always"]

    @property
    def ref(self) -> str:
        """Return the reference that orders and gifts keep, such as `douyin@1`."""
        return f"{self.policy_id}@{self.version}"

    def window_ms(self, kind: Kind) -> int:
        """Return the length of the claim window of products of a kind, in milliseconds."""
        return self.window[kind] * 1000

    @property
    def longest_window_ms(self) -> int:
        """Return the length of the longest claim window, in milliseconds."""
        return max(self.window.values()) * 1000

    @property
    def repays_vouchers(self) -> bool:
        """Return whether the payer is repaid for vouchers that nobody redeemed until their end."""
        return self.voucher_end != "forfeit"

    def has_price_cap(self, currency: str) -> bool:
        """Return whether there is a cap, or explicitly none, of prices in a currency."""
        return currency in self.price_caps or OTHER_CURRENCIES in self.price_caps

    def price_cap(self, currency: str) -> int | None:
        """Return the highest price in a currency, in minor units; None is no limit."""
        return self.price_caps.get(currency, self.price_caps.get(OTHER_CURRENCIES))

    def with_window(self, window_ms: int | None) -> "Policy":
        """Return the policy with another claim window for all kinds of products; None keeps its own."""
        if window_ms is None:
            return self
        window = dict.fromkeys(Kind, window_ms // 1000)
        rule = {"value": window, "source": "The parameter ClaimWindowSeconds of this stack."}
        return replace(self, window=window, rules={**self.rules, "window": rule})


Policies = Mapping[str, tuple[Policy, ...]]


def newest(policy_id: str) -> Policy:
    """Return the newest version of a policy.

    Raises:
        KeyError: there is no such policy.
    """
    return load_policies()[policy_id][-1]


def find(ref: str) -> Policy:
    """Return the policy of a reference.

    Raises:
        DataIntegrityError: there is no such policy or version.
    """
    policy_id, _, version = ref.partition("@")
    for policy in load_policies().get(policy_id, ()):
        if str(policy.version) == version:
            return policy
    raise errors.DataIntegrityError(f"there is no policy {ref}")


def list_reminders() -> list[int]:
    """Return all times before the end of a window at which a version of a policy has a reminder, longest first."""
    leads = {lead for versions in load_policies().values() for policy in versions for lead in policy.reminders}
    return sorted(leads, reverse=True)


@cache
def load_policies() -> Policies:
    """Return all versions of all policies by id, oldest first."""
    # The importer finds the file wherever the package is installed.
    return parse(pkgutil.get_data("handsel.domain", "policies.json") or b"")


# --- reading the data ----------------------------------------------------------------------------------------


def parse(text: str | bytes) -> Policies:
    """Return the policies for their JSON form.

    Raises:
        InvalidPolicies: the form is invalid.
    """
    try:
        written = json.loads(text)
    except ValueError as error:
        raise InvalidPolicies(f"policies.json is not JSON: {error}") from error
    if not isinstance(written, dict) or not written:
        raise InvalidPolicies("policies.json: write an object: the id of each policy, and the list of its versions")
    return {policy_id: tuple(_versions(policy_id, versions)) for policy_id, versions in written.items()}


def _versions(policy_id: str, written: object) -> list[Policy]:
    where = f"policies.json: {policy_id}"
    if not re.fullmatch(_ID, policy_id):
        raise InvalidPolicies(f"{where}: write the id in small letters, digits and hyphens")
    if not isinstance(written, list) or not written:
        raise InvalidPolicies(f"{where} has to be a list of versions, the newest last")
    return [_policy(policy_id, place, each) for place, each in enumerate(written)]


def _policy(policy_id: str, place: int, written: object) -> Policy:
    where, version = f"policies.json: {policy_id}[{place}]", place + 1
    if not isinstance(written, dict) or set(written) != {"version", "rules"}:
        raise InvalidPolicies(f'{where}: write it as {{"version": {version}, "rules": {{...}}}}')
    if written["version"] != version or isinstance(written["version"], bool):
        raise InvalidPolicies(f"{where}: version has to be {version}: versions are counted from 1 and stay")
    rules = written["rules"]
    if not isinstance(rules, dict):
        raise InvalidPolicies(f"{where}: rules has to be an object")
    for name in rules:
        if name not in _RULES:
            raise InvalidPolicies(f"{where} has a rule {name!r} that is unknown; there are {', '.join(sorted(_RULES))}")
    values: dict[str, Any] = {}
    for name, read in _RULES.items():
        if name not in rules:
            raise InvalidPolicies(f"{where} lacks the rule {name!r}")
        rule = rules[name]
        if not isinstance(rule, dict) or set(rule) != {"value", "source"}:
            raise InvalidPolicies(f'{where}.{name}: write it as {{"value": ..., "source": "..."}}')
        source = rule["source"]
        if not isinstance(source, str) or source != source.strip() or not source:
            raise InvalidPolicies(f"{where}.{name}: source: name the rule or law that the value is from")
        try:
            values[name] = read(rule["value"])
        except _Invalid as error:
            raise InvalidPolicies(f"{where}.{name}: {error}, not {rule['value']!r}") from error
    if values["minimum_window"] > min(values["window"].values()):
        raise InvalidPolicies(f"{where}.minimum_window: no window can be shorter")
    return Policy(policy_id, version, rules, **values)


class _Invalid(Exception):
    """A value does not have the form that the message describes."""


def _require(is_valid: bool, form: str) -> None:
    if not is_valid:
        raise _Invalid(form)


def _bool(value: Any) -> bool:
    _require(isinstance(value, bool), "write true or false")
    return bool(value)


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        _require(isinstance(value, str) and value in choices, f"write one of {', '.join(choices)}")
        return str(value)

    return read


def _number(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        _require(
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
            f"write a whole number from {low} to {high}",
        )
        return int(value)

    return read


def _window(value: Any) -> Mapping[Kind, int]:
    _require(isinstance(value, dict) and set(value) == set(Kind), f"write the seconds of each of {', '.join(Kind)}")
    return {Kind(kind): _number(1, _LONGEST_WINDOW)(seconds) for kind, seconds in value.items()}


def _descending(unit: int, most: int) -> Callable[[Any], tuple[int, ...]]:
    form = f"list multiples of {unit}, longest first" if unit > 1 else "list whole numbers, longest first"

    def read(value: Any) -> tuple[int, ...]:
        _require(isinstance(value, list), form)
        numbers = tuple(map(_number(unit, most), value))
        _require(list(numbers) == sorted(set(numbers), reverse=True) and not any(each % unit for each in numbers), form)
        return numbers

    return read


def _categories(value: Any) -> Names:
    form = 'write {"category": ["name", ...]}: small letters without accents, and the category among its names'
    _require(isinstance(value, dict), form)
    for category, names in value.items():
        _require(bool(re.fullmatch(_NAME, category)) and isinstance(names, list) and category in names, form)
        _require(all(isinstance(name, str) and name == fold(name) != "" for name in names), form)
        _require(len(set(names)) == len(names), form)
    return tuple((category, tuple(names)) for category, names in value.items())


def _price_caps(value: Any) -> Mapping[str, int | None]:
    form = f'write {{"CNY": minor units or null for no limit, "{OTHER_CURRENCIES}": ...}}'
    _require(isinstance(value, dict) and value.keys() <= {*DECIMALS, OTHER_CURRENCIES}, form)
    for cap in value.values():
        _require(cap is None or (isinstance(cap, int) and not isinstance(cap, bool) and cap > 0), form)
    return cast("Mapping[str, int | None]", value)


def _shown(value: Any) -> frozenset[str]:
    form = f"list {', '.join(_SHOWN)}; only the last can be left out"
    _require(value in (list(_SHOWN), list(_SHOWN[:-1])), form)
    return frozenset(value)


def _extend(value: Any) -> Mapping[str, int]:
    form = 'write {"gift_seconds": ..., "voucher_days": ...}'
    _require(isinstance(value, dict) and set(value) == {"gift_seconds", "voucher_days"}, form)
    return {
        "gift_seconds": _number(0, _LONGEST_WINDOW)(value["gift_seconds"]),
        "voucher_days": _number(0, _MAX_DAYS)(value["voucher_days"]),
    }


# How each rule is read, in the order in which they are listed.
_RULES: Mapping[str, Callable[[Any], object]] = {
    "window": _window,
    "window_from": _one_of("given"),
    "minimum_window": _number(1, _DAY),
    "at_end": _one_of("order", "refund"),
    "giver_may_choose": _bool,
    "giver_cancel": _bool,
    "decline": _bool,
    "excluded_categories": _categories,
    "price_caps": _price_caps,
    "price_cap_on": _one_of("original_price", "price"),
    "shown_before_claim": _shown,
    "message_length": _number(1, MAX_MESSAGE),
    "reminders": _descending(_HOUR, _LONGEST_WINDOW),
    "refund_by": _one_of("holder", "payer", "either"),
    "return_days": _number(0, _MAX_DAYS),
    "decide_days": _number(1, _MAX_DAYS),
    "ship_by_days": _number(1, _MAX_DAYS),
    "voucher_end": _one_of("refund_payer", "extend", "forfeit"),
    "voucher_reminder_days": _descending(1, _MAX_DAYS),
    "extend": _extend,
    "links_in_messages": _one_of("never", "exchanged", "always"),
}
