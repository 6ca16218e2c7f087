// Wrapping a gift: for whom it is, the cover, the blessing, when it is sent, and the end if nobody opens it.

import { call, create } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { findDraft, removeDraft, saveDraft } from "./drafts.js";
import { endChoice } from "./end_choice.js";
import { explainedBy } from "./errors.js";
import { t } from "./i18n.js";
import { saveLink } from "./links.js";
import { contacts, saveName } from "./people.js";
import { personChoice } from "./person_choice.js";
import { rulesOf, voucherEnd, within } from "./policy.js";
import { radios } from "./radios.js";
import { redraw, replace } from "./router.js";
import { scheduleChoice } from "./schedule.js";
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
  const draft = findDraft(id);
  const [wrapped, rules, people] = await Promise.all([wrapping(product.kind, draft?.wrapping), rulesOf(order), contacts(MAX_OFFERED)]);
  const recipient = recipientChoice(people, units.available, draft?.recipient, changeRecipient);
  const schedule = scheduleChoice({ end: voucherEnd(order), draft: draft?.schedule, onChange: drawButton });
  const end = endFields(rules, people, draft?.end, { firstId: () => recipient.person()?.user_id, onChange: save });
  const parts = [recipient, wrapped, schedule, end];
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "submit", class: "main" });
  drawButton();
  end.setShares(recipient.shares());
  function changeRecipient() {
    end.setShares(recipient.shares());
    save();
  }
  function drawButton() {
    fill(button, t(schedule.isLater() ? "shop.wrap.schedule" : "shop.wrap.give"));
  }
  function save() {
    saveDraft(id, { recipient: recipient.draft(), wrapping: wrapped.draft(), schedule: schedule.draft(), end: end.draft() });
  }
  async function give() {
    if (!parts.every((part) => part.check())) return;
    const person = recipient.person();
    const body = {
      shares: recipient.shares(),
      ...(person && { recipient_id: person.user_id }),
      wrapping: wrapped.value(),
      ...schedule.value(),
      ...end.value(),
    };
    const gift = await explainedBy(parts, () => create(`give:${id}`, `/orders/${id}/gifts`, body));
    if (!gift) return;
    removeDraft(id);
    if (!person) saveLink(gift);
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
    draft && !draft.isRepeated && draftNote(id),
    h(
      "form",
      { class: "wrapping", novalidate: true, on: { submit, input: save, change: save } },
      recipient.element,
      wrapped.preview,
      wrapped.fields,
      schedule.element,
      end.element,
      h("div", { class: "purchase" }, h("div", {}, notice, button)),
    ),
  );
  return t("shop.wrap.title");
}

/** Say that a draft was restored, with a button to start over. */
function draftNote(id) {
  const startOver = () => {
    removeDraft(id);
    redraw();
    announce(t("shop.wrap.started_over"));
  };
  return h("p", { class: "draft" }, t("shop.wrap.draft"), " ", h("button", { type: "button", class: "link", on: { click: startOver } }, t("shop.wrap.start_over")));
}

/** The choice of the recipient: one friend, anyone with a link, or a group. `onChange` is called when the person or the shares change. */
function recipientChoice(people, available, draft, onChange) {
  const mayBeGroup = available > 1;
  const chosen = draft && (draft.to !== "group" || mayBeGroup) ? draft.to : "link";
  const number = stepper(t("shop.wrap.shares"), { min: Math.min(2, available), max: Math.min(50, available), value: draft?.shares });
  const group = h("div", { class: "to group" }, number.element, h("p", { class: "faint" }, t("shop.wrap.group_hint")));
  const friend = personChoice({ contacts: people, chosen: draft?.person, name: "friend", missing: t("shop.wrap.no_friend"), onUnknown: linkInstead, onChange });
  const fields = h("div", { class: "to friend" }, friend.element);
  const to = radios(
    t("shop.wrap.to"),
    "to",
    [
      { value: "friend", label: t("shop.wrap.to_friend"), hint: t("shop.wrap.to_friend_hint") },
      { value: "link", label: t("shop.wrap.to_link"), hint: t("shop.wrap.to_link_hint") },
      { value: "group", label: t("shop.wrap.to_group"), hint: t(mayBeGroup ? "shop.wrap.to_group_hint" : "shop.wrap.to_group_off"), disabled: !mayBeGroup },
    ],
    chosen,
    {
      className: "rows-of-three",
      onChange: () => {
        draw();
        onChange();
      },
    },
  );
  function draw() {
    fields.hidden = to.value() !== "friend";
    group.hidden = to.value() !== "group";
  }
  /** A friend without a handle, or whose handle is not known, can have a link. */
  function linkInstead(clearError) {
    const choose = () => {
      clearError();
      to.choose("link");
    };
    return h("button", { type: "button", class: "link", on: { click: choose } }, t("shop.wrap.link_instead"));
  }
  const person = () => (to.value() === "friend" ? friend.person() : null);
  draw();
  return {
    element: h("div", {}, to.element, fields, group),
    shares: () => (to.value() === "group" ? number.value() : 1),
    person,
    check: () => to.value() !== "friend" || friend.check(),
    explain: (error) => person() !== null && !error.errors.some(({ pointer }) => pointer.startsWith("/at_end")) && friend.explain(error),
    draft: () => ({ to: to.value(), shares: number.value(), person: friend.person() }),
  };
}

/** The end of the gift if nobody opens it: a choice, folded up, or a sentence if the rules leave none. */
function endFields({ window, atEnd, mayChoose }, people, draft, { firstId, onChange }) {
  if (!mayChoose) {
    const text = t(`shop.end.fixed.${atEnd ?? "unknown"}`, { within: within(window) });
    return { element: h("p", { class: "faint" }, text), check: () => true, explain: () => false, value: () => ({}), draft: () => null, person: () => null, setShares: () => {} };
  }
  const choice = endChoice({ contacts: people, chosen: draft?.then ?? atEnd ?? "order", second: draft?.person, window, firstId, onChange: changed });
  const shown = h("b", { dir: "auto" });
  const element = h("details", { class: "ending" }, h("summary", {}, h("span", {}, t("shop.end.if", { within: within(window) })), shown), choice.element);
  function draw() {
    fill(shown, choice.text());
  }
  function changed() {
    draw();
    onChange();
  }
  // A field of a folded choice cannot have the focus.
  function unfold() {
    if (choice.then() === "give_to") element.open = true;
  }
  function check() {
    unfold();
    return choice.check();
  }
  function explain(error) {
    unfold();
    return choice.explain(error);
  }
  function value() {
    const end = choice.value();
    return end.then === atEnd ? {} : { at_end: end };
  }
  draw();
  return { ...choice, element, check, explain, value, draft: () => ({ then: choice.then(), person: choice.person() }) };
}
