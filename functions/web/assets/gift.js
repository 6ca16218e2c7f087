// The page of a gift. What anybody may see of it is in the page already; opening it and every end of it is drawn here.

import { call, Problem, SignedOut } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { choose, language, t } from "./i18n.js";
import { forget, who } from "./session.js";
import { action, problem } from "./ui.js";
import { addressForm } from "./gift_address.js";
import { declining, emblem, ended, notice, nothing, own, refused } from "./gift_ends.js";
import { result } from "./gift_result.js";
import { cover, seal, terms, unwrap, wrapped } from "./gift_wrap.js";

const REFRESH_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
// Refusals of a claim that say in which state the gift is.
const ENDS = { expired: "returned", cancelled: "cancelled", declined: "declined", "already-claimed": "claimed" };

const id = location.pathname.split("/").pop();
const main = document.getElementById("main");
/** What is behind the `#` of the link: for the bodies of requests, and for nothing else. */
const secret = () => location.hash.slice(1) || undefined;

/** What the caller may see of the gift, as last told. */
let view = JSON.parse(document.body.dataset.gift ?? "null");
/** While a claim is on its way, only its answer draws; while an address is typed, nothing but an end does. */
let claiming = false;
let typing = false;
/** Counts what was done here: what was looked up before it is old news. */
let done = 0;
let doubting = false;
let footed;

async function look() {
  try {
    return await call("GET", `/gifts/${id}`);
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    return call("GET", `/gifts/${id}/preview`, { open: true });
  }
}

async function start() {
  if (view && !who()) return draw();
  try {
    view = await look();
    draw();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return show(nothing());
    // Busy or offline: it tries again by itself, and on a tap.
    const again = setTimeout(start, REFRESH_MS / 6);
    const now = () => {
      clearTimeout(again);
      return start();
    };
    show([emblem(), notice("waiting", t("gift.waiting"), null, problem(error), action(t("try_again"), now))]);
  }
}

/** The page for what is known of the gift. */
function draw({ focus = false } = {}) {
  typing = false;
  if (view.order_id) show(own(view, secret() && location.href, timeIsUp), { focus });
  else if (view.holding) show(result(view, view.holding), { focus });
  else if (view.state === "open") show(closed(), { focus });
  else show(ended(view, secret), { focus });
}

function show(content, { focus = false } = {}) {
  fill(main, content);
  footer();
  const heading = main.querySelector("h1");
  document.title = heading.textContent;
  if (!focus) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** Not opened yet. */
function closed() {
  const open = action(t("gift.open"), view.presentation === "parcel" ? askAddress : claim, {
    class: "seal",
    "aria-label": t("gift.open_it"),
  });
  const mayDecline = who() && !secret() && (view.title || view.presentation === "parcel");
  return [
    wrapped(view, open, [view.title && h("p", {}, `${view.title} · ${view.store_name}`), terms(view, timeIsUp)]),
    mayDecline &&
      declining(view, (answer) => {
        done += 1;
        view = answer;
        draw({ focus: true });
      }),
  ];
}

/** A parcel needs to know where it goes, unless it went there already. */
async function askAddress() {
  view = await call("GET", `/gifts/${id}`);
  if (view.order_id || view.holding || view.state !== "open") return draw({ focus: true });
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

/** Takes a share. However often it is asked for, and whatever answer was lost, it is the same one. */
async function claim(address) {
  claiming = true;
  done += 1;
  try {
    const holding = await call("POST", `/gifts/${id}/claims`, { body: { secret: secret(), address } });
    view = { ...view, holding };
    done += 1;
    opened();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (ENDS[error.code]) {
      view = { ...view, state: ENDS[error.code] };
      draw({ focus: true });
    } else if (error.code === "own-gift") {
      view = await look();
      draw({ focus: true });
    } else if (error.code === "wrong-secret" || error.code === "not-the-recipient") {
      show(refused(error.code, view), { focus: true });
    } else throw error;
  } finally {
    claiming = false;
  }
}

function opened() {
  const wrapping = main.querySelector(".wrap") ?? wrapped(view, seal());
  draw({ focus: true });
  unwrap(wrapping);
  // Who else took one is only known now to who took one.
  if (view.shares > 1) refresh();
}

/** Looks again, and draws what changed. */
async function refresh() {
  const before = done;
  const found = await look().catch(() => view);
  if (claiming || before !== done || JSON.stringify(found) === JSON.stringify(view)) return;
  const over = view.state === "open" && found.state !== "open" && !found.holding;
  const waits = typing && found.state === "open" && !found.holding;
  view = found;
  if (waits) return;
  draw({ focus: over && main.contains(document.activeElement) });
  if (over) announce(main.querySelector("h1").textContent);
}

/** The time to open it is over by the clock of this device, which may be wrong: the API says whether it is. */
async function timeIsUp() {
  if (doubting) return;
  doubting = true;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await refresh();
    if (view.state !== "open" || view.holding) break;
    main.querySelector(".countdown")?.replaceChildren(t("gift.still_open"));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  doubting = false;
}

/** The language, and who is signed in; anew once that is somebody else. */
function footer() {
  const me = who();
  if (footed === (me?.sub ?? null)) return;
  footed = me?.sub ?? null;
  const leave = () => {
    forget();
    location.reload();
  };
  const other = language === "zh" ? "en" : "zh";
  document.querySelector("footer")?.remove();
  document.body.append(
    h(
      "footer",
      {},
      h("button", { type: "button", class: "link", lang: t("gift.other_language_tag"), on: { click: () => choose(other) } }, t("gift.other_language")),
      me && h("span", {}, t("gift.signed_in_as", { name: me.name ?? me.email ?? "" })),
      me && h("button", { type: "button", class: "link", on: { click: leave } }, t("sign_out")),
    ),
  );
}

// Another link to the same gift, opened where this one was, is another page.
addEventListener("hashchange", () => location.reload());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && view && refresh());
setInterval(() => document.visibilityState === "visible" && view && refresh(), REFRESH_MS);

start();
