"""The data model: every item of the one table, and every way it is read.

Items (`pk`, `sk` are the table's key; times are milliseconds, `ttl` is seconds since the epoch)

| item     | pk                | sk                | by_owner                      | by_parent                         | by_due                    | ttl | written by                         | deleted by |
|----------|-------------------|-------------------|-------------------------------|-----------------------------------|---------------------------|-----|------------------------------------|------------|
| STORE    | STORE#store       | STORE             |                               |                                   |                           |     | its merchant                       | nobody     |
| ACCOUNT  | USER#user         | ACCOUNT           |                               |                                   |                           |     | sign-up, first authenticated call; its user | nobody |
| HANDLE   | HANDLE#handle     | HANDLE            |                               |                                   |                           |     | with the ACCOUNT that has it       | a change of handle |
| PRODUCT  | PRODUCT#product   | PRODUCT           |                               | PRODUCTS#store, created#product   |                           |     | seed, merchant; purchase (stock)   | nobody     |
| ORDER    | ORDER#order       | ORDER             | ORDERS#buyer, created#order   |                                   | PENDING#shard while pending |   | purchase, give, use, give-back     | nobody     |
| GIFT     | GIFT#gift         | GIFT              | SENT#giver, created#gift      | GIFTS_OF#order, created#gift      | WINDOWS#shard while open  |     | give, claim, give-back             | nobody     |
| WINDOW   | WINDOW#gift       | WINDOW            |                               |                                   |                           | yes | give                               | TTL        |
| ADDRESSED| USER#recipient    | ADDRESSED#gift    |                               | RECEIVED#recipient, created#gift  |                           |     | give to a named recipient          | nobody     |
| HOLDING  | HOLDING#holding   | HOLDING           | HOLDINGS#holder, received#holding | RECEIVED#holder, created#gift (claimed by link) | |     | claim, use, return gift            | nobody     |
| SHIPMENT | SHIPMENT#shipment | SHIPMENT          | SHIPMENTS_IN#store#status, created#shipment | SHIPMENTS#store, created#shipment | |   | claim, use; merchant, carrier      | nobody     |
| ASKED    | GIFT#gift         | ASKED#user        |                               |                                   |                           |     | ask again                          | nobody     |
| REMINDER | GIFT#gift         | REMINDER          |                               |                                   | REMINDERS#shard until the last | yes | projector; sweep              | TTL        |
| MESSAGE  | USER#user         | MESSAGE#message   | MESSAGES#user, created#message |                                  |                           |     | projector, sweep; its reader       | nobody     |
| SUMMARY  | USER#user         | SUMMARY           |                               |                                   |                           |     | projector, sweep; who reads messages | nobody   |
| TALLY    | ORDER#order, SHIPMENT#shipment | TALLY |                              |                                   |                           |     | projector                          | nobody     |
| USABLE   | USER#user         | USABLE#until#holding |                            |                                   |                           | yes | projector: the tally of a voucher  | TTL        |
| TAGGED   | USER#user         | TAGGED#product    | TAGGED_BY#user, at#product#store |                                |                           |     | its user                           | its user   |
| BOUGHT   | USER#user         | BOUGHT#product    |                               |                                   |                           |     | projector                          | nobody     |
| PREFERENCES | USER#user      | PREFERENCES       |                               |                                   |                           |     | its user, by viewing a product; projector; switching on or off | nobody |
| RELATED  | PRODUCT#product   | RELATED           |                               |                                   |                           |     | projector                          | nobody     |
| RANKING  | RANKING#shard     | RANKING           |                               |                                   |                           |     | projector                          | nobody     |
| USE      | USE#use           | USE               |                               |                                   |                           |     | use                                | nobody     |
| REFUND   | REFUND#refund     | REFUND            |                               |                                   | REFUNDS#shard while pending |   | refund                             | nobody     |
| CHARGE   | CHARGE#key        | CHARGE            |                               |                                   |                           |     | sandbox payment provider           | nobody     |

ORDER and GIFT carry no ttl: deleting one would lose units. WINDOW holds no state and no personal data; that it is
gone means nothing but "look at the gift". `ADDRESSED` items and the indexes are lists, never the truth: the indexes
project keys only, a list reads the items themselves.

A voucher's HOLDING has an id that its code leads to, so a code is looked up by key and no two vouchers share one.
What a PRODUCT is called by and may do through its store is in the STORE and read with it.

A SUMMARY is the sum of its user's tallies and unread messages; it is written in one transaction with those of them that
changed, and read before them. What the clock made true since is added when it is read.

PREFERENCES are one item per user, of at most 50 products, so that the viewing history is erased by one write, and reading
costs the same for every user. BOUGHT items outlive it, so that what was bought long ago is not recommended again. RELATED
and RANKING count users and name none.

Access patterns (RRU and WRU for items up to 1 KB; a transaction counts twice, an index entry adds 1 per write of it)

|  # | what                                   | how                                                    | method                        | units |
|----|----------------------------------------|--------------------------------------------------------|-------------------------------|-------|
|  1 | one order, gift, holding, product      | GetItem, consistent                                    | `Table.get`                   | 1 RRU |
|  2 | an order with its reservations gifts    | GetItem + BatchGetItem of at most 50                   | `orders.get`, `gifts.get_many`| 1 + gifts RRU |
|  3 | what a creating call needs             | one BatchGetItem                                       | `Table.get_many`              | 1 RRU an item |
|  4 | buy                                    | Put ORDER if absent (+ Update PRODUCT where stock counts) | `orders.open`              | 3 WRU (7 with stock) |
|  5 | settle a payment                       | Update ORDER if pending                                | `orders.pay`, `orders.decline`| 2 WRU |
|  6 | give                                   | transaction: ORDER if enough available, GIFT and WINDOW if absent (+ ADDRESSED) | `gifts.give` | 9 WRU (12 addressed) |
|  7 | claim one share                        | transaction: GIFT if open, HOLDING if absent (+ SHIPMENT) | `gifts.claim`              | 7 WRU (11 a parcel) |
|  8 | end a gift                             | transaction: GIFT if open, ORDER if it has its reservation | `gifts.end_gift`         | 5 WRU |
|  9 | use own units                          | transaction: ORDER if enough available, USE and HOLDINGs if absent (+ SHIPMENT) | `orders.use` | 4 + 3 a voucher WRU (11 a parcel) |
| 10 | open a return gift's order             | transaction: ORDER if absent, HOLDING if it has no return gift | `orders.open_pending`              | 6 WRU |
| 11 | pay a return gift                      | transaction: ORDER if pending, GIFT, WINDOW, ADDRESSED if absent | `gifts.give_paid`   | 14 WRU |
| 12 | refund                                 | transaction: ORDER if enough available, REFUND if absent (+ Update PRODUCT where stock counts) | `refunds.open_pending` | 5 WRU (7 with stock) |
| 13 | settle a refund                        | Update REFUND if pending                               | `refunds.settle`              | 2 WRU |
| 14 | lists of one owner or parent, newest first | Query of the index, then BatchGetItem              | `Table.newest`                | 0.5 + items RRU |
| 15 | a store's products and shipments (of one status), newest first | as 14, by `by_parent` (`by_owner`) | `Table.newest`            | 0.5 + items RRU |
| 16 | what a store says of a product         | with the PRODUCT, where this process or an order says whose it is; else GetItem STORE | `products.get_with`, `products.as_sold_now` | 1 RRU |
| 17 | a voucher by its code                  | GetItem HOLDING, whose id is made from the code        | `holdings.get`                | 1 RRU |
| 18 | redeem                                 | Update HOLDING if neither redeemed nor over            | `holdings.redeem`             | 1 WRU |
| 19 | change a shipment                      | Update SHIPMENT if it is the version that was read     | `shipments.change`            | 1 WRU (3 for another status) |
| 20 | put a store or a product               | Put if absent, else Update if it is the store's        | `stores.put`, `products.put`  | 2 WRU |
| 21 | ask again                              | Put ASKED if absent                                    | `gifts.ask_again`             | 1 WRU |
| 22 | how many gifts wait                    | Query of `by_owner`, newest 100; their items where that is not fewer, and the next 100, five times at most | `gifts.sent_by_since` | 0.5 RRU, 250 and more at most |
| 23 | what is due                            | Query of `by_due`, a shard at a time, earliest first   | `Table.earliest`              | 0.5 RRU a shard |
| 24 | make an account                        | GetItem; transaction: ACCOUNT and HANDLE if absent (a plain Put without a handle) | `accounts.add` | 0.5 RRU, 4 WRU (1 without a handle) |
| 25 | change an account                      | GetItem, consistent; Update ACCOUNT if it is what was read (handle: transaction with Put HANDLE if absent, Delete HANDLE; recommendations: with Update PREFERENCES) | `accounts.change` | 1 RRU, 1 WRU (6 with the handle, 4 and more with the recommendations) |
| 26 | the sums of an order center            | GetItem SUMMARY; Query, COUNT, of the USABLEs that ended today | `summaries.get`, `summaries.over_today` | 1.5 RRU |
| 27 | the order center                       | as 26, 5 Queries and what 36 begins with, side by side; BatchGetItem of the first entries and candidates; BatchGetItem of what they refer to | `use_cases.order_center` | 10 + items RRU |
| 28 | tell and count                         | GetItem SUMMARY, BatchGetItem; transaction: SUMMARY if it is the version that was read, MESSAGE if absent, TALLYs; BatchGetItem of what was counted, again | `summaries.change` | 1 + items RRU, and what was counted again, 2 + 2 a tally, 3 a message WRU |
| 29 | read a message                         | 2 GetItem; transaction: MESSAGE if unread, SUMMARY if it is the version that was read | `messages.mark_read` | 2 RRU, 4 WRU |
| 30 | remind                                 | Put REMINDER if absent; Update REMINDER if it is due     | `reminders.set_first`, `reminders.set_next` | 2 WRU each |
| 31 | who has a handle                       | GetItem HANDLE, then ACCOUNT, consistent               | `accounts.by_handle`          | 2 RRU |
| 32 | whom one exchanged gifts with          | 14 of the newest 100 sent and received, side by side; BatchGetItem of ACCOUNTs | `people.list_contacts` | 1 + gifts + people RRU |
| 33 | tag, untag                             | GetItem PRODUCT; Put TAGGED if absent, Delete if there | `tags.put`, `tags.delete`     | 1 RRU, 2 WRU |
| 34 | what one tagged, newest first          | Query of `by_owner`, then one BatchGetItem of TAGGED, PRODUCT, STORE | `tags.of_user`  | 0.5 + 2 to 3 an entry RRU |
| 35 | record a view                          | GetItem PREFERENCES; Put, or Update if it has the version that was read | `preferences.save` | 1 to 3 RRU, 1 to 9 WRU |
| 36 | what a user viewed; recommended products | one BatchGetItem of PREFERENCES, RANKING (4); then one of PRODUCT, STORE (TAGGED, BOUGHT) for 25 products | `Table.get_many` | 5 + 2 to 4 an entry RRU |
| 37 | update preferences                     | BatchGetItem of PREFERENCES (TAGGED); of RELATED and PRODUCT of at most 12, not consistent; Query of `by_parent`, a store's newest 15 products, 3 times at most; Put PREFERENCES, or Update if it has the version that was read | `preferences.save` | 20 RRU, 9 WRU |
| 38 | count a user for a product             | BatchGetItem of at most 6 RELATED; each Put, or Update if it has the version that was read; then RANKING so, where the popularity changed by 10 % | `preferences.save` | 8 RRU, 20 WRU |
| 39 | how late settling is                   | 23 without the items: 4 Queries of each shard          | `health.collect_health`       | 0.5 RRU a shard and kind |
| 40 | some orders, with what became of them  | 23 of one shard; 14 of their givers' orders, of each order's gifts; BatchGetItem of gifts, holdings | `health.collect_health` | at most 50 orders, 1 + items RRU each |
| 41 | all there is                           | Scan, consistent, in segments: operators only          | `ops.scan.WholeTable.pages`   | 1 RRU an item |
| 42 | which gifts ended before their time    | BatchGetItem of at most 100, not consistent            | `expiring.restore_all`       | 0.5 RRU a gift |

docs/reference/request_units.md has the measured calls and request units of each operation.
"""

from collections.abc import Mapping
from typing import NamedTuple

from handsel.domain import errors

SEPARATOR = "#"
MAX_PART = 128
DUE_SHARDS = 16
RANKING_SHARDS = 4


class Key(NamedTuple):
    pk: str
    sk: str

    def attributes(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


class Index(NamedTuple):
    name: str
    pk: str
    sk: str


BY_OWNER = Index("by_owner", "owner_pk", "owner_sk")
BY_PARENT = Index("by_parent", "parent_pk", "parent_sk")
BY_DUE = Index("by_due", "due_pk", "due_sk")


def is_valid_key_part(part: str) -> bool:
    """Whether a key can hold this id."""
    return 0 < len(part) <= MAX_PART and SEPARATOR not in part and part.isascii() and part.isprintable()


def _join(prefix: str, *parts: str) -> str:
    """`PREFIX#part#part`. Injective: no part is empty or holds the separator.

    Raises:
        NotFound: a part that no key can hold names nothing.
    """
    for part in parts:
        if not is_valid_key_part(part):
            raise errors.NotFound
    return SEPARATOR.join((prefix, *parts))


def account(user_id: str) -> Key:
    return Key(_join("USER", user_id), "ACCOUNT")


def handle(name: str) -> Key:
    return Key(_join("HANDLE", name), "HANDLE")


def store(store_id: str) -> Key:
    return Key(_join("STORE", store_id), "STORE")


def product(product_id: str) -> Key:
    return Key(_join("PRODUCT", product_id), "PRODUCT")


def order(order_id: str) -> Key:
    return Key(_join("ORDER", order_id), "ORDER")


def gift(gift_id: str) -> Key:
    return Key(_join("GIFT", gift_id), "GIFT")


def window(gift_id: str) -> Key:
    return Key(_join("WINDOW", gift_id), "WINDOW")


def addressed(user_id: str, gift_id: str) -> Key:
    return Key(_join("USER", user_id), _join("ADDRESSED", gift_id))


def holding(holding_id: str) -> Key:
    return Key(_join("HOLDING", holding_id), "HOLDING")


def shipment(shipment_id: str) -> Key:
    return Key(_join("SHIPMENT", shipment_id), "SHIPMENT")


def asked(gift_id: str, user_id: str) -> Key:
    return Key(_join("GIFT", gift_id), _join("ASKED", user_id))


def reminder(gift_id: str) -> Key:
    return Key(_join("GIFT", gift_id), "REMINDER")


def message(user_id: str, message_id: str) -> Key:
    return Key(_join("USER", user_id), _join("MESSAGE", message_id))


def summary(user_id: str) -> Key:
    return Key(_join("USER", user_id), "SUMMARY")


def tally(of: Key) -> Key:
    """What an order or a shipment adds to a summary, kept beside it."""
    return Key(of.pk, "TALLY")


# Vouchers whose validity does not end sort after all that end.
_NEVER = 10**13 - 1


def usable(user_id: str, valid_until: int | None, holding_id: str) -> Key:
    """What a voucher adds to its holder's summary: by when its validity ends."""
    until = _NEVER if valid_until is None else valid_until
    return Key(_join("USER", user_id), _join("USABLE", f"{until:013d}", holding_id))


def usable_span(user_id: str, since: int, until: int) -> tuple[Key, Key]:
    """The first and the last key of vouchers whose validity ends from `since` to `until`, both included."""
    pk = _join("USER", user_id)
    return Key(pk, f"USABLE#{since:013d}"), Key(pk, f"USABLE#{until + 1:013d}")


def tagged(user_id: str, product_id: str) -> Key:
    return Key(_join("USER", user_id), _join("TAGGED", product_id))


def bought(user_id: str, product_id: str) -> Key:
    return Key(_join("USER", user_id), _join("BOUGHT", product_id))


def preferences(user_id: str) -> Key:
    return Key(_join("USER", user_id), "PREFERENCES")


def related(product_id: str) -> Key:
    return Key(_join("PRODUCT", product_id), "RELATED")


def rankings() -> list[Key]:
    return [Key(f"RANKING#{shard:02d}", "RANKING") for shard in range(RANKING_SHARDS)]


def ranking(product_id: str) -> Key:
    """Return the shard of the global ranking that a product is in."""
    return rankings()[sum(product_id.encode()) % RANKING_SHARDS]


def use(use_id: str) -> Key:
    return Key(_join("USE", use_id), "USE")


def refund(refund_id: str) -> Key:
    return Key(_join("REFUND", refund_id), "REFUND")


def charge(key: str) -> Key:
    return Key(_join("CHARGE", key), "CHARGE")


def orders_of(user_id: str) -> str:
    return _join("ORDERS", user_id)


def sent_by(user_id: str) -> str:
    return _join("SENT", user_id)


def received_by(user_id: str) -> str:
    return _join("RECEIVED", user_id)


def holdings_of(user_id: str) -> str:
    return _join("HOLDINGS", user_id)


def messages_of(user_id: str) -> str:
    return _join("MESSAGES", user_id)


def tagged_by(user_id: str) -> str:
    return _join("TAGGED_BY", user_id)


def gifts_of(order_id: str) -> str:
    return _join("GIFTS_OF", order_id)


def products_of(store_id: str) -> str:
    return _join("PRODUCTS", store_id)


def shipments_of(store_id: str) -> str:
    return _join("SHIPMENTS", store_id)


def shipments_in(store_id: str, status: str) -> str:
    return _join("SHIPMENTS_IN", store_id, status)


def windows(shard: int) -> str:
    return f"WINDOWS#{shard:02d}"


def pending(shard: int) -> str:
    return f"PENDING#{shard:02d}"


def refunds(shard: int) -> str:
    return f"REFUNDS#{shard:02d}"


def reminders(shard: int) -> str:
    return f"REMINDERS#{shard:02d}"


def shard_of(entity_id: str) -> int:
    """Spreads due entries over the shards, evenly and the same way each time."""
    return sum(entity_id.encode()) % DUE_SHARDS


def position(at: int, entity_id: str) -> str:
    """A sort key that orders by time, then id. 13 digits of milliseconds last until the year 2286."""
    return f"{at:013d}{SEPARATOR}{entity_id}"


# No position comes after it.
LAST_POSITION = "9" * 14


def id_at(sort_key: str) -> str:
    """The id in a sort key made by `position`."""
    return sort_key.partition(SEPARATOR)[2]


def time_at(sort_key: str) -> int:
    """The time in a sort key made by `position`."""
    return int(sort_key.partition(SEPARATOR)[0])


def owner_of(key: Key) -> str:
    """The user in whose partition an item is."""
    return key.pk.partition(SEPARATOR)[2]


def tagged_at(sort_key: str) -> tuple[int, str, str]:
    """When which product of which store was tagged, from a sort key of `tagged_by`.

    It names the store, so that all of a page is read at once; a product does not change its store.
    """
    at, product_id, store_id = sort_key.split(SEPARATOR)
    return int(at), product_id, store_id


def index_entry(index: Index, pk: str, at: int, entity_id: str) -> Mapping[str, str]:
    return {index.pk: pk, index.sk: position(at, entity_id)}


def window_gift(pk: str) -> str:
    """The gift a WINDOW item's partition key names.

    Raises:
        ValueError: not the key of a WINDOW item.
    """
    prefix, _, gift_id = pk.partition(SEPARATOR)
    if prefix != "WINDOW" or not gift_id:
        raise ValueError("not the key of a window item")
    return gift_id
