// What a giver can do with a gift that was not claimed yet: a new link, another recipient, a reminder, more time, another end, or
// cancelling it. Each is a question in a panel. If the gift ended meanwhile, that is explained, and the gift is shown as it is now.

import { call, create } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Explained, explainedBy } from "./errors.js";
import { span, t, when } from "./i18n.js";
import { removeLink, saveLink } from "./links.js";
import { panel } from "./panel.js";
import { contacts, saveName } from "./people.js";
import { personChoice } from "./person_choice.js";
import { currentPolicy } from "./policy.js";
import { radios } from "./radios.js";
import { redraw } from "./router.js";
import { action } from "./ui.js";

const MAX_OFFERED = 20;
const DAY_SECONDS = 86_400;
// Problems that mean that another person, another device or the clock was faster.
const OVERTAKEN = ["already-claimed", "expired", "cancelled", "declined", "already-named", "not-named"];
// Problems of a new recipient, and their texts here. Only the second person of the gift makes the request invalid.
const ABOUT_THE_RECIPIENT = {
  "message-refused": "shop.gift.message_refused",
  "too-many-changes": "shop.gift.changed_enough",
  "invalid-request": "shop.gift.is_second",
};

/** Run a change of a gift. Throws Explained if the gift is no longer as this page shows it. */
async function attempt(perform, onOvertaken = () => {}) {
  try {
    return await perform();
  } catch (error) {
    if (!OVERTAKEN.includes(error.code)) throw error;
    onOvertaken();
    throw new Explained(t(`shop.gift.meanwhile.${error.code}`));
  }
}

/**
 * Ask for the details of a change in a panel, and show the gift afterwards. The panel shows all errors, so nobody has to wait for it.
 *
 * @param {(send: (perform) => Promise<void>) => any} draw returns the content of the panel; `send` runs the change and closes the
 *   panel, unless the change resolves to null.
 * @param {(result) => string} done returns what to announce.
 */
async function change(title, draw, done) {
  let isOvertaken = false;
  const result = await panel(title, (close) =>
    draw(async (perform) => {
      const answer = await attempt(perform, () => {
        isOvertaken = true;
      });
      if (answer !== null) close(answer);
    }),
  );
  if (result !== null) {
    redraw();
    announce(done(result));
  } else if (isOvertaken) redraw();
}

/** A button that makes a new link. The earlier link stops working in the same moment. */
export function newLink(gift, hasLink) {
  const { gift_id: id } = gift;
  const make = async () => {
    const { share_url: url, link_version: version } = await create(`link:${id}`, `/gifts/${id}/link`, {});
    saveLink({ ...gift, share_url: url, link_version: version });
    return true;
  };
  const ask = () => change(t("shop.gift.new_link"), (send) => [h("p", {}, t("shop.gift.new_link_hint")), action(t("shop.gift.new_link_now"), () => send(make), { class: "main" })], () => t("shop.gift.new_link_made"));
  return h("button", { type: "button", class: hasLink ? "link" : "main", on: { click: ask } }, t("shop.gift.new_link"));
}

/** A button that gives the gift to another person, or to a person instead of anyone with the link. */
export function changeRecipient(gift, name) {
  const { gift_id: id, recipient_id: named, at_end: { recipient_id: secondId } } = gift;
  const label = t(named ? "shop.gift.change_recipient" : "shop.gift.name_recipient");
  const ask = async () => {
    const people = (await contacts(MAX_OFFERED)).filter((each) => ![named, secondId].includes(each.user_id));
    const draw = (send) => {
      const friend = personChoice({ contacts: people, name: "friend", missing: t("shop.wrap.no_friend") });
      // The message may have a link, which strangers do not get.
      const part = { explain: (error) => explain(error, friend) };
      const put = async () => {
        const person = friend.person();
        const changed = await explainedBy([part], () => call("PUT", `/gifts/${id}/recipient`, { body: { recipient_id: person.user_id } }));
        if (changed === null) return null;
        saveName(person);
        removeLink(id);
        return person;
      };
      const save = async () => friend.check() && send(put);
      return [h("p", {}, named ? t("shop.gift.change_recipient_hint", { name }) : t("shop.gift.name_recipient_hint")), friend.element, action(t("shop.gift.change_recipient_now"), save, { class: "main" })];
    };
    change(label, draw, (person) => t("shop.gift.recipient_changed", { name: person.display_name }));
  };
  return action(label, ask);
}

/** Show an error about a new recipient. Return whether it is about them. */
function explain(error, friend) {
  if (friend.explain(error)) return true;
  const key = ABOUT_THE_RECIPIENT[error.code];
  if (!key) return false;
  friend.showError(t(key, { name: friend.person().display_name }));
  return true;
}

/** A button that reminds the recipient. */
export function remind({ gift_id: id }, name) {
  const place = action(t("shop.gift.remind"), async () => {
    try {
      await attempt(() => call("POST", `/gifts/${id}/remind`));
    } catch (error) {
      throw error.code === "too-many-reminders" ? new Explained(t("shop.gift.reminded_enough", { name })) : error;
    }
    fill(place, h("p", { class: "done", tabindex: -1 }, t("shop.gift.reminded", { name })));
    place.firstChild.focus();
  });
  return place;
}

/** A button that gives more time to open the gift. */
export function extend(gift) {
  const { gift_id: id } = gift;
  const ask = async () => {
    const policy = await currentPolicy();
    const longest = policy?.rules.extend.value.gift_seconds || DAY_SECONDS;
    const lengths = [...new Set([DAY_SECONDS, 3 * DAY_SECONDS, 7 * DAY_SECONDS, longest])].filter((each) => each <= longest).sort((a, b) => a - b);
    const draw = (send) => {
      const choice = radios(t("shop.gift.extend_by"), "seconds", lengths.map((each) => ({ value: String(each), label: span(each) })), String(lengths[0]), { className: "pills" });
      const post = async () => {
        try {
          return await call("POST", `/gifts/${id}/extend`, { body: { seconds: Number(choice.value()) } });
        } catch (error) {
          throw error.code === "not-extendable" ? new Explained(t("shop.gift.not_extendable")) : error;
        }
      };
      return [choice.element, action(t("shop.gift.extend_now"), () => send(post), { class: "main" })];
    };
    change(t("shop.gift.extend"), draw, ({ expires_at: end }) => t("shop.gift.extended", { time: when(end) }));
  };
  return action(t("shop.gift.extend"), ask);
}

/** A button that changes what happens if nobody opens the gift. */
export function changeEnd({ gift_id: id, at_end: { then, recipient_id: nextId }, shares, recipient_id: firstId }, nextName) {
  const ask = async () => {
    const [{ endChoice }, people] = await Promise.all([import("./end_choice.js"), contacts(MAX_OFFERED)]);
    const second = nextId ? (people.find((each) => each.user_id === nextId) ?? { user_id: nextId, display_name: nextName }) : null;
    const draw = (send) => {
      const choice = endChoice({ contacts: people, chosen: then, second, window: null, shares, firstId: () => firstId });
      const put = async () => {
        const changed = await explainedBy([choice], () => call("PUT", `/gifts/${id}/at-end`, { body: choice.value() }));
        if (changed !== null && choice.person()) saveName(choice.person());
        return changed;
      };
      return [choice.element, action(t("shop.end.save"), async () => choice.check() && send(put), { class: "main" })];
    };
    change(t("shop.end.title"), draw, () => t("shop.end.saved"));
  };
  return action(t("shop.end.change"), ask, { class: "link", "aria-label": t("shop.end.change_label") });
}

/** A button that cancels the gift. */
export function cancel({ gift_id: id, state }) {
  const hint = t(state === "scheduled" ? "shop.gift.cancel_scheduled_hint" : "shop.gift.cancel_hint");
  const post = () => call("POST", `/gifts/${id}/cancel`);
  const ask = () => change(t("shop.gift.cancel"), (send) => [h("p", {}, hint), action(t("shop.gift.cancel_now"), () => send(post), { class: "main" })], () => t("shop.gift.cancelled"));
  return h("button", { type: "button", class: "quiet", on: { click: ask } }, t("shop.gift.cancel"));
}
