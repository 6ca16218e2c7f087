// Share links of gifts given on this device, by account. The API returns a link once, when the gift is given; it is stored here
// until the gift ends, in case the page is closed or the user signs out. Another account does not see it.

import { now } from "./clock.js";
import { reachable } from "./dom.js";
import { currentUser } from "./session.js";
import { LINKS, local } from "./storage.js";

/** Return the key of the signed-in user's links. */
const ownKey = () => LINKS + currentUser()?.sub;

/** Return the links under a key, by gift, without those of gifts that have ended. */
function openLinks(key) {
  return Object.fromEntries(Object.entries(local.getJson(key) ?? {}).filter(([, { until }]) => Date.parse(until) > now()));
}

/** Save the `share_url` of a new gift. */
export function saveLink(gift) {
  // Links of gifts that have ended are removed, of all accounts.
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

/** Return `{url, until}` of an open gift that the user gave here, or undefined. */
export function savedLink(giftId) {
  return openLinks(ownKey())[giftId];
}

/** Remove the link of a gift that has ended. */
export function removeLink(giftId) {
  const { [giftId]: _, ...others } = openLinks(ownKey());
  store(ownKey(), others);
}

function store(key, links) {
  if (Object.keys(links).length > 0) local.setJson(key, links);
  else local.delete(key);
}
