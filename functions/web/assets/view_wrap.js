// Wrapping a gift: cover, blessing and recipient.

import { call, create, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { errorText } from "./errors.js";
import { t } from "./i18n.js";
import { saveLink } from "./links.js";
import { radios } from "./radios.js";
import { replace } from "./router.js";
import { stepper } from "./stepper.js";
import { runAction } from "./ui.js";
import { wrapping } from "./wrapping.js";

const COMPOSING_KEY = 229;

export async function view(main, { id }) {
  const here = location.hash;
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    if (location.hash === here) replace(`#/orders/${id}`);
    return "";
  }
  const [wrapped, people] = await Promise.all([
    wrapping(product.kind),
    call("GET", "/people?limit=20").catch(() => ({ items: [] })),
  ]);
  const recipient = recipientChoice(people.items, units.available);
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" }, t("shop.wrap.give"));
  async function give() {
    if (!wrapped.check()) return;
    const to = recipient.value();
    if (!to) return;
    const body = {
      shares: to.shares,
      ...(to.person && { recipient_id: to.person.user_id }),
      wrapping: wrapped.value(),
    };
    const gift = await create(`give:${id}`, `/orders/${id}/gifts`, body);
    saveLink(gift, to.person?.display_name);
    announce(t("shop.wrap.done"));
    // Replaced in the history: going back from the gift leads to the order.
    if (location.hash === here) replace(`#/gifts/${gift.gift_id}`);
  }
  const submit = (event) => {
    event.preventDefault();
    runAction(button, notice, give);
  };
  fill(
    main,
    h("h1", {}, t("shop.wrap.title")),
    wrapped.preview,
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, wrapped.fields, recipient.element, h("div", { class: "purchase" }, h("div", {}, notice, button))),
  );
  return t("shop.wrap.title");
}

/** The choice of the recipient: by link, one friend, or a group. */
function recipientChoice(people, available) {
  const known = new Map(people.map((person) => [person.user_id, person]));
  const shares = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available) });
  const group = h("div", { class: "to group", hidden: true }, shares.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const list = h("div", {});
  const handle = h("input", { name: "handle", dir: "auto", autocapitalize: "none", autocomplete: "off", spellcheck: "false", translate: "no", on: { keydown: findOnEnter } });
  const find = h("button", { type: "button", on: { click: findFriend } }, t("shop.wrap.find"));
  const errorNotice = h("div", { class: "wrong", role: "alert" });
  const friend = h(
    "div",
    { class: "to friend", hidden: true },
    list,
    h("div", { class: "find" }, h("label", {}, t("shop.wrap.handle"), handle), find),
    errorNotice,
  );
  let friends = null;
  const to = radios(
    t("shop.wrap.to"),
    "to",
    [
      { value: "link", label: t("shop.wrap.to_link"), hint: t("shop.wrap.to_link_hint") },
      { value: "friend", label: t("shop.wrap.to_friend"), hint: t("shop.wrap.to_friend_hint") },
      { value: "group", label: t("shop.wrap.to_group"), hint: available > 1 ? t("shop.wrap.to_group_hint") : t("shop.wrap.to_group_off"), disabled: available < 2 },
    ],
    "link",
    {
      className: "rows-of-three",
      onChange: (value) => {
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
      [...known.values()].map((person) => ({ value: person.user_id, label: person.display_name, hint: person.handle && h("span", { translate: "no" }, `@${person.handle}`) })),
      chosen,
      { className: "pills", onChange: () => fill(errorNotice) },
    );
    fill(list, friends.element);
  }
  /** A friend without a handle, or whose handle is not known, can have a link. */
  function linkInstead() {
    const choose = () => {
      fill(errorNotice);
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  function findOnEnter(event) {
    // While an input method composes, Enter takes what it offers. Safari reports it as key 229, and composing as over.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === COMPOSING_KEY) return;
    event.preventDefault();
    findFriend();
  }
  async function findFriend() {
    const name = handle.value.trim().replace(/^@/, "");
    fill(errorNotice);
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
      const isUnknown = error instanceof Problem && error.status === 404;
      fill(errorNotice, isUnknown ? [t("problem.recipient-unknown"), " ", linkInstead()] : errorText(error));
      // The bar at the bottom would cover it.
      errorNotice.scrollIntoView({ block: "center" });
    } finally {
      find.removeAttribute("aria-busy");
    }
  }
  function value() {
    if (to.value() === "link") return { shares: 1 };
    if (to.value() === "group") return { shares: shares.value() };
    const person = known.get(friends?.value());
    if (person) return { shares: 1, person };
    fill(errorNotice, t("shop.wrap.no_friend"));
    handle.focus();
    return null;
  }
  drawFriends(null);
  return { element: h("div", {}, to.element, friend, group), value };
}
