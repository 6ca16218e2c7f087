"""A generated market, and recommendations for it by the production code, with dicts in place of the table.

Each person has one or two interests. An interest prefers some stores, and some products of all stores; sometimes a person
buys a popular product instead. The last interaction of each person is hidden from the engine, which has to predict it.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handsel.domain import recommendations
from handsel.domain.recommendations import Interaction, InteractionType, Preferences, ProductStats, Ranking

_DAY_MS = 86_400_000
START = 1_790_000_000_000
SPAN = 60 * _DAY_MS
_BOUGHT, _TAGGED, _VIEWED = InteractionType.BOUGHT, InteractionType.TAGGED, InteractionType.VIEWED
_TYPES = (_VIEWED, _VIEWED, _VIEWED, _TAGGED, _BOUGHT, _BOUGHT)


@dataclass(frozen=True)
class Market:
    """Products, stores and the interactions of people.

    Attributes:
        stores: the store of each product.
        acts: the interactions, in the order of time.
        last: the last interaction of each person, which is not in `acts`.
    """

    stores: dict[str, str]
    acts: list[tuple[str, Interaction]]
    last: dict[str, Interaction]

    @classmethod
    def make(cls, seed: int, *, people: int, products: int, stores: int, interests: int) -> "Market":
        dice = random.Random(seed)  # noqa: S311 - the same market each time
        store_of = {f"product-{number:03d}": f"store-{number % stores:02d}" for number in range(products)}
        ids = list(store_of)
        popular = [1 / (rank + 1) ** 0.8 for rank in range(products)]
        dice.shuffle(popular)
        appeal = dict(zip(ids, popular, strict=True))
        liked = []
        for _ in range(interests):
            favourites = set(dice.sample(range(stores), max(1, stores // 6)))
            of_stores = [each for each in ids if int(store_of[each][-2:]) in favourites]
            liked.append([*dice.sample(of_stores, len(of_stores) // 2), *dice.sample(ids, products // 20)])
        acts: list[tuple[str, Interaction]] = []
        last = {}
        for number in range(people):
            person, mine = f"person-{number:04d}", dice.sample(liked, dice.choice((1, 1, 2)))
            had: dict[str, None] = {}
            while len(had) < dice.randint(4, 12):
                pool = ids if dice.random() < 0.2 else dice.choice(mine)
                had.setdefault(dice.choices(pool, [appeal[each] for each in pool])[0])
            moments = sorted(START + dice.randrange(SPAN) for _ in had)
            done = [
                Interaction(dice.choice(_TYPES), product_id, store_of[product_id], at)
                for product_id, at in zip(had, moments, strict=True)
            ]
            acts += [(person, each) for each in done[:-1]]
            last[person] = done[-1]
        return cls(store_of, sorted(acts, key=lambda act: (act[1].at, act[0])), last)

    def products(self) -> dict[str, list[str]]:
        """Return the products of each store, newest first."""
        found: dict[str, list[str]] = defaultdict(list)
        for product_id, store_id in self.stores.items():
            found[store_id].append(product_id)
        return found


@dataclass
class Engine:
    """The content of the table, in memory."""

    preferences: dict[str, Preferences] = field(default_factory=lambda: defaultdict(Preferences))
    stats: dict[str, ProductStats] = field(default_factory=lambda: defaultdict(ProductStats))
    rankings: dict[int, Ranking] = field(default_factory=lambda: defaultdict(Ranking))
    products: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, person: str, done: Interaction) -> None:
        after = self.preferences[person].after([done])
        self.preferences[person] = after.processed(())
        for product_id in after.uncounted():
            stores = {each: after.signals[each].store_id for each in (product_id, *after.neighbors(product_id))}
            self.stats |= recommendations.count_person(self.stats, stores, product_id, now=done.at)
            stats, shard = self.stats[product_id], sum(product_id.encode()) % 4
            self.rankings[shard] = self.rankings[shard].with_product(product_id, done.store_id, stats, created_at=START)

    def recommend(self, person: str, now: int) -> list[str]:
        """Return the recommended products, best first, as computed after the person's last known interaction."""
        known = self.preferences[person]
        titles = {product_id: product_id for product_id in known.signals}
        known = known.processed(
            recommendations.recommend(known, self.stats, titles, {each: self.products[each] for each in known.stores()})
        )
        candidates = recommendations.candidates(known, self.rankings.values(), now=now)
        return [each.product_id for each in candidates if each.product_id not in known.signals]


@dataclass(frozen=True)
class Quality:
    """The quality of recommendations.

    Attributes:
        hits: the share of people whose last interaction is among their first ten recommendations.
        coverage: the share of products that are recommended to anyone.
    """

    hits: float
    coverage: float

    @classmethod
    def of(cls, market: Market, shown: Iterable[tuple[str, list[str]]]) -> "Quality":
        hits, offered = 0, set[str]()
        for person, products in shown:
            hits += market.last[person].product_id in products[:10]
            offered.update(products[:10])
        return cls(hits / len(market.last), len(offered) / len(market.stores))


def learn_all(market: Market) -> Iterator[Engine]:
    """Yield the engine after each thousandth of the interactions."""
    engine = Engine(products=market.products())
    for number, (person, done) in enumerate(market.acts):
        engine.learn(person, done)
        if number % (len(market.acts) // 1000 + 1) == 0:
            yield engine
    yield engine


def by_engine(market: Market, engine: Engine) -> Iterator[tuple[str, list[str]]]:
    for person in market.last:
        yield person, engine.recommend(person, START + SPAN)


def by_popularity(market: Market) -> Iterator[tuple[str, list[str]]]:
    """Yield the most popular products for each person, without those of the person."""
    people: dict[str, set[str]] = defaultdict(set)
    for person, done in market.acts:
        people[done.product_id].add(person)
    ranked = sorted(people, key=lambda product_id: (-len(people[product_id]), product_id))
    for person in market.last:
        yield person, [product_id for product_id in ranked if person not in people[product_id]]


def by_chance(market: Market, seed: int) -> Iterator[tuple[str, list[str]]]:
    dice = random.Random(seed)  # noqa: S311 - the same dice each time
    had: dict[str, set[str]] = defaultdict(set)
    for person, done in market.acts:
        had[person].add(done.product_id)
    for person in market.last:
        yield person, dice.sample([each for each in market.stores if each not in had[person]], 10)
