// The products of a store.

import { announce, config, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { pages } from "./lists.js";
import { tiles } from "./products.js";
import { action } from "./ui.js";

export async function view(main, { id }) {
  const next = pages(`/stores/${id}/products`);
  const first = await next();
  const name = first.items[0]?.store_name ?? t("shop.store");
  const list = tiles(first.items);
  const button = action(t("shop.more"), async () => {
    const { items, more } = await next();
    const added = [...tiles(items).children];
    list.append(...added);
    announce(t("shop.more_shown", { count: added.length }));
    added[0]?.querySelector("a").focus();
    if (!more) button.remove();
  });
  const closed = !config.sells && h("p", { class: "few" }, t("problem.no-payment-provider"));
  fill(main, h("h1", { dir: "auto" }, name), closed, first.items.length > 0 ? list : h("p", {}, t("shop.empty_store")), first.more && button);
  return name;
}
