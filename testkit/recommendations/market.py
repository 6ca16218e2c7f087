"""A made-up market, and what the engine makes of it: the code that decides in production, on dicts in place of the table.

People have a taste or two; a taste prefers some stores and some products across stores, and everybody buys what is
popular now and then. Each acts several times; the last time is what the engine has to guess.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from handsel.domain import recommendations
from handsel.domain.recommendations import Act, Chart, Done, Liking, Standing, Taste, Views

_DAY_MS = 86_400_000
START = 1_790_000_000_000
SPAN = 60 * _DAY_MS
_ACTS = (Act.VIEWED, Act.VIEWED, Act.VIEWED, Act.TAGGED, Act.BOUGHT, Act.GIVEN)


@dataclass(frozen=True)
class Market:
    """
    Attributes:
        stores: the store of each product.
        acts: what people did, in the order of time.
        last: what each of them did last, of which nobody is told.
    """

    stores: dict[str, str]
    acts: list[tuple[str, Done]]
    last: dict[str, Done]

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
        acts: list[tuple[str, Done]] = []
        last = {}
        for number in range(people):
            person, mine = f"person-{number:04d}", dice.sample(liked, dice.choice((1, 1, 2)))
            had: dict[str, None] = {}
            while len(had) < dice.randint(4, 12):
                pool = ids if dice.random() < 0.2 else dice.choice(mine)
                had.setdefault(dice.choices(pool, [appeal[each] for each in pool])[0])
            moments = sorted(START + dice.randrange(SPAN) for _ in had)
            done = [
                Done(dice.choice(_ACTS), product_id, shelf[product_id], at)
                for product_id, at in zip(had, moments, strict=True)
            ]
            acts += [(person, each) for each in done[:-1]]
            last[person] = done[-1]
        return cls(shelf, sorted(acts, key=lambda act: (act[1].at, act[0])), last)


@dataclass
class Engine:
    """What the table would hold."""

    tastes: dict[str, Taste] = field(default_factory=lambda: defaultdict(Taste))
    likings: dict[str, Liking] = field(default_factory=lambda: defaultdict(Liking))
    shelves: dict[str, Chart] = field(default_factory=lambda: defaultdict(Chart))
    popular: dict[int, Chart] = field(default_factory=lambda: defaultdict(Chart))

    def learn(self, person: str, done: Done) -> None:
        before = self.tastes[person]
        after = before.after([done])
        self.tastes[person] = after
        for product_id in after.entered(before):
            company = after.company(product_id)
            stores = {each: after.signals[each].store_id for each in (product_id, *company)}
            self.likings |= recommendations.paired(self.likings, stores, product_id, company, now=done.at)
            liking = self.likings[product_id]
            standing = Standing(done.store_id, liking.score, liking.at)
            for charts, of in ((self.popular, sum(product_id.encode()) % 4), (self.shelves, done.store_id)):
                charts[of] = charts[of].with_standing(product_id, standing, now=done.at)  # type: ignore[index]

    def recommend(self, person: str, now: int) -> list[str]:
        """What the person is shown, the best first; as if it had been written down with their last act."""
        taste = self.tastes[person]
        titles = {product_id: product_id for product_id in taste.signals}
        written = replace(
            taste,
            recommended=recommendations.recommend(taste, self.likings, self.shelves, titles, now=now),
        )
        candidates = recommendations.candidates(written, Views(), self.popular.values(), now=now)
        return [each.product_id for each in candidates if each.product_id not in taste.signals]


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
    engine = Engine()
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
