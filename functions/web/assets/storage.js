// Storage of this device. A browser may forbid it, or have no room left: what it does not take is kept until the tab is closed, or
// only in memory until the page is left.

const PREFIX = "handsel.";
/** Keys of share links start with this, and end with the account that they belong to. They outlive a sign-out. */
export const LINKS = `${PREFIX}links.`;

let warn = null;
let failed = false;

/** Call `listener` once, at once or later, if something cannot be stored. */
export function onNotStored(listener) {
  warn = listener;
  if (failed) report();
}

function report() {
  failed = true;
  const listener = warn;
  warn = null;
  listener?.();
}

/** Return a storage of the window, or null if the browser forbids it. */
function open(name) {
  try {
    window[name].getItem(PREFIX);
    return window[name];
  } catch {
    return null;
  }
}

/** Values by key; what the browser does not take goes to `fallback`. `get` returns null if there is none. */
class Store {
  #storage;
  #fallback;
  #isKept;

  constructor(name, fallback) {
    this.#storage = open(name);
    this.#fallback = fallback;
    this.#isKept = this.#storage !== null;
    if (!this.#isKept) report();
  }

  /** Whether the browser has taken every value so far. */
  get isKept() {
    return this.#isKept;
  }

  get(key) {
    return this.#fallback.get(key) ?? this.#try((storage) => storage.getItem(key)) ?? null;
  }

  set(key, value) {
    this.#fallback.delete(key);
    if (this.#try((storage) => storage.setItem(key, value) ?? true)) return;
    this.delete(key);
    this.#fallback.set(key, value);
    this.#isKept = false;
    report();
  }

  delete(key) {
    this.#fallback.delete(key);
    this.#try((storage) => storage.removeItem(key));
  }

  /** Return the keys of the pages. */
  keys() {
    const stored = this.#try((storage) => Object.keys(storage)) ?? [];
    return [...new Set([...stored, ...this.#fallback.keys()])].filter((key) => key.startsWith(PREFIX));
  }

  /** Return the parsed JSON of a key, or null if there is none or it is damaged. */
  getJson(key) {
    try {
      return JSON.parse(this.get(key));
    } catch {
      return null;
    }
  }

  setJson(key, value) {
    this.set(key, JSON.stringify(value));
  }

  #try(use) {
    try {
      return use(this.#storage);
    } catch {
      return null;
    }
  }
}

/** Values that stay until the tab is closed. */
export const session = new Store("sessionStorage", new Map());
/** Values that stay until they are deleted. */
export const local = new Store("localStorage", session);
