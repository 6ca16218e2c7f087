"""What may please somebody: from what they did themselves, and from what others did, who are not named.

What is known of a person is their taste: the products they bought, gave, tagged or looked at of late. What somebody
was given is none of it: it is not their act, and what is in a parcel is not theirs to know.

Of a product two things are known: how many people it is in the taste of, and which others were there with it. That
counts people and names none, so there is nothing in it to be erased. What fewer than `ENOUGH` people did is not told: one
friend's shopping is nobody else's to guess.

Scores are thousandths of a person and fade by half in `FADES_MS`, so that what is popular is popular now.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import sqrt

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000

# Bounds, so that what is read and written stays the same however long somebody has been here.
MOST_VIEWS = 50
MOST_SIGNALS = 30
MOST_RECOMMENDED = 20
MOST_OTHERS = 40
MOST_IN_CHART = 50
# With how many of the products that were there before a new one is paired, and how many of them speak for others.
PAIRED = 5
SPEAKING = 12
SHELVES = 3
ENOUGH = 2

ONE_PERSON = 1000
FADES_MS = 14 * _DAY_MS
_TASTE_FADES_MS = 30 * _DAY_MS
# What few people did says little: as if this many more had done something else.
_DOUBT = 3.0
# How much a store one likes counts, beside what people with the same taste like.
_OF_STORE = 0.1


class Act(StrEnum):
    BOUGHT = "bought"
    GIVEN = "given"
    TAGGED = "tagged"
    VIEWED = "viewed"


# How much an act says, and for how much longer than a mere look it is remembered.
STRENGTH: Mapping[Act, float] = {Act.BOUGHT: 3.0, Act.GIVEN: 3.0, Act.TAGGED: 2.0, Act.VIEWED: 1.0}
_REMEMBERED_MS: Mapping[Act, int] = {
    Act.BOUGHT: 60 * _DAY_MS,
    Act.GIVEN: 60 * _DAY_MS,
    Act.TAGGED: 30 * _DAY_MS,
    Act.VIEWED: 0,
}


class Reason(StrEnum):
    """Why a product is recommended."""

    ALSO = "also"
    SHOPPED = "shopped"
    STORE = "store"
    POPULAR = "popular"
    OFFERED = "offered"
    VIEWED = "viewed"
    TAGGED = "tagged"
    BOUGHT = "bought"


SENTENCES: Mapping[Reason, str] = {
    Reason.ALSO: "People who liked {title} also liked this",
    Reason.SHOPPED: "From {store}, where you bought before",
    Reason.STORE: "From {store}, where you found something you like",
    Reason.POPULAR: "Popular right now",
    Reason.OFFERED: "Something to discover, from {store}",
    Reason.VIEWED: "You looked at this lately",
    Reason.TAGGED: "You tagged this",
    Reason.BOUGHT: "You bought this before",
}


def sentence(reason: Reason, *, store: str, title: str | None) -> str:
    """The reason as a person reads it.

    Args:
        store: the name of the store that sells the product.
        title: of the product that the reason names.
    """
    # Names are other people's words: a brace in them is no placeholder.
    return SENTENCES[reason].replace("{store}", store) if title is None else SENTENCES[reason].replace("{title}", title)


# --- what somebody looked at -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class View:
    store_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Views:
    """What somebody looked at, by product, each with the last time.

    Attributes:
        off: nothing is recorded, and nothing recommended.
        version: counts the changes.
    """

    views: Mapping[str, View] = field(default_factory=dict)
    off: bool = False
    version: int = 0

    def newest(self) -> list[tuple[str, View]]:
        return sorted(self.views.items(), key=lambda entry: (entry[1].at, entry[0]), reverse=True)

    def looked(self, product_id: str, store_id: str, *, now: int) -> "Views":
        """With one more look: the same where it is off, or where it was the last one a moment ago."""
        if self.off:
            return self
        latest = self.newest()[:1]
        if latest and latest[0][0] == product_id and now - latest[0][1].at < _MINUTE_MS:
            return self
        # In the order they were looked at, also within a millisecond or by two clocks.
        at = max([now, *(view.at + 1 for _, view in latest)])
        kept = replace(self, views={**self.views, product_id: View(store_id, at)}).newest()[:MOST_VIEWS]
        return replace(self, views=dict(kept))


# --- what somebody likes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """Something a person did, or took back, with a product."""

    act: Act
    product_id: str
    store_id: str
    at: int
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A product in somebody's taste.

    One whose acts were all taken back stays without any, so that doing it again is not one more person.
    """

    store_id: str
    at: int
    acts: tuple[Act, ...]

    @property
    def until(self) -> int:
        """By when it is remembered, against others."""
        return self.at + max((_REMEMBERED_MS[act] for act in self.acts), default=0)

    def strength(self, now: int) -> float:
        said = sum(STRENGTH[act] for act in self.acts)
        return float(said * 0.5 ** (max(0, now - self.at) / _TASTE_FADES_MS))


@dataclass(frozen=True, slots=True)
class Recommended:
    """
    Attributes:
        title: of the product that the reason names.
    """

    product_id: str
    store_id: str
    reason: Reason
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Taste:
    """What somebody did, by product, and what follows from it. `version` counts the changes."""

    signals: Mapping[str, Signal] = field(default_factory=dict)
    recommended: tuple[Recommended, ...] = ()
    version: int = 0

    def newest(self) -> list[str]:
        return sorted(self.signals, key=lambda product_id: (self.signals[product_id].at, product_id), reverse=True)

    def after(self, done: Iterable[Done]) -> "Taste":
        """The signals after some acts; the same for the same acts again, and for what is too old to be remembered."""
        signals = dict(self.signals)
        for each in done:
            if each.product_id in signals or not each.undone:
                signals[each.product_id] = _with(signals.get(each.product_id), each)
        kept = sorted(signals, key=lambda product_id: (signals[product_id].until, product_id), reverse=True)
        return replace(self, signals={product_id: signals[product_id] for product_id in kept[:MOST_SIGNALS]})

    def entered(self, before: "Taste") -> list[str]:
        """Products that came in, earliest first. Each of them is one more person who likes it."""
        return [product_id for product_id in reversed(self.newest()) if product_id not in before.signals]

    def company(self, product_id: str) -> list[str]:
        """The products that a new one is paired with: the latest others, without those that came after it."""
        newest = [each for each in self.newest() if self.signals[each].acts or each == product_id]
        return newest[newest.index(product_id) + 1 :][:PAIRED]

    def speaking(self, now: int) -> dict[str, Signal]:
        """The signals that say most, the loudest first."""
        loud = ((product_id, signal) for product_id, signal in self.signals.items() if signal.acts)
        ordered = sorted(loud, key=lambda entry: (entry[1].strength(now), entry[1].at, entry[0]), reverse=True)
        return dict(ordered[:SPEAKING])

    def stores(self, now: int) -> dict[str, float]:
        """The stores they like most, with how much of it all that is."""
        liked: dict[str, float] = defaultdict(float)
        for signal in self.speaking(now).values():
            liked[signal.store_id] += signal.strength(now)
        whole = sum(liked.values()) or 1.0
        ordered = sorted(liked, key=lambda store_id: (liked[store_id], store_id), reverse=True)
        return {store_id: liked[store_id] / whole for store_id in ordered[:SHELVES]}


def _with(signal: Signal | None, done: Done) -> Signal:
    if signal is None:
        return Signal(done.store_id, done.at, (done.act,))
    acts = {*signal.acts} - {done.act} if done.undone else {*signal.acts, done.act}
    return Signal(signal.store_id, max(signal.at, done.at), tuple(sorted(acts)))


# --- what is known of a product --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Other:
    """A product that some people like as well: how many, of how many who like it at all."""

    store_id: str
    both: int
    people: int
    at: int


@dataclass(frozen=True, slots=True)
class Liking:
    """How many people like a product, ever (`people`) and of late (`score`, as of `at`), and what they like as well."""

    people: int = 0
    score: int = 0
    at: int = 0
    others: Mapping[str, Other] = field(default_factory=dict)
    version: int = 0

    def by_one_more(self, now: int) -> "Liking":
        return replace(self, people=self.people + 1, score=faded(self.score, self.at, now) + ONE_PERSON, at=now)

    def with_other(self, product_id: str, store_id: str, people: int, *, now: int) -> "Liking":
        """One more person likes the other product too. Of too many, those stay that most people like, then the newest."""
        known = self.others.get(product_id)
        other = Other(store_id, (known.both if known else 0) + 1, people, now)
        others = {**self.others, product_id: other}
        kept = sorted(others, key=lambda each: (others[each].both, others[each].at, each), reverse=True)
        return replace(self, others={each: others[each] for each in kept[:MOST_OTHERS]})


def faded(score: int, at: int, now: int) -> int:
    """What a score of `at` is worth now."""
    return int(score * 0.5 ** (max(0, now - at) / FADES_MS))


def paired(
    likings: Mapping[str, Liking], stores: Mapping[str, str], product_id: str, company: Sequence[str], *, now: int
) -> dict[str, Liking]:
    """What is known of a product and of its company, when one more person likes it beside them.

    Args:
        likings: of all of them; one may be missing.
        stores: the store of each.
    """
    own = likings.get(product_id, Liking()).by_one_more(now)
    changed = {}
    for other_id in company:
        other = likings.get(other_id, Liking())
        own = own.with_other(other_id, stores[other_id], other.people, now=now)
        changed[other_id] = other.with_other(product_id, stores[product_id], own.people, now=now)
    return {product_id: own, **changed}


@dataclass(frozen=True, slots=True)
class Standing:
    """A product in a chart. `score` is as of `at`."""

    store_id: str
    score: int
    at: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The best of some products: of one store, or of a part of all. `version` counts the changes."""

    entries: Mapping[str, Standing] = field(default_factory=dict)
    version: int = 0

    def ranked(self, now: int) -> list[tuple[str, Standing]]:
        """Those that most people like of late first, then the newest."""
        return sorted(self.entries.items(), key=lambda entry: _rank(entry, now), reverse=True)

    def with_standing(self, product_id: str, standing: Standing, *, now: int) -> "Chart":
        """The best of what is there and one more: what nobody likes gives way to what is newer."""
        chart = replace(self, entries={**self.entries, product_id: standing})
        return replace(self, entries=dict(chart.ranked(now)[:MOST_IN_CHART]))

    def is_about(self, other: "Chart", *, now: int) -> bool:
        """Whether it has the same products, and what each is worth is within a tenth of what it is in the other."""
        if self.entries.keys() != other.entries.keys():
            return False
        worth = [
            (faded(standing.score, standing.at, now), faded(known.score, known.at, now))
            for product_id, standing in self.entries.items()
            for known in [other.entries[product_id]]
        ]
        return all(10 * abs(mine - theirs) <= theirs for mine, theirs in worth)

    def without(self, product_id: str) -> "Chart":
        return replace(self, entries={each: self.entries[each] for each in self.entries if each != product_id})


def _rank(entry: tuple[str, Standing], now: int) -> tuple[int, int, str]:
    product_id, standing = entry
    score = faded(standing.score, standing.at, now)
    # What one person likes does not show, in no order either.
    return score if score > ONE_PERSON else 0, standing.at, product_id


# --- what follows ----------------------------------------------------------------------------------------------------


def recommend(
    taste: Taste, likings: Mapping[str, Liking], shelves: Mapping[str, Chart], titles: Mapping[str, str], *, now: int
) -> tuple[Recommended, ...]:
    """What somebody may like that they had nothing to do with so far, the best first.

    Each product of their taste speaks for those that people like as well: the more of those who like either, the
    louder, so that what everybody likes does not drown the rest. So do the stores they like.

    Args:
        likings: of `taste.speaking`; one may be missing.
        shelves: the charts of `taste.stores`.
        titles: of `taste.speaking`.
    """
    scores: dict[str, float] = defaultdict(float)
    best: dict[str, tuple[float, Recommended]] = {}

    def speak(gain: float, recommended: Recommended) -> None:
        product_id = recommended.product_id
        if product_id in taste.signals and taste.signals[product_id].acts:
            return
        scores[product_id] += gain
        if product_id not in best or gain > best[product_id][0]:
            best[product_id] = (gain, recommended)

    for product_id, signal in taste.speaking(now).items():
        liking = likings.get(product_id, Liking())
        for other_id, other in liking.others.items():
            if other.both >= ENOUGH and product_id in titles:
                alike = other.both / sqrt((liking.people + _DOUBT) * (other.people + _DOUBT))
                also = Recommended(other_id, other.store_id, Reason.ALSO, titles[product_id])
                speak(signal.strength(now) * alike, also)
    shopped = {signal.store_id for signal in taste.signals.values() if {Act.BOUGHT, Act.GIVEN} & {*signal.acts}}
    for store_id, liked in taste.stores(now).items():
        reason = Reason.SHOPPED if store_id in shopped else Reason.STORE
        ranked = shelves.get(store_id, Chart()).ranked(now)
        most = max([ONE_PERSON, *(faded(standing.score, standing.at, now) for _, standing in ranked)])
        for product_id, standing in ranked:
            popular = faded(standing.score, standing.at, now) / most
            speak(_OF_STORE * liked * (0.1 + popular), Recommended(product_id, store_id, reason))
    order = sorted(scores, key=lambda product_id: (scores[product_id], product_id), reverse=True)
    return tuple(best[product_id][1] for product_id in order[:MOST_RECOMMENDED])


def offered(charts: Iterable[Chart], *, now: int) -> list[Recommended]:
    """What may please anybody: what most people like of late, then what is new."""
    everything = [entry for chart in charts for entry in chart.entries.items()]
    everything.sort(key=lambda entry: _rank(entry, now), reverse=True)
    return [
        Recommended(
            product_id,
            standing.store_id,
            Reason.POPULAR if faded(standing.score, standing.at, now) > ONE_PERSON else Reason.OFFERED,
        )
        for product_id, standing in everything
    ]


def candidates(taste: Taste, views: Views, charts: Iterable[Chart], *, now: int) -> list[Recommended]:
    """All that may be recommended to somebody, each once: what they looked at lately comes last."""
    known = [*taste.recommended, *offered(charts, now=now)]
    new = {each.product_id: each for each in reversed(known) if each.product_id not in views.views}
    seen = [Recommended(product_id, view.store_id, Reason.VIEWED) for product_id, view in views.newest()]
    order = dict.fromkeys(each.product_id for each in known if each.product_id in new)
    # Reached only where nothing else is left: somebody bought or tagged it all.
    rest = [
        Recommended(product_id, taste.signals[product_id].store_id, Reason.OFFERED)
        for product_id in taste.newest()
        if product_id not in new and product_id not in views.views
    ]
    return [*(new[product_id] for product_id in order), *seen, *rest]
