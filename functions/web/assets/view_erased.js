// What is left to say once an account has been deleted. The address stays, so that the page can be read in peace.

import { fill, h } from "./dom.js";
import { t } from "./i18n.js";

export async function view(main) {
  const title = t("leaving.erased");
  fill(
    main,
    h("h1", {}, title),
    h("p", {}, t("leaving.erased.text")),
    // Without a fragment, the page is loaded again, and shows nothing of the account any more.
    h("a", { class: "button", href: "/" }, t("shop.to_shop")),
  );
  return title;
}
