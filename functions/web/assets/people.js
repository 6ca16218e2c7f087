// Names of other users: of those whom the user chose on this device, and of contacts. A gift has only the ids of those who did
// not open it.

import { call } from "./api.js";
import { local } from "./storage.js";

const STORAGE_KEY = "handsel.names";
const MAX_NAMES = 50;
const MAX_CONTACTS = 100;

/** Return the newest contacts; none if they cannot be read. */
export async function contacts(limit = MAX_CONTACTS) {
  const { items } = await call("GET", `/people?limit=${limit}`).catch(() => ({ items: [] }));
  return items;
}

const storedNames = () => new Map(Object.entries(local.getJson(STORAGE_KEY) ?? {}));

/** Remember the name of a user who was chosen. */
export function saveName({ user_id: id, display_name: name }) {
  const names = storedNames();
  names.delete(id);
  names.set(id, name);
  local.setJson(STORAGE_KEY, Object.fromEntries([...names].slice(-MAX_NAMES)));
}

/** Return the name of a user, or null if it is not known. */
export async function findName(id) {
  const stored = storedNames().get(id);
  if (typeof stored === "string") return stored;
  return (await contacts()).find((each) => each.user_id === id)?.display_name ?? null;
}
