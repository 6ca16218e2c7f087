// The products of a store.

import { call } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { tiles } from "./products.js";
import { action } from "./ui.js";

const PAGE_SIZE = 20;

export async function view(main, { id }) {
  const read = (cursor) => {
    const query = new URLSearchParams({ limit: PAGE_SIZE, ...(cursor && { cursor }) });
    return call("GET", `/stores/${id}/products?${query}`);
  };
  let page = await read(null);
  const name = page.items[0]?.store_name ?? t("shop.store");
  const list = tiles(page.items);
  const more = action(t("shop.more"), async () => {
    page = await read(page.next_cursor);
    const added = [...tiles(page.items).children];
    list.append(...added);
    announce(t("shop.more_shown", { count: added.length }));
    added[0]?.querySelector("a").focus();
    if (!page.next_cursor) more.remove();
  });
  fill(main, h("h1", {}, name), page.items.length > 0 ? list : h("p", {}, t("shop.empty_store")), page.next_cursor && more);
  return name;
}
