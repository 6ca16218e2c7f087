// Wrapping a gift: its cover, the words with it, and whom it is for, as the friend will see it.

import { call, create, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { keepLink } from "./links.js";
import { radios } from "./radios.js";
import { replace } from "./router.js";
import { who } from "./session.js";
import { stepper } from "./stepper.js";
import { doing, reason } from "./ui.js";

const LONGEST = 60;
const OWN = "own";

/** How long a message is to the API: in characters, without the space around them. */
const length = (text) => [...text.trim()].length;

export async function view(main, { id }) {
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    replace(`#/orders/${id}`);
    return "";
  }
  const [{ covers, blessings }, people] = await Promise.all([
    call("GET", `/wrappings?kind=${product.kind}`),
    call("GET", "/people?limit=20").catch(() => ({ items: [] })),
  ]);
  const preview = previewOf(product);
  const cover = radios(
    t("shop.wrap.cover"),
    "cover",
    covers.map((each) => ({ value: each.cover_id, label: each.title, image: each.image_url })),
    covers[0].cover_id,
    { look: "covers", changed: draw },
  );
  const words = wordsOf(blessings, draw);
  const recipient = recipientOf(people.items, units.available);
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" }, t("shop.wrap.give"));
  function draw() {
    preview.draw(covers.find((each) => each.cover_id === cover.value()), words.text());
  }
  async function give() {
    if (!words.check()) return;
    const to = recipient.value();
    if (!to) return;
    const body = {
      shares: to.shares,
      ...(to.person && { recipient_id: to.person.user_id }),
      wrapping: { cover_id: cover.value(), ...words.value() },
    };
    const gift = await create(`give:${id}`, `/orders/${id}/gifts`, body);
    keepLink(gift, to.person?.display_name);
    announce(t("shop.wrap.done"));
    // Back from there is the order: this has been wrapped.
    replace(`#/gifts/${gift.gift_id}`);
  }
  const submit = (event) => {
    event.preventDefault();
    doing(button, notice, give);
  };
  draw();
  fill(
    main,
    h("h1", {}, t("shop.wrap.title")),
    preview.element,
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, cover.element, words.element, recipient.element, h("div", { class: "purchase" }, h("div", {}, notice, button))),
  );
  return t("shop.wrap.title");
}

/** What the friend will see, as it is now. */
export function previewOf({ kind }) {
  const image = h("img", { alt: "", width: 1200, height: 630 });
  const text = h("p", { class: "blessing" });
  const element = h(
    "figure",
    { class: `preview ${kind}`, "aria-label": t("shop.wrap.preview") },
    image,
    h("figcaption", {}, h("p", { class: "from" }, t("shop.wrap.from", { name: who()?.name ?? "" })), text),
  );
  function draw(cover, blessing) {
    if (image.getAttribute("src") !== cover.image_url) image.src = cover.image_url;
    fill(text, blessing);
  }
  return { element, draw };
}

/** One of our blessings, or words of one's own. */
export function wordsOf(blessings, changed) {
  const texts = Object.fromEntries(blessings.map((each) => [each.blessing_id, each.text]));
  const counter = h("p", { class: "counter", id: "message-counter" });
  const wrong = h("p", { class: "wrong", id: "message-wrong", role: "alert" });
  const input = h("textarea", { name: "message", rows: 2, "aria-describedby": "message-counter message-wrong", on: { input: typed } });
  const own = h("div", { class: "own", hidden: true }, h("label", {}, t("shop.wrap.message"), input), counter, wrong);
  const choice = radios(
    t("shop.wrap.words"),
    "blessing",
    [{ value: OWN, label: t("shop.wrap.own") }, ...blessings.map((each) => ({ value: each.blessing_id, label: each.text }))],
    blessings[0].blessing_id,
    { look: "pills strip", changed: chosen },
  );
  function chosen(value) {
    own.hidden = value !== OWN;
    if (value === OWN) input.focus();
    typed();
  }
  function typed() {
    const count = length(input.value);
    fill(counter, t("shop.wrap.counter", { count, longest: LONGEST }));
    counter.classList.toggle("over", count > LONGEST);
    if (count > 0 && count <= LONGEST) say("");
    changed();
  }
  function say(text) {
    fill(wrong, text);
    input.setAttribute("aria-invalid", Boolean(text));
  }
  function check() {
    if (choice.value() !== OWN) return true;
    const count = length(input.value);
    if (count >= 1 && count <= LONGEST) return true;
    say(count === 0 ? t("shop.wrap.no_words") : t("shop.wrap.too_long", { over: count - LONGEST }));
    input.focus();
    return false;
  }
  fill(counter, t("shop.wrap.counter", { count: 0, longest: LONGEST }));
  return {
    element: h("div", {}, choice.element, own),
    text: () => (choice.value() === OWN ? input.value.trim() : texts[choice.value()]),
    value: () => (choice.value() === OWN ? { message: input.value.trim() } : { blessing_id: choice.value() }),
    check,
  };
}

/** Whoever has the link, one friend, or several. */
function recipientOf(people, available) {
  const known = new Map(people.map((person) => [person.user_id, person]));
  const shares = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available) });
  const group = h("div", { class: "to group", hidden: true }, shares.element, h("p", { class: "faint" }, t("shop.wrap.group_says")));
  const list = h("div", {});
  const handle = h("input", { name: "handle", autocapitalize: "none", autocomplete: "off", spellcheck: "false", on: { keydown: entered } });
  const find = h("button", { type: "button", on: { click: look } }, t("shop.wrap.find"));
  const wrong = h("p", { class: "wrong", role: "alert" });
  const friend = h(
    "div",
    { class: "to friend", hidden: true },
    list,
    h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find),
    wrong,
  );
  let friends = null;
  const to = radios(
    t("shop.wrap.to"),
    "to",
    [
      { value: "link", label: t("shop.wrap.to_link"), hint: t("shop.wrap.to_link_hint") },
      { value: "friend", label: t("shop.wrap.to_friend"), hint: t("shop.wrap.to_friend_hint") },
      { value: "group", label: t("shop.wrap.to_group"), hint: available > 1 ? t("shop.wrap.to_group_hint") : t("shop.wrap.to_group_one"), disabled: available < 2 },
    ],
    "link",
    {
      look: "rows-of-three",
      changed: (value) => {
        friend.hidden = value !== "friend";
        group.hidden = value !== "group";
      },
    },
  );
  function drawFriends(chosen) {
    if (known.size === 0) return;
    friends = radios(
      t("shop.wrap.friends"),
      "friend",
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && `@${person.handle}` })),
      chosen,
      { look: "pills", changed: () => fill(wrong) },
    );
    fill(list, friends.element);
  }
  function entered(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    look();
  }
  async function look() {
    const name = handle.value.trim().replace(/^@/, "");
    fill(wrong);
    if (!name) {
      handle.focus();
      return;
    }
    if (find.getAttribute("aria-busy")) return;
    find.setAttribute("aria-busy", "true");
    try {
      const person = await call("GET", `/people/${encodeURIComponent(name)}`);
      known.set(person.user_id, person);
      drawFriends(person.user_id);
      handle.value = "";
      announce(t("shop.wrap.found", { name: person.display_name }));
    } catch (error) {
      fill(wrong, error instanceof Problem && error.status === 404 ? t("problem.recipient-unknown") : reason(error));
    } finally {
      find.removeAttribute("aria-busy");
    }
  }
  function value() {
    if (to.value() === "link") return { shares: 1 };
    if (to.value() === "group") return { shares: shares.value() };
    const person = known.get(friends?.value());
    if (person) return { shares: 1, person };
    fill(wrong, t("shop.wrap.no_friend"));
    handle.focus();
    return null;
  }
  drawFriends(null);
  return { element: h("div", {}, to.element, friend, group), value };
}
