// Share links of gifts given on this device. The API returns a link once, when the gift is given; it is stored here until the
// gift ends, in case the page is closed.

const STORAGE_KEY = "handsel.links";

function storedLinks() {
  let links;
  try {
    links = JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {};
  } catch {
    links = {};
  }
  return Object.fromEntries(Object.entries(links).filter(([, { until }]) => Date.parse(until) > Date.now()));
}

/** Save the `share_url` of a new gift, and the name of its recipient if it has one. */
export function saveLink(gift, recipient = null) {
  const link = { url: gift.share_url, until: gift.expires_at, recipient };
  localStorage.setItem(STORAGE_KEY, JSON.stringify({ ...storedLinks(), [gift.gift_id]: link }));
}

/** Return `{url, until, recipient}` of an open gift that was given here, or undefined. */
export function savedLink(giftId) {
  return storedLinks()[giftId];
}

/** Remove the link of a gift that has ended. */
export function removeLink(giftId) {
  const { [giftId]: _, ...others } = storedLinks();
  localStorage.setItem(STORAGE_KEY, JSON.stringify(others));
}
