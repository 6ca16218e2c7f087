"""Products.

A PRODUCT item does not have the fields of `Product` that belong to the store; they are read from the STORE item. Orders,
gifts, holdings and shipments have a complete copy of their product as it was bought.

`stock` is always a number, so that units can be put back even if the merchant made the product `unlimited` in between.
It is ignored for unlimited products.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from handsel.domain import errors
from handsel.domain.models import MAX_STOCK, Page, Product, Store
from handsel.store import attributes, keys, lists, stores
from handsel.store.attributes import Item
from handsel.store.expressions import Clause, assign, require, update
from handsel.store.keys import Key
from handsel.store.table import Table
from handsel.store.writes import Put, Update, Write

_STORE_FIELDS = frozenset({"store_name", "store_giftable", "store_excluded_categories", "store_price_caps"})
_IMMUTABLE = frozenset({"product_id", "store_id", "created_at"})
_STOCK = frozenset({"stock", "unlimited"})
# Maximum size of the cache `Table.store_key_by_product`.
_MAX_CACHED = 10_000


def to_item(product: Product) -> Item:
    """Return the item of a product."""
    key = keys.product(product.product_id)
    entry = keys.index_entry(
        keys.BY_PARENT, keys.products_by_store(product.store_id), product.created_at, product.product_id
    )
    return {**key._asdict(), **entry, **_own_attributes(product)}


def _mutable_attributes(product: Product) -> Item:
    return {name: value for name, value in _own_attributes(product).items() if name not in _IMMUTABLE}


def _own_attributes(product: Product) -> Item:
    values = {name: value for name, value in attributes.to_item(product).items() if name not in _STORE_FIELDS}
    return values | {"stock": product.stock or 0, "unlimited": product.stock is None}


# For a complete copy of a product, as orders, gifts, holdings and shipments have it.
from_item = partial(attributes.from_item, Product)


def copy_to_item(product: Product) -> Item:
    """Return the attributes of a complete copy of a product, without the values that `from_item` supplies."""
    giftable = None if product.store_giftable else False
    return {**attributes.to_item(product), "store_giftable": giftable, "created_at": product.created_at or None}


def join_store(item: Item, store: Store) -> Product:
    """Return the product of a PRODUCT item, with the data of its store."""
    stock = None if item["unlimited"] else item["stock"]
    return from_item(item | of_store(store) | {"stock": stock})


def of_store(store: Store) -> Item:
    """Return the fields of a product that belong to its store."""
    return {
        "store_name": store.name,
        "store_giftable": store.giftable,
        "store_excluded_categories": store.excluded_categories,
        "store_price_caps": store.price_caps,
    }


def is_in_stock(item: Item) -> bool:
    """Return whether a unit of a PRODUCT item can be bought."""
    return bool(item["unlimited"] or item["stock"] > 0)


def get(table: Table, product_id: str) -> Product | None:
    """Return a product as it is sold now, or None."""
    return get_with(table, product_id)[0]


def get_of_store(table: Table, store_id: str, product_id: str) -> tuple[Store, Product | None]:
    """Return a store, and its product with this id or None.

    Raises:
        NotFound: no such store, or the product is another store's.
    """
    key, store_key = keys.product(product_id), keys.store(store_id)
    found = table.get_many([key, store_key])
    if store_key not in found or found.get(key, {}).get("store_id", store_id) != store_id:
        raise errors.NotFound
    store = stores.from_item(found[store_key])
    return store, join_store(found[key], store) if key in found else None


def get_with(
    table: Table, product_id: str, *others: Key, read: Callable[[list[Key]], dict[Key, Item]] | None = None
) -> tuple[Product | None, Mapping[Key, Item]]:
    """Return a product as it is sold now, or None, and other items that are read in the same call.

    The store needs a second call if this process has not read the product before.

    Args:
        read: reads the items, instead of `Table.get_many`.

    Raises:
        DataIntegrityError: the store of the product does not exist.
    """
    key = keys.product(product_id)
    known = table.store_key_by_product.get(key)
    found = (read or table.get_many)([key, *others, *([known] if known else [])])
    if key not in found:
        return None, found
    item = found[key]
    store_key = keys.store(item["store_id"])
    store = found.get(store_key) or table.get(store_key)
    if store is None:
        raise errors.DataIntegrityError(f"product {product_id} has no store")
    if len(table.store_key_by_product) >= _MAX_CACHED:
        table.store_key_by_product.clear()
    table.store_key_by_product[key] = store_key
    return join_store(item, stores.from_item(store)), found


def list_current_keys(bought: Iterable[Product]) -> Iterable[Key]:
    """Return the keys that `get_current` reads."""
    for product in bought:
        yield from (keys.product(product.product_id), keys.store(product.store_id))


def get_current(table: Table, bought: Iterable[Product]) -> dict[str, Product]:
    """Return products that were bought as they are sold now, by id.

    Raises:
        DataIntegrityError: a product or its store does not exist.
    """
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
        raise errors.DataIntegrityError("a product that was bought, or its store, does not exist") from error


def create(table: Table, product: Product, *more: Write) -> None:
    """Create a product with its stock, and make other writes in the same transaction.

    Raises:
        ConditionFailed: there is a product with this id.
    """
    table.write(Put(to_item(product)), *more)


def update_details(table: Table, product: Product, *more: Write) -> None:
    """Update a product, except for its stock, which sales change at the same time. Idempotent.

    Other writes are made in the same transaction.

    Raises:
        ConditionFailed: the store has no product with this id.
    """
    values = {name: value for name, value in _mutable_attributes(product).items() if name not in _STOCK}
    table.write(update(keys.product(product.product_id), assign(values), require(store_id=product.store_id)), *more)


def replace(table: Table, before: Product, after: Product, *more: Write) -> None:
    """Replace a product and its stock, if the table still holds `before`: no unit was sold or put back since it was read.

    Other writes are made in the same transaction.

    Raises:
        ConditionFailed: the product was changed since `before` was read.
    """
    known = _mutable_attributes(before)
    if before.stock is None:
        del known["stock"]  # ignored while it is unlimited
    change = update(
        keys.product(after.product_id),
        assign(_mutable_attributes(after)),
        require(store_id=after.store_id, **known),
    )
    table.write(change, *more)


def add_stock(table: Table, product_id: str, *, store_id: str, units: int, token: str) -> None:
    """Add units to the limited stock of a product, or remove them if `units` is negative.

    Args:
        token: within ten minutes, a repetition with the same token changes nothing.

    Raises:
        ConditionFailed: the store has no product with this id, its stock is unlimited, or the sum is below 0 or above
            `MAX_STOCK`.
        IdempotencyKeyReused: the token was used for another change.
    """
    # The bound that the change comes closer to.
    condition, bound = ("#stock <= :bound", MAX_STOCK - units) if units > 0 else ("#stock >= :bound", -units)
    change = Clause(["#stock = #stock + :units"], conditions=[condition], values={":units": units, ":bound": bound})
    limited = require(store_id=store_id, unlimited=False)
    table.write(update(keys.product(product_id), limited, change), token=token)


def list_by_store(table: Table, store: Store, *, limit: int, before: str | None) -> Page[Product]:
    """Return the products of a store, newest first, after the position `before`."""
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
    """Return the update that takes units out of stock, if there are enough."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock - :quantity",
        "#unlimited = :true OR #stock >= :quantity",
        {":quantity": quantity, ":true": True},
    )


def restock(product_id: str, quantity: int) -> Update:
    """Return the update that puts units back into stock. It is part of the transaction that takes them out of an order."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock + :quantity",
        "attribute_exists(#pk)",
        {":quantity": quantity},
    )
