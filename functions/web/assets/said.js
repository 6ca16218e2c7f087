// What the API says in English, in the reader's words: it says the same to everybody, and a name in it is in no other field.

import { language, t } from "./i18n.js";

const LOOKS = { "a red envelope": "center.said.red_envelope", "a parcel": "center.said.parcel" };
const SENTENCES = {
  "center.said.gift_received": /^(?<name>.+) sent you (?<look>a red envelope|a parcel)\.$/su,
  "center.said.gift_reminder_hour": /^You have an hour left to open (?<look>a red envelope|a parcel) from (?<name>.+)\.$/su,
  "center.said.gift_reminder": /^You have (?<hours>\d+) hours left to open (?<look>a red envelope|a parcel) from (?<name>.+)\.$/su,
  "center.said.gift_cancelled": /^A gift for you is no longer there\.$/u,
  "center.said.gift_claimed": /^(?<name>.+) opened your gift\.$/su,
  "center.said.gift_returned_one": /^One unit of your gift went back to your order: nobody opened it in time\.$/u,
  "center.said.gift_returned": /^(?<count>\d+) units of your gift went back to your order: nobody opened it in time\.$/u,
  "center.said.gift_declined": /^Your gift was declined; it is back in your order\.$/u,
  "center.said.asked_again": /^(?<name>.+) came too late for your gift, and would be glad to get it again\.$/su,
  "center.said.ready_to_ship": /^Your parcel is ready to be shipped\.$/u,
  "center.said.picked_up": /^Your parcel was picked up by its carrier\.$/u,
  "center.said.in_transit": /^Your parcel is on its way\.$/u,
  "center.said.out_for_delivery": /^Your parcel is out for delivery\.$/u,
  "center.said.delivered": /^Your parcel was delivered\.$/u,
  "center.said.delivery_failed": /^Your parcel could not be delivered; its carrier tries again\.$/u,
  "center.said.returning": /^Your parcel is on its way back to the store\.$/u,
  "center.said.returned": /^Your parcel went back to the store\.$/u,
  "center.said.lost": /^Your parcel was lost on its way\.$/u,
  "center.said.also": /^People who liked (?<title>.+) also liked this$/su,
  "center.said.shopped": /^From (?<store>.+), where you bought before$/su,
  "center.said.store": /^From (?<store>.+), where you found something you like$/su,
  "center.said.popular": /^Popular right now$/u,
  "center.said.offered": /^Something to discover, from (?<store>.+)$/su,
  "center.said.viewed": /^You looked at this lately$/u,
  "center.said.tagged": /^You tagged this$/u,
  "center.said.bought": /^You bought this before$/u,
};

/** A sentence of the API, such as the text of a message; in place of one that is not known here, what `otherwise` names. */
export function said(sentence, otherwise) {
  for (const [key, pattern] of Object.entries(SENTENCES)) {
    const found = pattern.exec(sentence);
    if (found) return t(key, { ...found.groups, look: found.groups?.look && t(LOOKS[found.groups.look]) });
  }
  return language === "en" ? sentence : t(otherwise);
}
