// Links of the gifts one gave from this device. They are told once, when the gift is given: who closed the page then finds
// them here, for as long as they can be opened.

const KEPT = "handsel.links";

function kept() {
  let links;
  try {
    links = JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    links = {};
  }
  return Object.fromEntries(Object.entries(links).filter(([, { until }]) => Date.parse(until) > Date.now()));
}

/** Keeps what was given: `share_url` of a new gift, and the name of whom it is for where that is somebody. */
export function keepLink(gift, recipient = null) {
  const link = { url: gift.share_url, until: gift.expires_at, recipient };
  localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [gift.gift_id]: link }));
}

/** `{url, until, recipient}` of a gift that was given here and can still be opened, or undefined. */
export function linkOf(giftId) {
  return kept()[giftId];
}

/** Nobody can open it any more. */
export function dropLink(giftId) {
  const { [giftId]: _, ...others } = kept();
  localStorage.setItem(KEPT, JSON.stringify(others));
}
