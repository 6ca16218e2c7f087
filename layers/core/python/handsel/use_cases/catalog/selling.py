"""Manage a store and its products, and list them.

A put replaces what was there, except for the stock of a product, and is idempotent. Each change is one write:

| process dies or runs twice | put                       | put with If-Match         | change of the stock        |
|----------------------------|---------------------------|---------------------------|----------------------------|
| before the write           | nothing changed           | nothing changed           | nothing changed            |
| after it, response lost    | the next writes the same  | the next gets 412, reads  | the same key: once         |
| twice at once              | both write the same       | the second gets 412       | the same key: once         |
"""

from collections.abc import Callable
from dataclasses import replace

from handsel.domain import errors
from handsel.domain.models import MAX_STOCK, Page, Product, Store
from handsel.store import products, stores
from handsel.store.retries import retry_on_conflict
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed

_MAX_ATTEMPTS = 10


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


def put_product(
    table: Table, product: Product, *, merchant_id: str, is_expected: Callable[[Product], bool] | None = None
) -> Product:
    """Create or update a product of a store.

    The name and settings of the store come from the store itself, not from `product`. The stock of an existing product
    stays as it is, because units may have been sold since the merchant read it; with `is_expected`, nothing was.

    Args:
        merchant_id: the merchant's user, who gets the messages of the store from then on.
        is_expected: whether the product, as its store sells it now, is what the merchant changed. None does not ask.

    Returns:
        The product as its store sells it now.

    Raises:
        NotFound: no such store, or the product is another store's.
        PreconditionFailed: the product is not the expected one, or does not exist.
        ServiceUnavailable
    """
    written: Product | None = None

    def attempt() -> Product:
        nonlocal written
        store, current = products.get_of_store(table, product.store_id, product.product_id)
        wanted = replace(product, **products.of_store(store))
        more = [] if store.merchant_id == merchant_id else [stores.set_merchant(store.store_id, merchant_id)]
        if current is None:
            if is_expected is not None:
                raise errors.PreconditionFailed
            products.create(table, wanted, *more)
            return wanted
        wanted = replace(wanted, created_at=current.created_at)
        if is_expected is None:
            wanted = replace(wanted, stock=current.stock)
            products.update_details(table, wanted, *more)
        # If a response was lost, the first attempt finds what it wrote itself.
        elif current != written:
            if not is_expected(current):
                raise errors.PreconditionFailed
            written = wanted
            products.replace(table, current, wanted, *more)
        return wanted

    return retry_on_conflict(attempt, max_attempts=_MAX_ATTEMPTS)


def add_stock(table: Table, store_id: str, product_id: str, *, units: int, token: str) -> Product:
    """Add units to the stock of a product, or remove them if `units` is negative. An unlimited stock stays unlimited.

    Args:
        token: within ten minutes, a repetition with the same token changes nothing.

    Returns:
        The product as its store sells it now.

    Raises:
        NotFound: no such store, or it has no such product.
        OutOfStock: there are not that many units to remove.
        InvalidRequest: the stock would be above `MAX_STOCK`.
        IdempotencyKeyReused: the token was used for another change.
        ServiceUnavailable
    """
    failed = None
    try:
        products.add_stock(table, product_id, store_id=store_id, units=units, token=token)
    except ConditionFailed as error:
        (failed,) = error.old
    _, product = products.get_of_store(table, store_id, product_id)
    if product is None:
        raise errors.NotFound
    if failed and not failed["unlimited"]:
        if units < 0:
            raise errors.OutOfStock("The stock has fewer units than this removes. Nothing was changed.")
        raise errors.InvalidRequest([errors.FieldError("/add", f"The stock can be at most {MAX_STOCK}.")])
    return product


def list_products(table: Table, store_id: str, *, limit: int, before: str | None) -> Page[Product]:
    """List the products of a store, newest first, starting after the position `before`.

    Raises:
        NotFound: no such store.
    """
    return products.list_by_store(table, get_store(table, store_id), limit=limit, before=before)
