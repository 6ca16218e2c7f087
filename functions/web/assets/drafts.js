// Drafts of gifts, by order: what the user has chosen in the wrapping editor, until the gift is sent. A draft survives a reload, going
// back, and an error. It is private, so it is removed with everything else when the user signs out.

import { local } from "./storage.js";

const STORAGE_KEY = "handsel.drafts";
const MAX_DRAFTS = 10;

const drafts = () => local.getJson(STORAGE_KEY) ?? {};

/** Return the draft for an order, or null. */
export const findDraft = (orderId) => drafts()[orderId] ?? null;

/** Save the draft for an order. Only the newest drafts are kept. */
export function saveDraft(orderId, draft) {
  const { [orderId]: _, ...others } = drafts();
  local.setJson(STORAGE_KEY, Object.fromEntries([...Object.entries(others), [orderId, draft]].slice(-MAX_DRAFTS)));
}

/** Remove the draft for an order. */
export function removeDraft(orderId) {
  const { [orderId]: _, ...others } = drafts();
  if (Object.keys(others).length > 0) local.setJson(STORAGE_KEY, others);
  else local.delete(STORAGE_KEY);
}
