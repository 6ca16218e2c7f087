// What this device has shown or reported once: lists of ids, the newest last.

import { local } from "./storage.js";

const PREFIX = "handsel.first.";
const MAX_IDS = 50;

const read = (list) => {
  const ids = local.getJson(PREFIX + list);
  return Array.isArray(ids) ? ids : [];
};

/** Return whether an id is in a list. */
export const isKnown = (list, id) => read(list).includes(id);

/** Add an id to a list. */
export function remember(list, id) {
  local.setJson(PREFIX + list, [...read(list).filter((each) => each !== id), id].slice(-MAX_IDS));
}
