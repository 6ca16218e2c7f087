// States of a gift page other than a successful claim, each with something to do next.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { t, when } from "./i18n.js";
import { action, copy, countdown } from "./ui.js";
import { claimList } from "./gift_result.js";
import { outcomeOf } from "./outcome.js";
import { seal, wrapped } from "./gift_wrap.js";

/** A title and a text, with actions. */
export function notice(kind, title, text, ...actions) {
  return h(
    "article",
    { class: `end ${kind}` },
    h("h1", {}, title),
    text && h("p", {}, text),
    actions,
  );
}

const home = () => h("a", { class: "button", href: "/" }, t("gift.to_app"));

/** A gift that is not there yet: when it opens, and nothing else. */
export function scheduled(view, timeIsUp) {
  return [
    emblem(),
    h(
      "article",
      { class: "end scheduled" },
      h("h1", {}, t("gift.scheduled")),
      h("p", {}, t("gift.opens_at", { time: when(view.opens_at) })),
      h("p", { class: "faint" }, countdown(view.opens_at, timeIsUp)),
    ),
  ];
}

/** A gift for one person, and nobody is signed in. */
export function forOnePerson(view, enter) {
  return [
    backdrop(view, true),
    notice("for-one", t("gift.sent", { name: view.giver_name }), t("gift.for_one"), action(t("sign_in"), enter, { class: "main" }), home()),
  ];
}

/** The wrapping, faded unless `bright`; the icon for a gift whose wrapping is not shown. */
function backdrop(view, bright = false) {
  if (!view.wrapping) return emblem();
  return h("div", { class: bright ? "spent bright" : "spent" }, wrapped(view, seal(), [], { heading: "p" }));
}

/** The icon, for pages without a gift. */
export function emblem() {
  return h("img", { class: "emblem", src: new URL("icon.svg", import.meta.url).href, alt: "", width: 96, height: 96 });
}

/**
 * A gift that can no longer be opened. `secret()` returns the secret of the link. `offer` is for users who are not signed in, and
 * may have opened it: the text does not say that somebody else did.
 */
export function ended(view, secret, offer) {
  const name = view.giver_name;
  const title = t(`gift.end.${view.state}`, { name });
  const text = offer && view.state === "claimed" ? null : t(`gift.end.${view.state}.text`, { name });
  return [
    backdrop(view),
    notice(view.state, title, text, offer, view.state === "returned" && askAgain(view, secret), home()),
  ];
}

/** Offer a sign-in to see a gift that the user may have opened. */
export function signInOffer(enter) {
  return [h("p", {}, t("gift.opened_by_you")), action(t("sign_in"), enter, { class: "main" })];
}

/** A gift without the secret of its link, and nobody is signed in: it is for one person, or the link has lost its end. */
export function incomplete(view, enter, timeIsUp) {
  const name = view.giver_name;
  return [
    backdrop(view, true),
    h(
      "article",
      { class: "end" },
      h("h1", {}, t("gift.sent", { name })),
      h("p", {}, t("gift.no_secret", { name })),
      h("p", {}, countdown(view.expires_at, timeIsUp)),
      action(t("sign_in"), enter, { class: "main" }),
      home(),
    ),
  ];
}

function askAgain(view, secret) {
  const place = action(
    t("gift.ask_again"),
    async () => {
      await call("POST", `/gifts/${view.gift_id}/ask-again`, { body: { secret: secret() } });
      const text = t("gift.asked", { name: view.giver_name });
      fill(place, h("p", { class: "done", tabindex: -1 }, text));
      place.firstChild.focus();
    },
    { class: "main" },
  );
  return place;
}

/** An incomplete link, or a gift for someone else. */
export function cannotOpen(code, view) {
  const name = view.giver_name;
  return [backdrop(view), notice("cannot-open", t(`gift.problem.${code}`), t(`gift.problem.${code}.text`, { name }), home())];
}

export function notFound() {
  return [emblem(), notice("not-found", t("gift.not_found"), t("gift.not_found.text"), home())];
}

/** The giver's view: the state of the gift, and who opened it. */
export function ownGift(view, link, timeIsUp) {
  const open = view.state === "open";
  return [
    backdrop(view, open || view.state === "claimed"),
    h(
      "article",
      { class: "end own" },
      h("h1", {}, t("gift.own")),
      h("p", {}, t(`gift.own.${outcomeOf(view)}`, { time: view.opens_at && when(view.opens_at) })),
      open && h("p", {}, countdown(view.expires_at, timeIsUp)),
      h("p", { class: "faint" }, h("bdi", {}, view.product.title), " · ", h("bdi", {}, view.product.store_name)),
      open && link && shareButtons(link, view),
      (view.claims.length > 0 || (open && view.shares > 1)) && claimList(view),
      h("a", { class: "button main", href: `/#/gifts/${view.gift_id}` }, t("gift.own_details")),
    ),
  ];
}

function shareButtons(link, view) {
  const share = navigator.share
    ? action(t("gift.share"), () =>
        // A rejection means that the user closed the dialog.
        navigator.share({ title: t("gift.sent", { name: view.giver_name }), text: view.wrapping.blessing, url: link }).catch(() => {}),
      )
    : null;
  const copying = action(t("gift.copy_link"), async () => {
    if (await copy(link)) copying.querySelector("button").textContent = t("copied");
  });
  return h("div", { class: "sharing" }, share, copying);
}

/** Let the recipient decline the gift, after a confirmation. */
export function declining(view, declined) {
  const place = h("div", { class: "declining" });
  const ask = () => {
    const no = h("button", { type: "button", on: { click: reset } }, t("gift.decline_not"));
    const yes = action(t("gift.decline_yes"), async () => declined(await call("POST", `/gifts/${view.gift_id}/decline`)));
    fill(place, h("p", { role: "status" }, t("gift.decline_sure", { name: view.giver_name })), h("div", { class: "two" }, no, yes));
    no.focus();
  };
  const reset = () => fill(place, h("button", { type: "button", class: "quiet", on: { click: ask } }, t("gift.decline")));
  reset();
  return place;
}
