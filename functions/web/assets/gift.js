// The page of a gift. Its public preview is in the HTML already; opening it and every other state is drawn here.

import { call, Problem, SignedOut } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { choose, language, t } from "./i18n.js";
import { currentUser, signOut } from "./session.js";
import { isKnown, remember } from "./firsts.js";
import { findGiftId, findSecret } from "./gift_link.js";
import { action, problem, signIn, warnIfNotStored } from "./ui.js";
import { cannotOpen, declining, emblem, ended, forOnePerson, incomplete, notFound, notice, ownGift, scheduled, signInOffer } from "./gift_ends.js";
import { result } from "./gift_result.js";
import { cover, inReturn, safetyTitle, seal, terms, unwrap, wrapped } from "./gift_wrap.js";

const REFRESH_MS = 30_000;
const TILL_REFRESH_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
// Problem codes of a claim, and the state of the gift that each implies.
const STATES = { expired: "returned", cancelled: "cancelled", declined: "declined", "already-claimed": "claimed" };

const id = findGiftId(location);
const main = document.getElementById("main");
/** Return the secret of the link. It may only be sent in request bodies. */
const secret = () => findSecret(location, id);
const shareLink = () => secret() && `${location.origin}/g/${id}#${secret()}`;

/** The caller's view of the gift, as last received. */
let view = JSON.parse(document.body.dataset.gift ?? "null");
/** While a claim is in flight, only its response draws. While an address is typed, only the end of the gift does. */
let claiming = false;
let typing = false;
/** Counts the actions on this page: a response requested before the latest action is stale. */
let actions = 0;
let checkingTime = false;
let footerUser;

async function readGift() {
  try {
    return await call("GET", `/gifts/${id}`);
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    return call("GET", `/gifts/${id}/preview`, { anonymous: true });
  }
}

async function start() {
  if (view && !currentUser()) return draw();
  try {
    view = await readGift();
    draw();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return show(notFound());
    // Busy or offline: retry automatically, and on a tap.
    const retry = setTimeout(start, REFRESH_MS / 6);
    const now = () => {
      clearTimeout(retry);
      return start();
    };
    show([emblem(), notice("waiting", t("gift.waiting"), null, problem(error), action(t("try_again"), now))]);
  }
}

/** Return whether the gift is for the user by name, who has not opened it. Only they and claimers see who gave it. */
const isRecipient = () => Boolean(view.giver_id && !view.holding);

/** Sign in, and show the gift as the user sees it. */
async function enter() {
  if (await signIn("see")) await start();
}

/**
 * Tell the giver once that the wrapped gift was seen by a user who may claim it. Nothing waits for it, and a failure is ignored. A
 * page in the background is not seen, and neither is one that a program previews: nobody is signed in there.
 */
function noteSeen() {
  if (view?.state !== "open" || view.order_id || view.holding || !currentUser() || !(secret() || isRecipient()) || isKnown("opened", id)) return;
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    // Drawn twice, it is observed twice.
    if (isKnown("opened", id)) return;
    remember("opened", id);
    call("POST", `/gifts/${id}/opened`, { body: { secret: secret() }, as: "none" }).catch(() => {});
  });
  const seen = main.querySelector(".wrap, .crest");
  if (seen) observer.observe(seen);
}

/** Draw the page for the current view of the gift. */
function draw({ focus = false } = {}) {
  typing = false;
  if (view.order_id) show(ownGift(view, shareLink(), timeIsUp), { focus });
  else if (view.holding) {
    // The secret has done its work: it does not stay where others may see or copy it.
    if (secret()) history.replaceState(history.state, "", `/g/${id}`);
    show(result(view, view.holding), { focus });
    celebrateArrival(view.holding);
  } else if (view.state === "scheduled") show(scheduled(view, timeIsUp), { focus });
  // The state of a gift for one person is for that person.
  else if (!view.state) show(currentUser() ? cannotOpen("not-the-recipient", view) : forOnePerson(view, enter), { focus });
  else if (view.state === "open" && !secret() && !currentUser()) show(incomplete(view, enter, timeIsUp), { focus });
  else if (view.state === "open") show(openable(), { focus });
  else show(ended(view, secret, !currentUser() && view.remaining < view.shares && signInOffer(enter)), { focus });
}

/** A parcel opens when it has arrived, the first time that it is seen on this device. */
function celebrateArrival({ holding_id: holdingId, kind, product }) {
  if (kind !== "parcel" || !product || isKnown("arrived", holdingId)) return;
  remember("arrived", holdingId);
  announce(t("gift.parcel_arrived"));
  unwrap(wrapped(view, seal(), [], { heading: "p" }));
}

function show(content, { focus = false } = {}) {
  document.body.dataset.theme = view?.wrapping?.theme ?? "";
  const focused = document.activeElement;
  fill(main, content);
  // What was kept keeps the focus.
  if (main.contains(focused)) focused.focus({ preventScroll: true });
  noteSeen();
  drawFooter();
  const heading = main.querySelector("h1");
  document.title = heading.textContent;
  if (!focus) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** The gift before it is opened. */
function openable() {
  const perform = view.presentation === "parcel" ? askAddress : claim;
  const open = action(t("gift.open"), perform, { class: "seal", "aria-label": t("gift.open_it") }, "open");
  return [
    wrapped(view, open, [
      view.title && h("p", {}, h("bdi", {}, view.title), " · ", h("bdi", {}, view.store_name)),
      terms(view, timeIsUp),
      !currentUser() && h("p", { class: "next" }, t("gift.sign_in_next")),
    ]),
    inReturn(view),
    isRecipient() &&
      declining(view, (answer) => {
        actions += 1;
        view = answer;
        draw({ focus: true });
      }),
    action(safetyTitle(view), ask, { class: "link" }, "report"),
  ];
}

/** Ask what is wrong with the gift. */
async function ask() {
  if (!currentUser()) throw new SignedOut();
  const { askWhatIsWrong } = await import("./gift_safety.js");
  await askWhatIsWrong(view, { secret: secret() });
}

/** Ask for the address of a parcel, once it is certain that nothing but the address is missing. */
async function askAddress() {
  try {
    return await claim();
  } catch (error) {
    if (error.code !== "address-required") throw error;
  }
  const { addressForm } = await import("./gift_address.js");
  const back = h("button", { type: "button", class: "link", on: { click: () => draw({ focus: true }) } }, t("gift.back"));
  show(
    [
      h("header", { class: "crest parcel" }, cover(view), h("p", { class: "from" }, t("gift.from", { name: view.giver_name }))),
      h(
        "article",
        { class: "ticket" },
        h("h1", {}, t("gift.where_to")),
        h("p", { class: "faint" }, t("gift.where_to_why", { name: view.giver_name })),
        addressForm(t("gift.open_parcel"), claim),
        terms(view, timeIsUp),
        back,
      ),
    ],
    { focus: true },
  );
  typing = true;
}

/** Claim a share. Repeating it, after a lost response for example, returns the same share. */
async function claim(address) {
  claiming = true;
  actions += 1;
  try {
    const holding = await call("POST", `/gifts/${id}/claims`, { body: { secret: secret(), address } });
    view = { ...view, holding };
    actions += 1;
    opened();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (STATES[error.code]) {
      view = { ...view, state: STATES[error.code], ...(error.code === "already-claimed" && { remaining: 0 }) };
      draw({ focus: true });
    } else if (error.code === "own-gift" || error.code === "not-yet") {
      view = await readGift();
      draw({ focus: true });
    } else if (error.code === "wrong-secret" || error.code === "not-the-recipient") {
      show(cannotOpen(error.code, view), { focus: true });
    } else throw error;
  } finally {
    claiming = false;
  }
}

function opened() {
  const wrapping = main.querySelector(".wrap") ?? wrapped(view, seal());
  draw({ focus: true });
  unwrap(wrapping);
  // A claimer also sees the other claimers.
  if (view.shares > 1) refresh();
}

/** Read the gift again, and draw it if it changed. */
async function refresh() {
  const before = actions;
  const found = await readGift().catch(() => view);
  if (claiming || before !== actions || JSON.stringify(found) === JSON.stringify(view)) return;
  const hasEnded = view.state === "open" && found.state !== "open" && !found.holding;
  const hasBegun = view.state === "scheduled" && found.state === "open";
  const isTyping = typing && found.state === "open" && !found.holding;
  // Words of thanks are not interrupted: the gift is drawn afterwards.
  if (view.holding && found.holding && main.contains(document.activeElement?.closest("form"))) return;
  view = found;
  if (isTyping) return;
  draw({ focus: hasEnded && main.contains(document.activeElement) });
  if (hasEnded || hasBegun) announce(main.querySelector("h1").textContent);
}

/** Ask the API whether the gift has opened, or its claim window has ended: the clock of this device may be wrong. */
async function timeIsUp() {
  if (checkingTime) return;
  checkingTime = true;
  const { state } = view;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    await refresh();
    if (view.state !== state || view.holding) break;
    main.querySelector(".countdown")?.replaceChildren(state === "open" ? t("gift.still_open") : t("gift.almost"));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  checkingTime = false;
}

/** Draw the language switch and the signed-in user, if the user changed. */
function drawFooter() {
  const me = currentUser();
  if (footerUser === (me?.sub ?? null)) return;
  footerUser = me?.sub ?? null;
  const leave = async ({ currentTarget }) => {
    currentTarget.setAttribute("aria-busy", "true");
    await signOut();
    location.reload();
  };
  const other = language === "zh" ? "en" : "zh";
  document.querySelector("footer")?.remove();
  document.body.append(
    h(
      "footer",
      {},
      h("button", { type: "button", class: "link", lang: t("gift.other_language_tag"), on: { click: () => choose(other) } }, t("gift.other_language")),
      me && signedInAs(me),
      me && h("button", { type: "button", class: "link", on: { click: leave } }, t("sign_out")),
    ),
  );
}

/** The user's name: the token's, until the account's is read. It may have been changed since. */
function signedInAs(me) {
  const shown = h("span", {}, t("gift.signed_in_as", { name: me.name ?? "" }));
  call("GET", "/me").then(
    ({ display_name: name }) => fill(shown, t("gift.signed_in_as", { name })),
    () => {},
  );
  return shown;
}

/** Refresh the gift while it is looked at: often while a code is shown in the store. */
function refreshIfVisible(isOften) {
  if (document.visibilityState === "visible" && view && (view.holding?.state === "usable") === isOften) refresh();
}

warnIfNotStored();
// Other addresses have this page when they lead nowhere: it is complete without a script.
if (location.pathname.startsWith("/g/")) {
  // A new fragment is another link to the gift, opened in this tab.
  addEventListener("hashchange", () => location.reload());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && view && refresh());
  setInterval(() => refreshIfVisible(false), REFRESH_MS);
  setInterval(() => refreshIfVisible(true), TILL_REFRESH_MS);
  start();
}
