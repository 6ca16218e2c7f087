"""How good the recommendations are: `python -m testkit.recommendations [seed]`, in less than a minute.

Each person's last act is kept from the engine. A hit is where it is among the first ten it recommends. Beside it stand
what most people had, and chance.
"""

import sys
import time

from testkit.recommendations.market import Engine, Market, Quality, by_chance, by_engine, by_popularity, learn_all


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    began = time.monotonic()
    market = Market.make(seed, people=2000, products=300, stores=30, interests=12)
    engine = Engine()
    for number, engine in enumerate(learn_all(market)):  # noqa: B007 - the last one is what counts
        if number % 10 == 0:
            _say(f"\r{number / 10:.0f} % of {len(market.acts)} acts learned")
    _say("\rasking for everybody                    ")
    table = {
        "recommended": Quality.of(market, by_engine(market, engine)),
        "most popular": Quality.of(market, by_popularity(market)),
        "by chance": Quality.of(market, by_chance(market, seed)),
    }
    _say("\r                                        \r")
    _say(f"{len(market.last)} people, {len(market.stores)} products, seed {seed}, {time.monotonic() - began:.0f} s\n\n")
    _say(f"{'':14}{'hits in ten':>12}{'coverage':>10}\n")
    for name, quality in table.items():
        _say(f"{name:14}{quality.hits:>12.1%}{quality.coverage:>10.1%}\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
