"""The demo catalogue: two stores, and a product for each rule about products."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from handsel.domain import ids
from handsel.domain.models import Kind, Money, Product, Store
from handsel.store import products, stores
from handsel.store.table import Table
from handsel.store.writes import ConditionFailed
from local.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MIA_STORE = "store-tea-house"
MAX_STORE = "store-book-corner"
DEFAULT_WEB_URL = Settings().web_url
CARRIER = "swift"
OTHER_CARRIER = "heron"

STORES = {
    MIA_STORE: Store(MIA_STORE, "Tea House", CARRIER, giftable=True),
    MAX_STORE: Store(MAX_STORE, "Book Corner", OTHER_CARRIER, giftable=True),
}
# Before the start of any stack, so that lists are always in the same order.
_CREATED_AT = 1_760_000_000_000


def _product(
    name: str,
    title: str,
    picture: str,
    category: str,
    price: int,
    *,
    original_price: int | None = None,
    kind: Kind = Kind.VOUCHER,
    store_id: str = MIA_STORE,
) -> Product:
    return Product(
        product_id=ids.derive_id("demo product", name),
        store_id=store_id,
        store_name=STORES[store_id].name,
        kind=kind,
        title=title,
        description=f"{title}, from {STORES[store_id].name}.",
        image_url=f"/pictures/{picture}.svg",
        category=category,
        price=Money(price, "CNY"),
        original_price=Money(original_price or price, "CNY"),
        stock=None,
        validity_days=90 if kind is Kind.VOUCHER else None,
        redeem_at="In the store, Monday to Saturday, 10:00 to 20:00" if kind is Kind.VOUCHER else None,
        giftable=True,
        created_at=_CREATED_AT,
    )


# The stack serves the pictures (local/proxy.py); `seed` adds its origin to their URLs.
PRODUCTS: dict[str, Product] = {
    "voucher": _product("voucher", "Afternoon tea for two", "afternoon-tea", "food", 12_900, original_price=19_800),
    "parcel": _product(
        "parcel", "Porcelain tea set", "porcelain-tea-set", "home", 39_900, original_price=49_900, kind=Kind.PARCEL
    ),
    "jewelry": _product("jewelry", "Silver ring", "silver-ring", "jewelry", 29_900),
    "education": _product("education", "Tea ceremony course", "tea-ceremony-course", "education", 59_900),
    "price_at_cap": _product(
        "price_at_cap", "Private tea banquet", "private-tea-banquet", "food", 888_000, original_price=1_000_000
    ),
    "price_over_cap": _product(
        "price_over_cap", "Grand tea banquet", "grand-tea-banquet", "food", 888_000, original_price=1_000_001
    ),
    "other_store": _product("other_store", "Poetry evening", "poetry-evening", "culture", 8_800, store_id=MAX_STORE),
}


def seed(
    client: "DynamoDBClient", table_name: str, web_url: str = DEFAULT_WEB_URL, *, merchants: Mapping[str, str]
) -> dict[str, str]:
    """Put the demo stores and products into the table. Return the ids of the products by name.

    Args:
        client: of DynamoDB.
        table_name: the table.
        web_url: the origin of the pictures.
        merchants: by store, the id of the merchant's user.
    """
    table = Table(client, table_name)
    for store in STORES.values():
        stores.upsert(table, replace(store, merchant_id=merchants[store.store_id]))
    for product in PRODUCTS.values():
        sold = replace(product, image_url=web_url + product.image_url)
        try:
            products.create(table, sold)
        except ConditionFailed:
            products.update_details(table, sold)
    return {name: product.product_id for name, product in PRODUCTS.items()}
