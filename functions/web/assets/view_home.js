// The home view: recommendations, stores and viewed products, or a welcome page for users who are not signed in.

import { call, SignedOut } from "./api.js";
import { config, fill, h } from "./dom.js";
import { choose, language, t } from "./i18n.js";
import { tiles } from "./products.js";
import { redraw } from "./router.js";
import { currentUser } from "./session.js";
import { action, signIn } from "./ui.js";

const LANGUAGES = { en: "English", zh: "简体中文" };

export async function view(main) {
  if (!currentUser()) return welcome(main);
  try {
    return await shop(main);
  } catch (error) {
    // The token has expired.
    if (error instanceof SignedOut && !currentUser()) return welcome(main);
    throw error;
  }
}

async function shop(main) {
  const [recommended, viewed, tagged] = await Promise.all(
    ["/recommendations", "/viewed?limit=10", "/tagged?limit=10"].map((path) => call("GET", path)),
  );
  const stores = storesOf([...recommended.items, ...viewed.items, ...tagged.items]);
  fill(
    main,
    h("h1", { class: "unseen" }, t("shop.title")),
    h("section", { class: "hero gifting" }, h("p", { class: "lead" }, t("shop.lead")), h("p", {}, t("shop.steps"))),
    !config.sells && h("p", { class: "few" }, t("problem.no-payment-provider")),
    stores.size > 0 && [
      h("h2", {}, t("shop.stores")),
      h("ul", { class: "chips" }, [...stores].map(([id, name]) => h("li", {}, h("a", { class: "chip", href: `#/stores/${id}`, dir: "auto" }, name)))),
    ],
    recommended.items.length > 0
      ? [h("h2", {}, t("shop.for_you")), tiles(recommended.items)]
      : h("p", { class: "faint" }, t("shop.nothing_for_you")),
    viewed.items.length > 0 && [h("h2", {}, t("shop.viewed")), tiles(viewed.items, { strip: true })],
  );
  return t("app");
}

/** Return the stores of products, as names by id: the API has no list of stores. */
function storesOf(products) {
  return new Map(products.map((product) => [product.store_id, product.store_name]));
}

function welcome(main) {
  const other = Object.keys(LANGUAGES).find((each) => each !== language);
  async function enter() {
    if (await signIn()) redraw();
  }
  fill(
    main,
    h(
      "section",
      { class: "hero welcome" },
      h("h1", {}, t("shop.welcome")),
      h("p", { class: "lead" }, t("shop.lead")),
      h("ol", { class: "how" }, [1, 2, 3].map((step) => h("li", {}, t(`shop.how.${step}`)))),
      action(t("sign_in"), enter, { class: "main" }),
      config.sign_in.demo && h("p", {}, t("shop.demo")),
    ),
    h("p", { class: "other-language" }, h("button", { type: "button", class: "link", lang: other, on: { click: () => choose(other) } }, LANGUAGES[other])),
  );
  return t("app");
}
