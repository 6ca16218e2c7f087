// Share links of gifts given on this device, by account. The API returns a link when it is made; it is stored here until the gift
// ends, in case the page is closed or the user signs out. Another account does not see it.

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

/** Save the `share_url` of a new gift, or of a gift with a new link. */
export function saveLink(gift) {
  // Links of gifts that have ended are removed, of all accounts.
  for (const key of local.keys().filter((each) => each.startsWith(LINKS))) store(key, openLinks(key));
  const link = { url: reachable(gift.share_url), until: gift.expires_at, version: gift.link_version ?? 0 };
  store(ownKey(), { ...openLinks(ownKey()), [gift.gift_id]: link });
}

/** Return the link of an open gift that the user gave here, or undefined. A link that was replaced, on another device, is removed. */
export function savedLink({ gift_id: id, expires_at: until, link_version: current }) {
  const links = local.getJson(ownKey()) ?? {};
  const saved = links[id];
  if (!saved) return undefined;
  const { url, version = 0 } = saved;
  if (version !== (current ?? 0)) {
    removeLink(id);
    return undefined;
  }
  // The giver may have extended the gift.
  if (until !== saved.until) store(ownKey(), { ...links, [id]: { ...saved, until } });
  return url;
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
