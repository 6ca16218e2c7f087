// The order center: the counts, and the lists of orders, gifts, holdings, payments and products.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { hasFeature, noteFeatures } from "./features.js";
import { language, t } from "./i18n.js";
import {
  holdingEntry,
  list,
  nothing,
  orderEntry,
  paymentEntry,
  receivedEntry,
  recommendedEntry,
  seenEntry,
  sentEntry,
} from "./lists.js";
import { replace } from "./router.js";

// `of` is the field of the overview that has its first entries, `states` are its filters, `next` is the link shown while it is
// empty.
const TABS = {
  orders: { path: "/orders", draw: orderEntry, of: "orders", states: ["pending", "to_give", "refunded"], next: "#/" },
  sent: { path: "/gifts?role=sent", draw: sentEntry, of: "gifts_sent", states: ["scheduled", "open", "returned"], next: "#/" },
  received: { path: "/gifts?role=received", draw: receivedEntry, of: "gifts_received", states: [], next: "#/me" },
  holdings: { path: "/holdings", draw: holdingEntry, of: "holdings", states: ["usable", "to_receive"], next: "#/" },
  payments: { path: "/payments", draw: paymentEntry, of: "payments", states: [], next: "#/" },
  tagged: { path: "/tagged", draw: seenEntry, of: "tagged", states: [], next: "#/" },
  viewed: { path: "/viewed", draw: seenEntry, of: "viewed", states: [], next: "#/" },
  recommendations: { path: "/recommendations", draw: recommendedEntry, of: "recommendations", states: [], next: "#/me" },
};
// The counts, and for each the list of what it counts.
const COUNTS = {
  to_pay: "#/center/orders/pending",
  to_give: "#/center/orders/to_give",
  awaiting_claim: "#/center/sent/open",
  to_use: "#/center/holdings/usable",
  to_receive: "#/center/holdings/to_receive",
  returned: "#/center/sent/returned",
  refunded: "#/center/orders/refunded",
  unread: "#/inbox",
};
const OVERVIEW_ENTRIES = 2;

export async function view(main, { tab = "overview", state }) {
  const here = location.hash;
  const toLists = () => {
    if (location.hash === here) replace("#/center/orders");
    return "";
  };
  const hasOverview = hasFeature("order_center");
  if (!(tab in TABS) && !hasOverview) return toLists();
  const title = t(hasOverview ? "center.title" : "center.title_of_lists");
  const body = h("div", { "aria-busy": "true" });
  fill(main, h("h1", {}, title), tabs(tab, title, hasOverview), body);
  main.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  try {
    fill(body, tab in TABS ? await single(tab, state) : await overview());
  } catch (error) {
    // The overview can be switched off for a user at any time; the lists stay.
    if (tab in TABS || error.status !== 404) throw error;
    noteFeatures({ order_center: false });
    return toLists();
  }
  body.removeAttribute("aria-busy");
  return tab in TABS ? t(`center.tab.${tab}`) : title;
}

function tabs(current, label, hasOverview) {
  return h(
    "nav",
    { class: "tabs", "aria-label": label },
    [...(hasOverview ? ["overview"] : []), ...Object.keys(TABS)].map((tab) =>
      h("a", { href: `#/center/${tab}`, "aria-current": tab === current && "page" }, t(`center.tab.${tab}`)),
    ),
  );
}

async function overview() {
  const center = await call("GET", "/order-center");
  // Payments would repeat the orders.
  const shown = Object.entries(TABS).filter(([tab, { of }]) => tab !== "payments" && center[of].length > 0);
  const hasEntries = [center.orders, center.gifts_received].some((items) => items.length > 0);
  return h(
    "div",
    { class: "overview" },
    h("ul", { class: "counts", "aria-label": t("center.counts") }, Object.entries(COUNTS).map(count(center.counts))),
    !hasEntries && empty("orders"),
    shown.map(([tab, { of, draw }]) =>
      h(
        "section",
        { "aria-labelledby": `center-${tab}` },
        h(
          "header",
          { class: "section" },
          h("h2", { id: `center-${tab}` }, t(`center.tab.${tab}`)),
          h("a", { href: `#/center/${tab}`, "aria-label": t("center.all_of", { list: t(`center.tab.${tab}`) }) }, t("center.all")),
        ),
        h("ul", { class: "entries" }, center[of].slice(0, OVERVIEW_ENTRIES).map(draw)),
      ),
    ),
  );
}

function count(counts) {
  return ([name, href]) =>
    h(
      "li",
      { class: name === "to_give" && "gifting" },
      h(
        "a",
        { href, class: counts[name] > 0 ? "count" : "count none" },
        h("b", {}, new Intl.NumberFormat(language).format(counts[name])),
        h("span", {}, t(`center.count.${name}`)),
      ),
    );
}

async function single(tab, state) {
  const { path, draw, states } = TABS[tab];
  const chosen = states.includes(state) ? state : null;
  const query = chosen ? `${path.includes("?") ? "&" : "?"}state=${chosen}` : "";
  const label = chosen ? t(`center.filter.${tab}.${chosen}`) : t(`center.tab.${tab}`);
  return h(
    "div",
    {},
    states.length > 0 && choices(tab, states, chosen),
    await list(path + query, draw, chosen ? nothing(t("center.none_now"), `#/center/${tab}`, t("center.see_all")) : empty(tab), label),
  );
}

function choices(tab, states, chosen) {
  const link = (state, label) =>
    h("a", { href: `#/center/${tab}${state ? `/${state}` : ""}`, class: state === "to_give" && "gifting", "aria-current": state === chosen && "true" }, label);
  return h(
    "nav",
    { class: "choices", "aria-label": t("center.filter") },
    link(null, t("center.filter.all")),
    states.map((state) => link(state, t(`center.filter.${tab}.${state}`))),
  );
}

function empty(tab) {
  if (tab === "sent" && !hasFeature("gifting")) return nothing(t("center.none_now"));
  return nothing(t(`center.empty.${tab}`), TABS[tab].next, t(TABS[tab].next === "#/me" ? "center.to_me" : "center.to_shop"));
}
