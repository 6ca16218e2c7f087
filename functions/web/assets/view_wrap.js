// Wrapping a gift: cover, blessing, recipient, and the end if nobody opens it.

import { call, create } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { endChoice } from "./end_choice.js";
import { t } from "./i18n.js";
import { saveLink } from "./links.js";
import { contacts, saveName } from "./people.js";
import { personChoice } from "./person_choice.js";
import { rulesOf, within } from "./policy.js";
import { radios } from "./radios.js";
import { replace } from "./router.js";
import { stepper } from "./stepper.js";
import { runAction } from "./ui.js";
import { wrapping } from "./wrapping.js";

const MAX_OFFERED = 20;

export async function view(main, { id }) {
  const here = location.hash;
  const order = await call("GET", `/orders/${id}`);
  const { product, units, actions } = order;
  if (!actions.includes("gift")) {
    if (location.hash === here) replace(`#/orders/${id}`);
    return "";
  }
  const [wrapped, rules, people] = await Promise.all([wrapping(product.kind), rulesOf(order), contacts(MAX_OFFERED)]);
  const recipient = recipientChoice(people, units.available, () => end.setShares(recipient.shares()));
  const end = endFields(rules, people, () => recipient.person()?.user_id);
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" }, t("shop.wrap.give"));
  async function give() {
    if (!wrapped.check() || !recipient.check() || !end.check()) return;
    const person = recipient.person();
    const body = {
      shares: recipient.shares(),
      ...(person && { recipient_id: person.user_id }),
      wrapping: wrapped.value(),
      ...end.value(),
    };
    const gift = await end.explained(() => create(`give:${id}`, `/orders/${id}/gifts`, body));
    saveLink(gift);
    for (const each of [person, end.person()]) if (each) saveName(each);
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
    h("form", { class: "wrapping", novalidate: true, on: { submit } }, wrapped.fields, recipient.element, end.element, h("div", { class: "purchase" }, h("div", {}, notice, button))),
  );
  return t("shop.wrap.title");
}

/** The choice of the recipient: by link, one friend, or a group. `onChange` is called when the number of shares may change. */
function recipientChoice(people, available, onChange) {
  const number = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available) });
  const group = h("div", { class: "to group", hidden: true }, number.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const friend = personChoice({ contacts: people, name: "friend", missing: t("shop.wrap.no_friend"), onUnknown: linkInstead });
  const fields = h("div", { class: "to friend", hidden: true }, friend.element);
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
        fields.hidden = value !== "friend";
        group.hidden = value !== "group";
        onChange();
      },
    },
  );
  /** A friend without a handle, or whose handle is not known, can have a link. */
  function linkInstead(clearError) {
    const choose = () => {
      clearError();
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  return {
    element: h("div", {}, to.element, fields, group),
    shares: () => (to.value() === "group" ? number.value() : 1),
    person: () => (to.value() === "friend" ? friend.person() : null),
    check: () => to.value() !== "friend" || friend.check(),
  };
}

/** The end of the gift if nobody opens it: a choice, folded up, or a sentence if the rules leave none. */
function endFields({ window, atEnd, mayChoose }, people, firstId) {
  if (!mayChoose) {
    const text = t(`shop.end.fixed.${atEnd ?? "unknown"}`, { within: within(window) });
    return { element: h("p", { class: "faint" }, text), check: () => true, value: () => ({}), person: () => null, setShares: () => {}, explained: (send) => send() };
  }
  const chosen = atEnd ?? "order";
  const choice = endChoice({ contacts: people, chosen, window, firstId, onChange: draw });
  const shown = h("b", { dir: "auto" });
  const element = h("details", { class: "ending" }, h("summary", {}, h("span", {}, t("shop.end.if", { within: within(window) })), shown), choice.element);
  function draw() {
    fill(shown, choice.text());
  }
  function check() {
    // A field of a folded choice cannot have the focus.
    if (choice.then() === "give_to") element.open = true;
    return choice.check();
  }
  function value() {
    const end = choice.value();
    return end.then === chosen ? {} : { at_end: end };
  }
  draw();
  return { ...choice, element, check, value };
}
