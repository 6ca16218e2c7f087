"""A made-up market, and what the engine makes of it: the code that decides in production, on dicts in place of the table.

People have a taste or two; a taste prefers some stores and some products across stores, and everybody buys what is
popular now and then. Each acts several times; the last time is what the engine has to guess.
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
    """
    Attributes:
        stores: the store of each product.
        acts: what people did, in the order of time.
        last: what each of them did last, of which nobody is told.
    """

    stores: dict[str, str]
    acts: list[tuple[str, Interaction]]
    last: dict[str, Interaction]

    @classmethod
    def make(cls, seed: int, *, people: int, products: int, stores: int, tastes: int) -> "Market":
        dice = random.Random(seed)  # noqa: S311 - the same market each time
        shelf = {f"product-{number:03d}": f"store-{number % stores:02d}" for number in range(products)}
        ids = list(shelf)
        popular = [1 / (rank + 1) ** 0.8 for rank in range(products)]
        dice.shuffle(popular)
        appeal = dict(zip(ids, popular, strict=True))
        liked = []
        for _ in range(tastes):
            favourites = set(dice.sample(range(stores), max(1, stores // 6)))
            of_stores = [each for each in ids if int(shelf[each][-2:]) in favourites]
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
                Interaction(dice.choice(_TYPES), product_id, shelf[product_id], at)
                for product_id, at in zip(had, moments, strict=True)
            ]
            acts += [(person, each) for each in done[:-1]]
            last[person] = done[-1]
        return cls(shelf, sorted(acts, key=lambda act: (act[1].at, act[0])), last)

    def products(self) -> dict[str, list[str]]:
        """The products of each store, the newest first."""
        found: dict[str, list[str]] = defaultdict(list)
        for product_id, store_id in self.stores.items():
            found[store_id].append(product_id)
        return found


@dataclass
class Engine:
    """What the table would hold."""

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
        """What the person is shown, the best first; as if it had been written down with their last act."""
        known = self.preferences[person]
        titles = {product_id: product_id for product_id in known.signals}
        known = known.processed(
            recommendations.recommend(known, self.stats, titles, {each: self.products[each] for each in known.stores()})
        )
        candidates = recommendations.candidates(known, self.rankings.values(), now=now)
        return [each.product_id for each in candidates if each.product_id not in known.signals]


@dataclass(frozen=True)
class Quality:
    """
    Attributes:
        hits: for how many people what they did last was among the ten they were shown.
        coverage: how much of all that is sold somebody was shown.
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
    """The engine after each thousandth of what people did."""
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
    """What most people had, without what the person had: the same for everybody but for that."""
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
