"""What merchants say of their store and its products. A change replaces what was there; again is the same."""

from dataclasses import replace

from handsel.domain import errors
from handsel.domain.models import Page, Product, Store
from handsel.store import products, stores
from handsel.store.table import Table


def store_of(table: Table, store_id: str) -> Store:
    """Raises:
    NotFound: no such store.
    """
    store = stores.get(table, store_id)
    if store is None:
        raise errors.NotFound
    return store


def put_product(table: Table, product: Product) -> Product:
    """Puts a product on its store's shelf, or changes it.

    Args:
        product: without what its store says of it.

    Returns:
        The product as its store sells it now.

    Raises:
        NotFound: no such store, or the product is another store's.
    """
    store = store_of(table, product.store_id)
    products.put(table, product)
    return replace(product, store_name=store.name, store_giftable=store.giftable)


def products_of(table: Table, store_id: str, *, limit: int, before: str | None) -> Page[Product]:
    """Raises:
    NotFound: no such store.
    """
    return products.of_store(table, store_of(table, store_id), limit=limit, before=before)
