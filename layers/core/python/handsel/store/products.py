"""What stores sell.

A product's item has its own facts; those of its store are in the store's item and read along with it. Where a product
is kept as it was bought (in orders, gifts, holdings, shipments), it is whole.

`stock` is always a number, so that pieces go back on the shelf whatever the merchant did in between; where the product
is `unlimited` nobody looks at it.
"""

from collections.abc import Iterable, Mapping
from functools import partial

from handsel.domain import errors
from handsel.domain.models import Page, Product, Store
from handsel.store import attributes, keys, lists, stores
from handsel.store.attributes import Item
from handsel.store.expressions import assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed, Put, Update

_OF_STORE = frozenset({"store_name", "store_giftable"})
_FIXED = frozenset({"product_id", "store_id", "created_at"})
# Of so many products a process remembers the stores.
_REMEMBERED = 10_000


def to_item(product: Product) -> Item:
    key = keys.product(product.product_id)
    entry = keys.index_entry(
        keys.BY_PARENT, keys.products_by_store(product.store_id), product.created_at, product.product_id
    )
    return {**key._asdict(), **entry, **_own_facts(product)}


def _own_facts(product: Product) -> Item:
    facts = {name: value for name, value in attributes.to_item(product).items() if name not in _OF_STORE}
    return facts | {"stock": product.stock or 0, "unlimited": product.stock is None}


# A product as it was bought: the item of an order, gift, holding or shipment has it whole.
from_item = partial(attributes.from_item, Product)


def join_store(item: Item, store: Store) -> Product:
    """A product as its store sells it now."""
    stock = None if item["unlimited"] else item["stock"]
    return from_item(item | {"store_name": store.name, "store_giftable": store.giftable, "stock": stock})


def is_in_stock(item: Item) -> bool:
    """Whether there is a piece of it to buy."""
    return bool(item["unlimited"] or item["stock"] > 0)


def get(table: Table, product_id: str) -> Product | None:
    return get_with(table, product_id)[0]


def get_with(table: Table, product_id: str, *others: Key) -> tuple[Product | None, Mapping[Key, Item]]:
    """A product as its store sells it now, and other items, read with it: at once, where it was read before.

    Raises:
        DataIntegrityError: it has no store.
    """
    key = keys.product(product_id)
    known = table.store_key_by_product.get(key)
    found = table.get_many([key, *others, *([known] if known else [])])
    if key not in found:
        return None, found
    item = found[key]
    store_key = keys.store(item["store_id"])
    store = found.get(store_key) or table.get(store_key)
    if store is None:
        raise errors.DataIntegrityError(f"product {product_id} has no store")
    if len(table.store_key_by_product) >= _REMEMBERED:
        table.store_key_by_product.clear()
    table.store_key_by_product[key] = store_key
    return join_store(item, stores.from_item(store)), found


def list_current_keys(bought: Iterable[Product]) -> Iterable[Key]:
    """What `as_sold_now` reads."""
    for product in bought:
        yield from (keys.product(product.product_id), keys.store(product.store_id))


def get_current(table: Table, bought: Iterable[Product]) -> dict[str, Product]:
    """Products that were bought, as their stores sell them now, by id."""
    pairs = {product.product_id: product.store_id for product in bought}
    if not pairs:
        return {}
    found = table.get_many([*map(keys.product, pairs), *map(keys.store, pairs.values())])
    try:
        return {
            product_id: join_store(found[keys.product(product_id)], stores.from_item(found[keys.store(store_id)]))
            for product_id, store_id in pairs.items()
        }
    except KeyError as error:
        raise errors.DataIntegrityError("a product that was bought, or its store, is gone") from error


def upsert(table: Table, product: Product) -> None:
    """Puts a product on the shelf, or changes what is there. Again is the same.

    Raises:
        NotFound: another store has a product of this id.
    """
    try:
        table.write(Put(to_item(product)))
    except ConditionFailed:
        facts = {name: value for name, value in _own_facts(product).items() if name not in _FIXED}
        change = update(keys.product(product.product_id), assign(facts), require(store_id=product.store_id))
        try:
            table.write(change)
        except ConditionFailed as refused:
            raise errors.NotFound from refused


def list_by_store(table: Table, store: Store, *, limit: int, before: str | None) -> Page[Product]:
    return lists.get_page(
        table,
        keys.BY_PARENT,
        keys.products_by_store(store.store_id),
        lambda item: join_store(item, store),
        limit=limit,
        before=before,
    )


def list_newest_ids(table: Table, store_id: str, *, limit: int) -> list[str]:
    """Return the ids of a store's newest products, newest first."""
    rows = table.query_newest(keys.BY_PARENT, keys.products_by_store(store_id), limit=limit)
    return [keys.parse_id(position) for position, _ in rows]


def decrement_stock(product_id: str, quantity: int) -> Update:
    """Takes pieces off the shelf; refused where there are not enough."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock - :quantity",
        "#unlimited = :true OR #stock >= :quantity",
        {":quantity": quantity, ":true": True},
    )


def restock(product_id: str, quantity: int) -> Update:
    """Puts pieces back; goes with the write that says they were not sold."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock + :quantity",
        "attribute_exists(#pk)",
        {":quantity": quantity},
    )
