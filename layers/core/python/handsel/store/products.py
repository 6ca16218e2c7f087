"""What stores sell."""

import dataclasses

from handsel.domain.models import Kind, Money, Page, Product
from handsel.store import keys, lists
from handsel.store.attributes import Item
from handsel.store.table import Put, Refused, Table, Update


def to_item(product: Product) -> Item:
    key = keys.product(product.product_id)
    entry = keys.index_entry(keys.BY_PARENT, keys.products_of(product.store_id), product.created_at, product.product_id)
    return {**key._asdict(), **entry, **dataclasses.asdict(product)}


def from_item(item: Item) -> Product:
    return Product(
        product_id=item["product_id"],
        store_id=item["store_id"],
        store_name=item["store_name"],
        kind=Kind(item["kind"]),
        title=item["title"],
        description=item["description"],
        image_url=item["image_url"],
        category=item["category"],
        price=Money(**item["price"]),
        original_price=Money(**item["original_price"]),
        stock=item.get("stock"),
        validity_days=item.get("validity_days"),
        redeem_at=item.get("redeem_at"),
        giftable=item["giftable"],
        created_at=item["created_at"],
    )


def get(table: Table, product_id: str) -> Product | None:
    item = table.get(keys.product(product_id), consistent=False)
    return from_item(item) if item else None


def add(table: Table, product: Product) -> bool:
    """Adds a product unless its id is taken; says whether it did."""
    try:
        table.write(Put(to_item(product)))
    except Refused:
        return False
    return True


def of_store(table: Table, store_id: str, *, limit: int, before: str | None) -> Page[Product]:
    return lists.page(table, keys.BY_PARENT, keys.products_of(store_id), from_item, limit=limit, before=before)


def take_stock(product_id: str, quantity: int) -> Update:
    """Takes pieces off the shelf; refused where there are not enough."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock - :quantity",
        "#stock >= :quantity",
        {":quantity": quantity},
    )


def put_back_stock(product_id: str, quantity: int) -> Update:
    """Puts pieces back; goes with the write that says they were not sold."""
    return Update(
        keys.product(product_id),
        "SET #stock = #stock + :quantity",
        "attribute_exists(#stock)",
        {":quantity": quantity},
    )
