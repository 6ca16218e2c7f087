"""Manage a store and its products, and list them. A put replaces what was there and is idempotent."""

from dataclasses import replace

from handsel.domain import errors
from handsel.domain.models import Page, Product, Store
from handsel.store import products, stores
from handsel.store.table import Table


def put_store(table: Table, store: Store) -> None:
    """Create or replace a store.

    Raises:
        ServiceUnavailable
    """
    stores.upsert(table, store)


def get_store(table: Table, store_id: str) -> Store:
    """Return a store.

    Raises:
        NotFound: no such store.
    """
    store = stores.get(table, store_id)
    if store is None:
        raise errors.NotFound
    return store


def put_product(table: Table, product: Product) -> Product:
    """Create or replace a product of a store.

    The name and settings of the store come from the store itself, not from `product`.

    Returns:
        The product as its store sells it now.

    Raises:
        NotFound: no such store, or the product is another store's.
    """
    store = get_store(table, product.store_id)
    products.upsert(table, product)
    return replace(product, store_name=store.name, store_giftable=store.giftable)


def list_products(table: Table, store_id: str, *, limit: int, before: str | None) -> Page[Product]:
    """List the products of a store, newest first, starting after the position `before`.

    Raises:
        NotFound: no such store.
    """
    return products.list_by_store(table, get_store(table, store_id), limit=limit, before=before)
