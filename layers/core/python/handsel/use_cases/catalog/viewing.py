"""View a product: return it, and record that the user viewed it."""

from collections.abc import Callable

from handsel.domain import errors
from handsel.domain.models import Product
from handsel.store import products
from handsel.store.table import Table
from handsel.use_cases.recommendations import recommending


def view_product(
    table: Table, product_id: str, *, user_id: str, now: int, on_failure: Callable[[Exception], None]
) -> Product:
    """Return a product as its store sells it now, and record the view unless the user switched that off.

    If the view cannot be recorded, `on_failure` receives the error, and the product is returned all the same.

    Raises:
        NotFound: no such product.
        ServiceUnavailable: the product cannot be read.
    """
    product = products.get(table, product_id)
    if product is None:
        raise errors.NotFound
    try:
        recommending.record_view(table, user_id, product, now=now)
    except Exception as error:  # noqa: BLE001 - the caller asked for the product, and it was found
        on_failure(error)
    return product
