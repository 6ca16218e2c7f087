// Every end of a gift but the best one, each with a way on.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { action, copy, countdown } from "./ui.js";
import { takers } from "./gift_result.js";
import { seal, wrapped } from "./gift_wrap.js";

/** A page that says how it is, with what else there is to do. */
export function notice(kind, title, text, ...wayOn) {
  return h(
    "article",
    { class: `end ${kind}` },
    h("h1", {}, title),
    text && h("p", {}, text),
    wayOn,
  );
}

const home = () => h("a", { class: "button", href: "/" }, t("gift.to_app"));

/** The wrapping as a memory of itself; bright where nothing is lost. */
function spent(view, bright = false) {
  return h("div", { class: bright ? "spent bright" : "spent" }, wrapped(view, seal(), [], { heading: "p" }));
}

/** Where there is no gift to show. */
export function emblem() {
  return h("img", { class: "emblem", src: new URL("icon.svg", import.meta.url).href, alt: "", width: 96, height: 96 });
}

/** A gift that nobody can open any more. `secret()` is the link's. */
export function ended(view, secret) {
  const name = view.giver_name;
  const title = t(`gift.end.${view.state}`, { name });
  const text = t(`gift.end.${view.state}.text`, { name });
  return [
    spent(view),
    notice(view.state, title, text, view.state === "returned" && asking(view, secret), home()),
  ];
}

function asking(view, secret) {
  const place = action(
    t("gift.ask_again"),
    async () => {
      await call("POST", `/gifts/${view.gift_id}/ask-again`, { body: { secret: secret() } });
      const told = t("gift.asked", { name: view.giver_name });
      fill(place, h("p", { class: "done", tabindex: -1 }, told));
      place.firstChild.focus();
    },
    { class: "main" },
  );
  return place;
}

/** A link that is not whole, or a gift for somebody else. */
export function refused(code, view) {
  const name = view.giver_name;
  return [spent(view), notice("refused", t(`gift.refused.${code}`), t(`gift.refused.${code}.text`, { name }), home())];
}

export function nothing() {
  return [emblem(), notice("nothing", t("gift.nothing"), t("gift.nothing.text"), home())];
}

/** The giver's own gift: how it stands, and who opened it. */
export function own(view, link, timeIsUp) {
  const open = view.state === "open";
  return [
    spent(view, open || view.state === "claimed"),
    h(
      "article",
      { class: "end own" },
      h("h1", {}, t("gift.own")),
      h("p", {}, t(`gift.own.${view.state}`)),
      open && h("p", {}, countdown(view.expires_at, timeIsUp)),
      h("p", { class: "faint" }, `${view.product.title} · ${view.product.store_name}`),
      open && link && sharing(link, view),
      (view.claims.length > 0 || (open && view.shares > 1)) && takers(view),
      h("a", { class: "button main", href: `/#/gifts/${view.gift_id}` }, t("gift.own_details")),
    ),
  ];
}

function sharing(link, view) {
  const share = navigator.share
    ? action(t("gift.share"), () =>
        // Who thinks better of it has not met a problem.
        navigator.share({ title: t("gift.sent", { name: view.giver_name }), text: view.wrapping.blessing, url: link }).catch(() => {}),
      )
    : null;
  const copying = action(t("gift.copy_link"), async () => {
    if (await copy(link)) copying.querySelector("button").textContent = t("copied");
  });
  return h("div", { class: "sharing" }, share, copying);
}

/** For whom a gift is named may say no: quietly, and not by accident. */
export function declining(view, declined) {
  const place = h("div", { class: "declining" });
  const ask = () => {
    const no = h("button", { type: "button", on: { click: rest } }, t("gift.decline_not"));
    const yes = action(t("gift.decline_yes"), async () => declined(await call("POST", `/gifts/${view.gift_id}/decline`)));
    fill(place, h("p", { role: "status" }, t("gift.decline_sure", { name: view.giver_name })), h("div", { class: "two" }, no, yes));
    no.focus();
  };
  const rest = () => fill(place, h("button", { type: "button", class: "quiet", on: { click: ask } }, t("gift.decline")));
  rest();
  return place;
}
