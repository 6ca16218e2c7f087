"""Item-to-item recommendations from a user's own interactions and anonymous co-occurrence counts.

`Preferences` are the products that a user recently bought, tagged or viewed. Received gifts are not among them: receiving
is not the user's act, and they must not learn what is in a parcel before it is delivered.

`ProductStats` count the users who like a product and the other products they like. They name no user, so nothing in
them has to be erased. A count below `MIN_SUPPORT` is never shown, because it would reveal what a single user did.

Popularity decays by half every `HALF_LIFE_MS` and is stored as a time (forward decay, Cormode et al., ICDE 2009): the
moment at which one new user would be worth as much as all users of the product. Such times can be compared as they
are, whenever they were written; a product is popular as long as its time is in the future.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import log2, sqrt
from typing import Any

from handsel.domain.models import DAY_MS
from handsel.domain.reasons import Reason

_MINUTE_MS = 60_000

# Bounds on what is stored, so that reading and writing cost the same for every user.
MAX_SIGNALS = 50
MAX_RECOMMENDED = 20
MAX_RELATED = 15
MAX_CO_OCCURRENCES = 40
MAX_RANKED = 50
# Earlier products that a new one is paired with, products that recommend others, and stores that recommend their own.
MAX_PAIRS = 5
MAX_SEEDS = 12
MAX_STORES = 3
MIN_SUPPORT = 2

HALF_LIFE_MS = 14 * DAY_MS
# A smaller difference of popularity (10 %) is not worth a write.
_MIN_CHANGE_MS = HALF_LIFE_MS // 7
# Pseudo-count of users: damps the similarity of products that few users like.
_SHRINKAGE = 3.0


class InteractionType(StrEnum):
    """Type of an interaction of a user with a product. Each type has a field of `Signal`."""

    BOUGHT = "bought"
    TAGGED = "tagged"
    VIEWED = "viewed"


@dataclass(frozen=True, slots=True)
class Recommended:
    """A recommended product.

    Attributes:
        title: of the product that the reason mentions, if it mentions one.
    """

    product_id: str
    store_id: str
    reason: Reason
    title: str | None = None

    def params(self, store_name: str) -> dict[str, str]:
        """Return the parameters of the reason's text."""
        if self.title is not None:
            return {"title": self.title}
        return {"store": store_name} if self.reason in (Reason.SHOPPED, Reason.STORE, Reason.OFFERED) else {}


# --- preferences of a user -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interaction:
    """A user's interaction with a product; `at` is 0 if it was taken back."""

    type: InteractionType
    product_id: str
    store_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Signal:
    """The last time of each type of interaction with a product; 0 if there was none.

    Attributes:
        at: the last time of any, also of one that was taken back. Such a signal is kept, so that tagging again does
            not count the user twice.
        counted: True if the user is counted in the product's stats.
    """

    store_id: str
    at: int = 0
    bought: int = 0
    tagged: int = 0
    viewed: int = 0
    counted: bool = False

    @property
    def weight(self) -> int:
        """Return the weight of the interactions; 0 if all of them were taken back."""
        return 3 * bool(self.bought) + 2 * bool(self.tagged) + bool(self.viewed)


@dataclass(frozen=True, slots=True)
class Preferences:
    """The products that a user recently interacted with, and the recommendations computed from them.

    Attributes:
        pending: True if a view was added since the recommendations were computed.
        off: True if the user switched recommendations off. Nothing is recorded then.
        version: number of writes.
        erased: whether its user was erased. It is off then, and no purchase is marked either.
    """

    signals: Mapping[str, Signal] = field(default_factory=dict)
    recommended: Sequence[Recommended] = ()
    pending: bool = False
    off: bool = False
    version: int = 0
    erased: bool = False

    def newest(self) -> list[str]:
        """Return the products, latest interaction first."""
        return sorted(self.signals, key=lambda product_id: (self.signals[product_id].at, product_id), reverse=True)

    def viewed(self) -> list[tuple[int, str]]:
        """Return time and product of the latest views, newest first."""
        views = ((signal.viewed, product_id) for product_id, signal in self.signals.items() if signal.viewed)
        return sorted(views, reverse=True)

    def with_view(self, product_id: str, store_id: str, *, now: int) -> "Preferences":
        """Add a view, unless recommendations are off or the latest view is of the same product, a moment ago."""
        latest_at, latest = next(iter(self.viewed()), (0, None))
        if self.off or (latest == product_id and now - latest_at < _MINUTE_MS):
            return self
        # Strictly increasing, so that views within a millisecond or by two clocks keep their order.
        view = Interaction(InteractionType.VIEWED, product_id, store_id, max(now, latest_at + 1))
        return replace(self.after([view]), pending=True)

    def after(self, interactions: Iterable[Interaction]) -> "Preferences":
        """Apply interactions. Idempotent; those that are too old to be remembered have no effect."""
        signals = dict(self.signals)
        for each in interactions:
            if each.at or each.product_id in signals:
                signal = signals.get(each.product_id, Signal(each.store_id))
                times: dict[str, Any] = {each.type: each.at and max(each.at, getattr(signal, each.type))}
                signals[each.product_id] = replace(signal, at=max(signal.at, each.at), **times)
        after = replace(self, signals=signals)
        return replace(after, signals={each: signals[each] for each in after.newest()[:MAX_SIGNALS]})

    def uncounted(self) -> list[str]:
        """Return the products in whose stats the user is not counted yet, oldest first."""
        return [product_id for product_id in reversed(self.newest()) if not self.signals[product_id].counted]

    def processed(self, recommended: Sequence[Recommended]) -> "Preferences":
        """Set the recommendations, and mark the user as counted everywhere."""
        signals = {product_id: replace(signal, counted=True) for product_id, signal in self.signals.items()}
        return replace(self, signals=signals, recommended=recommended, pending=False)

    def neighbors(self, product_id: str) -> list[str]:
        """Return the products that a new one is paired with: the latest active ones before it."""
        newest = [each for each in self.newest() if self.signals[each].weight or each == product_id]
        return newest[newest.index(product_id) + 1 :][:MAX_PAIRS]

    def seeds(self) -> list[str]:
        """Return the products that recommend others: the latest that have an interaction."""
        return [each for each in self.newest() if self.signals[each].weight][:MAX_SEEDS]

    def stores(self) -> list[str]:
        """Return the stores of the seeds that have the most weight."""
        weights = Counter[str]()
        for signal in (self.signals[each] for each in self.seeds()):
            weights[signal.store_id] += signal.weight
        return [store_id for store_id, _ in weights.most_common(MAX_STORES)]


# --- stats of a product ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoOccurrence:
    """Another product that users like too: `both` of the `people` who like it. `at` is when the last one did."""

    store_id: str
    both: int
    people: int
    at: int


@dataclass(frozen=True, slots=True)
class ProductStats:
    """How many users like a product, its popularity as a time, and the products they like too."""

    people: int = 0
    popularity: int = 0
    others: Mapping[str, CoOccurrence] = field(default_factory=dict)
    version: int = 0

    def with_person(self, now: int) -> "ProductStats":
        """Count one more user who likes the product."""
        older, newer = sorted((self.popularity, now))
        gain = log2(1 + 2 ** ((older - newer) / HALF_LIFE_MS))
        return replace(self, people=self.people + 1, popularity=newer + round(HALF_LIFE_MS * gain))

    def with_other(self, product_id: str, store_id: str, people: int, *, now: int) -> "ProductStats":
        """Count one more user who likes the other product too; the most frequent and newest others are kept."""
        known = self.others.get(product_id)
        others = {**self.others, product_id: CoOccurrence(store_id, (known.both if known else 0) + 1, people, now)}
        kept = sorted(others, key=lambda each: (others[each].both, others[each].at, each), reverse=True)
        return replace(self, others={each: others[each] for each in kept[:MAX_CO_OCCURRENCES]})


def count_person(
    stats: Mapping[str, ProductStats], stores: Mapping[str, str], product_id: str, *, now: int
) -> dict[str, ProductStats]:
    """Count one more user of a product, who likes some other products too.

    Args:
        stats: of the product and the others, as far as there are any.
        stores: the store of the product and of each other.

    Returns:
        the changed stats of all of them.
    """
    own = stats.get(product_id, ProductStats()).with_person(now)
    changed = {}
    for other_id in (each for each in stores if each != product_id):
        other = stats.get(other_id, ProductStats())
        own = own.with_other(other_id, stores[other_id], other.people, now=now)
        changed[other_id] = other.with_other(product_id, stores[product_id], own.people, now=now)
    return {product_id: own, **changed}


# --- rankings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product in a ranking; the latest `at` comes first."""

    store_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The most popular, then the newest products of a part of the catalog."""

    entries: Mapping[str, Ranked] = field(default_factory=dict)
    version: int = 0

    def ordered(self) -> list[tuple[str, Ranked]]:
        """Return the entries, best first."""
        return sorted(self.entries.items(), key=lambda entry: (entry[1].at, entry[0]), reverse=True)

    def with_product(self, product_id: str, store_id: str, stats: ProductStats, *, created_at: int) -> "Ranking":
        """Add or move a product; a change of popularity by less than 10 % is ignored."""
        at = stats.popularity if stats.people >= MIN_SUPPORT else created_at
        known = self.entries.get(product_id)
        if known and abs(known.at - at) < _MIN_CHANGE_MS:
            return self
        after = replace(self, entries={**self.entries, product_id: Ranked(store_id, at)})
        return replace(self, entries=dict(after.ordered()[:MAX_RANKED]))

    def without(self, product_id: str) -> "Ranking":
        """Remove a product."""
        return replace(self, entries={each: entry for each, entry in self.entries.items() if each != product_id})


# --- recommendations -------------------------------------------------------------------------------------------------


def recommend(
    preferences: Preferences,
    stats: Mapping[str, ProductStats],
    titles: Mapping[str, str],
    newest: Mapping[str, Sequence[str]],
) -> tuple[Recommended, ...]:
    """Return the products that the user may like and has no interaction with, best first.

    First those that users of the seeds like too, by the sum of their weighted cosine similarities, so that bestsellers
    do not dominate; then the newest products of their stores.

    Args:
        stats: of `preferences.seeds`, as far as there are any.
        titles: of `preferences.seeds`; a product without a title is not sold any more.
        newest: products of `preferences.stores`.
    """
    signals = preferences.signals
    known = {product_id for product_id, signal in signals.items() if signal.weight}
    scores: dict[str, float] = defaultdict(float)
    best: dict[str, tuple[float, Recommended]] = {}
    for product_id in (each for each in preferences.seeds() if each in stats and each in titles):
        own = stats[product_id]
        for other_id, other in own.others.items():
            if other.both >= MIN_SUPPORT and other_id not in known:
                cosine = other.both / sqrt((own.people + _SHRINKAGE) * (other.people + _SHRINKAGE))
                score = signals[product_id].weight * cosine
                scores[other_id] += score
                if other_id not in best or score > best[other_id][0]:
                    best[other_id] = score, Recommended(other_id, other.store_id, Reason.ALSO, titles[product_id])
    related = sorted(scores, key=lambda product_id: (scores[product_id], product_id), reverse=True)[:MAX_RELATED]
    found = {product_id: best[product_id][1] for product_id in related}
    shopped = {signal.store_id for signal in signals.values() if signal.bought}
    for store_id, product_ids in newest.items():
        reason = Reason.SHOPPED if store_id in shopped else Reason.STORE
        for product_id in product_ids:
            if product_id not in known:
                found.setdefault(product_id, Recommended(product_id, store_id, reason))
    return tuple(found.values())[:MAX_RECOMMENDED]


def candidates(preferences: Preferences, rankings: Iterable[Ranking], *, now: int) -> list[Recommended]:
    """Return all products that may be recommended to a user, best first.

    Those that the user viewed come after all others, and at the end those that they bought or tagged.

    Args:
        rankings: of the whole catalog.
    """
    ranked = Ranking({product_id: entry for ranking in rankings for product_id, entry in ranking.entries.items()})
    offered = (
        Recommended(product_id, entry.store_id, Reason.POPULAR if entry.at > now else Reason.OFFERED)
        for product_id, entry in ranked.ordered()
    )
    viewed = dict.fromkeys(product_id for _, product_id in preferences.viewed())
    signals = preferences.signals
    found = (
        *(each for each in (*preferences.recommended, *offered) if each.product_id not in viewed),
        *(Recommended(product_id, signals[product_id].store_id, Reason.VIEWED) for product_id in viewed),
        *(Recommended(product_id, signals[product_id].store_id, Reason.OFFERED) for product_id in preferences.newest()),
    )
    unique: dict[str, Recommended] = {}
    for each in found:
        unique.setdefault(each.product_id, each)
    return list(unique.values())
