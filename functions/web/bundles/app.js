// Written by `make generate` from functions/web/assets; change it there.
globalThis.handsel ??= (() => {
"use strict";
const PAUSES_MS = [500, 1_500, 4_000, 8_000];

const page = document.head.dataset;
const definitions = new Map();
const instances = new Map();
const requests = new Map();
let attempts = 0;
let isStarted = false;
let isStyled = false;

class NotLoaded extends Error {}

class Outdated extends Error {}

function pause(attempt) {
  const milliseconds = PAUSES_MS[Math.min(attempt, PAUSES_MS.length) - 1];
  return new Promise((resolve) => setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2)));
}

function define(name, imports, body) {
  if (!definitions.has(name)) definitions.set(name, { imports, body });
}

async function load(name) {
  if (!definitions.has(name)) await requestOnce(name);
  const reloadedFor = history.state?.reloaded;
  try {
    const exports = await instantiate(name);
    if (reloadedFor === name) history.replaceState({ ...history.state, reloaded: null }, "");
    return exports;
  } catch (error) {
    if (!(error instanceof Outdated) || reloadedFor) throw error;
    history.replaceState({ ...history.state, reloaded: name }, "");
    location.reload();
    return new Promise(() => {}); // until the reload
  }
}

function instantiate(name) {
  if (!instances.has(name)) {
    const instance = evaluate(name);
    instances.set(name, instance);
    instance.catch(() => instances.delete(name));
  }
  return instances.get(name);
}

async function evaluate(name) {
  if (!definitions.has(name)) throw new Outdated(`${name} is not there`);
  const { imports, body } = definitions.get(name);
  const received = [];
  for (const each of imports) received.push(checked(each, each === "load.js" ? handsel : await instantiate(each)));
  return body(...received);
}

function checked(module, exports) {
  return new Proxy(exports, {
    get(_, name) {
      if (!(name in exports)) throw new Outdated(`${module} has no ${String(name)}`);
      return exports[name];
    },
  });
}

function requestOnce(name, { again = false } = {}) {
  if (!requests.has(name)) requests.set(name, request(name, again).finally(() => requests.delete(name)));
  return requests.get(name);
}

async function request(name, again) {
  try {
    for (let attempt = again ? 1 : 0; ; attempt += 1) {
      if (attempt > 0) {
        showProgress(true);
        await pause(attempt);
      }
      attempts += attempt > 0 ? 1 : 0;
      const address = new URL(attempt > 0 ? `${name}?again=${attempts}` : name, new URL(page.script, location.href));
      try {
        return await import(address.href);
      } catch (error) {
        console.warn(error);
        if (attempt === PAUSES_MS.length) throw new NotLoaded(error.message);
      }
    }
  } finally {
    showProgress(false);
  }
}

function showProgress(isWaiting) {
  const shown = document.getElementById("progress");
  if (!isWaiting) shown?.remove();
  if (!isWaiting || shown) return;
  const progress = document.createElement("p");
  progress.id = "progress";
  progress.setAttribute("role", "status");
  progress.textContent = page.retrying;
  (document.body ?? document.documentElement).append(progress);
}

function showFailure() {
  const notice = document.querySelector(".stalled");
  if (!notice) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = page.again;
  button.addEventListener("click", () => location.reload());
  notice.classList.add("failed");
  notice.append(" ", button);
}

function style(text) {
  if (isStyled) return;
  isStyled = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [sheet];
}

async function start(name) {
  if (isStarted) return;
  isStarted = true;
  if (!isStyled) requestOnce(fileOf(page.style), { again: true }).catch(() => {});
  try {
    await load(name);
  } catch (error) {
    console.warn(error);
    showFailure();
  }
}

const fileOf = (address) => address.split("/").pop();

async function repairScript() {
  spare.disconnect();
  if (isStarted) return;
  try {
    await requestOnce(fileOf(page.script), { again: true });
  } catch {
    showFailure();
  }
}
document.addEventListener("DOMContentLoaded", repairScript);

const spare = new MutationObserver((changes) => {
  for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
    if (node.localName === "script" && node.getAttribute("src") === page.style) node.removeAttribute("src");
  }
});
spare.observe(document, { childList: true, subtree: true });
return { NotLoaded, pause, define, load, style, start };
})();
handsel.define("clock.js", [], async () => {
const TOLERANCE_MS = 2_000;

let offset = null;
let ahead = 0;

function learnTime(response) {
  learnOffset(Date.parse(response.headers.get("Date")) - Date.now());
  const [, moved] = /\boffset;dur=(\d+)/.exec(response.headers.get("Server-Timing")) ?? [];
  if (moved) ahead = Number(moved);
  return response;
}

function learnOffset(measured) {
  if (!Number.isNaN(measured) && (offset === null || Math.abs(measured - offset) > TOLERANCE_MS)) {
    offset = Math.abs(measured) > TOLERANCE_MS ? measured : 0;
  }
}

function learnTimeOfPage() {
  const [page] = performance.getEntriesByType("navigation");
  if (!(page?.transferSize > 0)) return;
  const metric = (wanted) => page.serverTiming?.find(({ name }) => name === wanted)?.duration;
  ahead = metric("offset") ?? 0;
  const time = metric("now") - ahead - performance.timeOrigin;
  learnOffset(Math.min(time - page.requestStart, 0) + Math.max(time - page.responseStart, 0));
}
learnTimeOfPage();

const isTimeKnown = () => offset !== null;

const now = () => realNow() + ahead;

const realNow = () => Date.now() + (offset ?? 0);

let asking = null;

async function requestTime() {
  const response = await fetch("/health", { cache: "no-store" }).catch(() => null);
  if (response) await learnTime(response).text().catch(() => null);
}

function askTime() {
  if (isTimeKnown()) return Promise.resolve();
  asking ??= requestTime().finally(() => {
    asking = null;
  });
  return asking;
}
return { learnTime, isTimeKnown, now, realNow, askTime };
});
handsel.define("dom.js", ["load.js"], async ({ pause }) => {
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name === "value") element.value = value;
    else if (name === "src" && value) element.src = reachable(value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...flatten(children));
  return element;
}

function fill(element, ...children) {
  element.replaceChildren(...flatten(children));
  return element;
}

function flatten(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

const DOUBLE_TAP_MS = 400;

function openDialog(dialog) {
  dialog.classList.add("just-shown");
  setTimeout(() => dialog.classList.remove("just-shown"), DOUBLE_TAP_MS);
  dialog.showModal();
}

const ANNOUNCEMENT_MS = 3_000;

function announce(text) {
  let region = document.getElementById("live");
  if (!region) {
    region = h("p", { id: "live", class: "unseen", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  region.textContent = text;
}

function expireAnnouncement() {
  const region = document.getElementById("live");
  const text = region?.textContent;
  if (!text) return;
  setTimeout(() => {
    if (region.textContent === text) region.textContent = "";
  }, ANNOUNCEMENT_MS);
}

const PLACEHOLDER = "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 72 72%22 width=%22400%22 height=%22400%22%3E%3Cpath d=%22M28 36v8h16v-8M27 32h18v4H27ZM36 32v12M36 32s-5 0-5-2.500 3-2.500 5 2.500 5-5 5-2.500-5 2.500-5 2.500%22 fill=%22none%22 stroke=%22%239a8579%22 stroke-width=%222%22 stroke-linejoin=%22round%22 stroke-linecap=%22round%22/%3E%3C/svg%3E";
const MAX_REPAIRS = 2;

async function repairPicture(image) {
  if (image.src === PLACEHOLDER || image.src.startsWith("blob:")) return;
  const source = image.src;
  const repairs = Number(image.dataset.repairs ?? 0);
  image.src = PLACEHOLDER;
  image.classList.add("no-picture");
  if (repairs === MAX_REPAIRS) return;
  image.dataset.repairs = repairs + 1;
  await pause(repairs + 1);
  image.src = source;
  image.decode().then(
    () => image.classList.remove("no-picture"),
    () => {}, // reported as an error of the element, too
  );
}
for (const image of document.images) if (image.complete && image.naturalWidth === 0) repairPicture(image);
document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && repairPicture(target), true);

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

function reachable(url) {
  if (!url || LOOPBACK.includes(location.hostname)) return url;
  const parsed = new URL(url, location.href);
  return LOOPBACK.includes(parsed.hostname) ? location.origin + parsed.pathname + parsed.search + parsed.hash : url;
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const config = JSON.parse(document.body.dataset.config);
return { h, fill, openDialog, announce, expireAnnouncement, reachable, randomId, config };
});
handsel.define("currencies.js", [], async () => {
const DECIMALS = {
  BHD: 3,
  BIF: 0,
  CLF: 4,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  UYW: 4,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};
return { DECIMALS };
});
handsel.define("storage.js", [], async () => {
const PREFIX = "handsel.";
const LINKS = `${PREFIX}links.`;

let warn = null;
let failed = false;

function onNotStored(listener) {
  warn = listener;
  if (failed) report();
}

function report() {
  failed = true;
  const listener = warn;
  warn = null;
  listener?.();
}

function open(name) {
  try {
    window[name].getItem(PREFIX);
    return window[name];
  } catch {
    return null;
  }
}

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

  keys() {
    const stored = this.#try((storage) => Object.keys(storage)) ?? [];
    return [...new Set([...stored, ...this.#fallback.keys()])].filter((key) => key.startsWith(PREFIX));
  }

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

const session = new Store("sessionStorage", new Map());
const local = new Store("localStorage", session);
return { LINKS, onNotStored, session, local };
});
handsel.define("i18n.js", ["currencies.js", "storage.js"], async ({ DECIMALS }, { local }) => {
const STORAGE_KEY = "handsel.language";
const LANGUAGES = { en: "en", zh: "zh-CN" };

const wanted = [new URLSearchParams(location.search).get("lang"), local.get(STORAGE_KEY)];
const language = wanted.find((each) => Object.hasOwn(LANGUAGES, each ?? "")) ?? document.documentElement.lang.slice(0, 2);
document.documentElement.lang = LANGUAGES[language];

const { words } = await (language === "zh" ? handsel.load("zh.js") : handsel.load("en.js"));
document.head.dataset.retrying = words.retrying;

const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const ERASED_NAME = "Deleted user";

const shownName = (name) => (name === ERASED_NAME ? words.erased_name : name);

const isolate = (value) => (RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : shownName(value));

const someone = (isFirst) => (isFirst ? words.someone_first : words.someone);

function t(key, values = {}) {
  const text = words[key];
  const safe = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isolate(value)]));
  if (typeof text === "function") return text(safe);
  return (text ?? key).replace(/{(\w+)}/g, (_, name, at) => (values[name] === null ? someone(at === 0) : (safe[name] ?? "")));
}

function has(key) {
  return key in words;
}

function choose(chosen) {
  local.set(STORAGE_KEY, chosen);
  const url = new URL(location.href);
  url.searchParams.delete("lang");
  if (!local.isKept) url.searchParams.set("lang", chosen);
  history.replaceState(history.state, "", url);
  location.reload();
}

function money({ amount, currency }) {
  const decimals = DECIMALS[currency] ?? 2;
  const format = new Intl.NumberFormat(LANGUAGES[language], {
    style: "currency",
    currency,
    currencyDisplay: display(currency),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return format.format(amount / 10 ** decimals);
}

const HOME = "CNY";
const SHARED = new Set(["JPY", "XAF", "XOF"]);

function display(currency) {
  if (currency === HOME) return "narrowSymbol";
  return SHARED.has(currency) ? "code" : "symbol";
}

function when(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium", timeStyle: "short" }).format(new Date(timestamp));
}

function whenExactly(timestamp) {
  const parts = { weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" };
  return new Intl.DateTimeFormat(LANGUAGES[language], parts).format(new Date(timestamp));
}

function timeZone(timestamp) {
  const parts = new Intl.DateTimeFormat(LANGUAGES[language], { timeZoneName: "long" }).formatToParts(new Date(timestamp));
  return parts.find(({ type }) => type === "timeZoneName").value;
}

const SPANS = [["days", 86_400], ["hours", 3_600], ["minutes", 60], ["seconds", 1]];

function span(seconds) {
  if (seconds === 86_400) return t("span.hours", { count: 24 });
  const parts = [];
  let rest = seconds;
  for (const [unit, size] of SPANS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(t(`span.${unit}`, { count }));
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ");
}

function day(timestamp) {
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "medium" }).format(new Date(timestamp));
}
return { language, shownName, isolate, t, has, choose, money, when, whenExactly, timeZone, span, day };
});
handsel.define("session.js", ["clock.js", "dom.js", "storage.js"], async ({ isTimeKnown, learnTime, realNow }, { config, reachable }, { LINKS, local, session: ofTab }) => {
const STORAGE_KEY = "handsel.session";
const EARLY_MS = 60_000;
const MAX_ATTEMPTS = 3;
const PAUSE_MS = 400;
const TIMEOUT_MS = 20_000;
const REVOKE_MS = 3_000;
const SESSION_ENDED = [
  "NotAuthorizedException",
  "UserNotFoundException",
  "UserNotConfirmedException",
  "PasswordResetRequiredException",
  "ResourceNotFoundException",
];

function storedSession() {
  const session = local.getJson(STORAGE_KEY);
  try {
    claimsOf(session);
    return session;
  } catch {
    return null; // none, or damaged
  }
}

function currentUser() {
  const session = storedSession();
  if (!session) return null;
  const claims = claimsOf(session);
  return isExpired(claims) && !session.refresh_token ? null : claims;
}

function isExpired(claims, early = 0) {
  return isTimeKnown() && claims.exp * 1000 - early <= realNow();
}

function claimsOf(session) {
  return JSON.parse(new TextDecoder().decode(bytes(session.id_token.split(".")[1])));
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
}

const userOf = (session) => session && claimsOf(session).sub;

function saveSession(tokens) {
  const before = userOf(storedSession());
  if (before && before !== userOf(tokens)) signOut();
  local.setJson(STORAGE_KEY, tokens);
  pageUser = userOf(tokens);
}

function deleteSession() {
  for (const storage of [local, ofTab]) {
    for (const key of storage.keys()) if (key !== "handsel.language" && !key.startsWith(LINKS)) storage.delete(key);
  }
  pageUser = null;
}

async function signOut() {
  const token = storedSession()?.refresh_token;
  deleteSession();
  if (!token) return;
  const late = new Promise((resolve) => setTimeout(resolve, REVOKE_MS));
  await Promise.race([revoke(token), late]);
}

function forgetUser() {
  local.delete(LINKS + userOf(storedSession()));
  deleteSession();
}

const revoke = (token) => userPool("RevokeToken", { Token: token }).catch(() => null);

const canRenew = () => Boolean(storedSession()?.refresh_token);

let pageUser = userOf(storedSession());
function reloadIfUserChanged() {
  if (userOf(storedSession()) === pageUser) return;
  for (const key of ofTab.keys()) ofTab.delete(key);
  location.reload();
}
addEventListener("storage", (event) => (event.key === STORAGE_KEY || event.key === null) && reloadIfUserChanged());
addEventListener("pageshow", (event) => event.persisted && reloadIfUserChanged());

async function idToken() {
  const session = storedSession();
  const claims = currentUser();
  if (!claims || claims.sub !== pageUser) return null;
  if (!isExpired(claims, EARLY_MS)) return session.id_token;
  try {
    return await renewToken(session.id_token);
  } catch (error) {
    if (isExpired(claims)) throw error;
    return session.id_token; // still valid, for a moment
  }
}

let renewing = null;

function renewToken(replaced) {
  renewing ??= inOneTab(async () => {
    const session = storedSession();
    if (!session || userOf(session) !== pageUser) return null;
    if (session.id_token !== replaced) return session.id_token;
    return (await requestTokens())?.IdToken ?? null;
  }).finally(() => {
    renewing = null;
  });
  return renewing;
}

const accessToken = () => inOneTab(async () => (await requestTokens())?.AccessToken ?? null);

async function inOneTab(work) {
  if (!navigator.locks) return work();
  let isGranted = false;
  try {
    return await navigator.locks.request(STORAGE_KEY, { signal: AbortSignal.timeout(TIMEOUT_MS) }, () => {
      isGranted = true;
      return work();
    });
  } catch (error) {
    if (isGranted || error.name !== "TimeoutError") throw error;
    return work(); // a tab that the browser has suspended does not release the lock
  }
}

async function requestTokens() {
  const session = storedSession();
  if (!session?.refresh_token) return null;
  const isCurrent = () => storedSession()?.refresh_token === session.refresh_token;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await userPool("InitiateAuth", {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: { REFRESH_TOKEN: session.refresh_token },
      });
      if (!isCurrent()) return null;
      saveSession({ ...session, id_token: answer.AuthenticationResult.IdToken });
      return answer.AuthenticationResult;
    } catch (error) {
      if (SESSION_ENDED.includes(error.code)) {
        if (isCurrent()) deleteSession();
        return null;
      }
      if (attempt >= MAX_ATTEMPTS || !isTemporary(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (attempt - 1)));
    }
  }
}

class UserPoolError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const isTemporary = (error) => !(error instanceof UserPoolError) || error.status >= 500 || error.code === "TooManyRequestsException";

const userPool = (action, parameters) => callUserPool(action, { ClientId: config.sign_in.client_id, ...parameters });

async function callUserPool(action, parameters) {
  const response = await fetch(reachable(config.sign_in.url), {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}` },
    body: JSON.stringify(parameters),
    keepalive: true,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  learnTime(response);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new UserPoolError(response.status, (answer.__type ?? "").split("#").pop(), answer.message ?? "");
  return answer;
}
return { currentUser, saveSession, signOut, forgetUser, revoke, canRenew, idToken, renewToken, accessToken, UserPoolError, userPool, callUserPool };
});
handsel.define("api.js", ["clock.js", "dom.js", "i18n.js", "session.js", "storage.js"], async ({ learnTime, now }, { randomId }, { language }, { forgetUser, idToken, renewToken }, { session }) => {
const MAX_ATTEMPTS = 4;
const PENDING = "handsel.pending.";
const PAUSE_MS = 400;
const MAX_PAUSE_MS = 5_000;
const TIMEOUT_MS = 35_000;

class Problem extends Error {
  constructor({ status, headers }, document) {
    super(document.detail ?? document.title ?? `${status}`);
    this.status = status;
    this.requestId = headers.get("X-Request-Id") ?? headers.get("Apigw-Requestid");
    this.code = document.code ?? (status === 429 ? "too-many-requests" : "");
    this.errors = document.errors ?? [];
    this.total = document.total ?? null;
    this.rule = document.rule ?? null;
    this.reason = document.reason ?? null;
  }
}

class Offline extends Error {}

class SignedOut extends Error {}

class Unconfirmed extends Error {
  constructor(form, { text, sentAt }) {
    super(form);
    this.form = form;
    this.earlier = JSON.parse(text);
    this.sentAt = sentAt;
  }
}

function isRejected(error) {
  return error instanceof Problem && error.status < 500 && error.code !== "too-many-requests";
}

async function call(method, path, { body, key, as = "json", anonymous = false } = {}) {
  let bearer = anonymous ? null : await requestToken(idToken);
  if (!anonymous && !bearer) throw new SignedOut();
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    let response = await send(method, path, body, key, bearer);
    if (response?.ok) {
      try {
        return await { json: () => response.json(), blob: () => response.blob(), none: () => null }[as]();
      } catch {
        response = null; // the connection ended before the end of the body
      }
    }
    if (response?.status === 401 && !anonymous) {
      const rejected = bearer;
      bearer = renewed ? null : await requestToken(() => renewToken(rejected));
      renewed = true;
      if (!bearer) throw new SignedOut();
      continue;
    }
    if (attempt >= MAX_ATTEMPTS || !(await isRetryable(response))) {
      if (!response) throw new Offline();
      const problem = new Problem(response, await response.json().catch(() => ({})));
      if (problem.code === "account-erased") leaveErased();
      throw problem;
    }
    await pause(response, attempt);
  }
}

function leaveErased() {
  forgetUser();
  history.replaceState(null, "", "/#/erased");
  location.reload();
}

async function requestToken(source) {
  try {
    return await source();
  } catch {
    throw new Offline();
  }
}

const LASTING_LIMITS = ["too-many-open-gifts", "too-many-exports", "too-many-gifts", "too-many-changes", "too-many-reminders"];

async function isRetryable(response) {
  if (!response || response.status >= 500) return true;
  if (response.status !== 429) return false;
  const problem = await response.clone().json().catch(() => ({}));
  return !LASTING_LIMITS.includes(problem.code);
}

async function send(method, path, body, key, bearer) {
  const headers = { "Accept-Language": language };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return learnTime(await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) }));
  } catch {
    return null;
  }
}

function pause(response, attempt) {
  const requested = Number(response?.headers.get("Retry-After")) * 1000;
  const milliseconds = Math.min(requested || PAUSE_MS * 2 ** (attempt - 1), MAX_PAUSE_MS);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function create(form, path, body) {
  const storageKey = PENDING + form;
  const text = JSON.stringify(body);
  const earlier = session.getJson(storageKey);
  if (earlier && earlier.text !== text && !earlier.resumed) throw new Unconfirmed(form, earlier);
  const pending = earlier ?? { text, key: randomId(), sentAt: now() };
  session.setJson(storageKey, pending);
  try {
    const answer = await call("POST", path, { body: JSON.parse(pending.text), key: pending.key });
    session.delete(storageKey);
    return answer;
  } catch (error) {
    if (isRejected(error)) session.delete(storageKey);
    if (pending.text !== text && error instanceof Problem) error.total = null;
    throw error;
  }
}

function resume(form) {
  session.setJson(PENDING + form, { ...session.getJson(PENDING + form), resumed: true });
}

function discard(form) {
  session.delete(PENDING + form);
}
return { Problem, Offline, SignedOut, Unconfirmed, isRejected, call, create, resume, discard };
});
handsel.define("features.js", ["api.js", "session.js", "storage.js"], async ({ call }, { currentUser }, { local }) => {
const STORAGE_KEY = "handsel.features";
const FEATURES = ["gifting", "order_center"];

function show(found) {
  for (const feature of FEATURES) document.body.classList.toggle(`without-${feature}`, found[feature] === false);
}

const hasFeature = (feature) => !document.body.classList.contains(`without-${feature}`);

function noteFeatures(found) {
  const known = { ...local.getJson(STORAGE_KEY), ...found };
  show(known);
  if (FEATURES.every(hasFeature)) local.delete(STORAGE_KEY);
  else local.setJson(STORAGE_KEY, known);
}

let askedFor = null;

async function askFeatures() {
  const user = currentUser()?.sub;
  if (!user || user === askedFor) return;
  askedFor = user;
  const found = await call("GET", "/meta/features").catch(() => null);
  if (found && currentUser()) noteFeatures(found);
}

show(local.getJson(STORAGE_KEY) ?? {});
return { hasFeature, noteFeatures, askFeatures };
});
handsel.define("errors.js", ["api.js", "i18n.js", "load.js", "session.js"], async ({ Offline, Problem, SignedOut, Unconfirmed }, { has, t }, { NotLoaded }, { UserPoolError }) => {
class Explained extends Error {
  constructor(text, ways = []) {
    super(text);
    this.ways = ways;
  }
}

function requestId(error) {
  return error instanceof Problem && error.status >= 500 ? error.requestId : null;
}

function errorText(error) {
  if (error instanceof Explained) return error.message;
  if (error instanceof Offline) return t("offline");
  if (error instanceof SignedOut) return t("signed_out");
  if (error instanceof NotLoaded) return t("shop.not_loaded");
  if (error instanceof Unconfirmed) return t("unconfirmed");
  if (error instanceof Problem) {
    if (has(`rule.${error.rule}`)) return t(`rule.${error.rule}`);
    if (has(`not_refundable.${error.reason}`)) return t(`not_refundable.${error.reason}`);
    if (has(`problem.${error.code}`)) return t(`problem.${error.code}`);
    return error.status < 500 ? t("not_possible") : t("our_fault");
  }
  console.error(error);
  return t("our_fault");
}

async function explainedBy(parts, send) {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Problem) || !parts.some((part) => part.explain(error))) throw error;
    return null;
  }
}

const KNOWN = [Explained, Problem, SignedOut, NotLoaded];
const MESSAGES = { "Password attempts exceeded": "LimitExceededException", "Temporary password has expired": "TemporaryPasswordExpired" };

function signInErrorText(error, texts = {}) {
  if (KNOWN.some((each) => error instanceof each)) return errorText(error);
  if (!(error instanceof UserPoolError)) return t("offline");
  const message = Object.keys(MESSAGES).find((each) => error.message.startsWith(each));
  const key = texts[error.code] ?? `user_pool.${MESSAGES[message] ?? error.code}`;
  return has(key) ? t(key) : t("not_possible");
}
return { Explained, requestId, errorText, explainedBy, signInErrorText };
});
handsel.define("ui.js", ["api.js", "clock.js", "dom.js", "errors.js", "i18n.js", "storage.js"], async ({ discard, isRejected, Offline, Problem, resume, SignedOut, Unconfirmed }, { askTime, isTimeKnown, now }, { announce, fill, h }, { Explained, errorText, requestId }, { span, t }, { onNotStored }) => {
function problem(error, ...actions) {
  const id = requestId(error);
  const quoted = id && h("p", { class: "request-id" }, t("request_id"), " ", h("bdi", {}, id));
  return h("div", { class: "problem", role: "alert" }, h("p", {}, errorText(error)), quoted, ...actions);
}

function action(label, perform, attributes = {}, why = null) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", ...attributes, on: { click: () => runAction(button, notice, perform, why) } }, label);
  return h("div", { class: "action" }, button, notice);
}

async function runAction(button, notice, perform, why = null) {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  fill(notice);
  const way = ({ label, before, href }) => {
    if (href) return h("a", { class: "button", href }, label);
    const again = async () => {
      await before?.();
      return perform();
    };
    const run = () => {
      button.focus();
      runAction(button, notice, again, why);
    };
    return h("button", { type: "button", on: { click: run } }, label);
  };
  try {
    await withSignIn(perform, why);
  } catch (error) {
    fill(notice, problem(error, waysOn(error).map(way)));
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function waysOn(error) {
  if (error instanceof Explained) return error.ways;
  if (error instanceof Unconfirmed) {
    return [
      { label: t("unconfirmed.resume"), before: () => resume(error.form) },
      { label: t("unconfirmed.discard"), before: () => discard(error.form) },
    ];
  }
  return isRetryable(error) ? [{ label: t("try_again") }] : [];
}

const isRetryable = (error) => error instanceof Offline || (error instanceof Problem && !isRejected(error));

async function signIn(why = null) {
  const panel = await handsel.load("sign_in.js");
  return panel.signIn(why);
}

async function withSignIn(perform, why = null) {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    if (!(await signIn(why))) throw error;
    return perform();
  }
}

function warnIfNotStored() {
  onNotStored(() => document.getElementById("main").before(h("p", { class: "not-stored", role: "status" }, t("not_stored"))));
}

function countdown(timestamp, onEnd) {
  const end = Date.parse(timestamp);
  const shown = h("time", { class: "countdown", datetime: timestamp, role: "timer" }, "\u00a0");
  const tick = () => {
    const left = end - now();
    shown.textContent = left > 0 ? t("time_left", { time: duration(left) }) : t("time_over");
    if (left <= 0) {
      clearInterval(timer);
      onEnd?.();
    } else if (!shown.isConnected && started) {
      clearInterval(timer);
    }
    started = true;
  };
  let started = false;
  let timer;
  function run() {
    timer = setInterval(tick, 1000);
    tick();
  }
  if (isTimeKnown()) run();
  else askTime().then(run);
  return shown;
}

const LONG_SECONDS = 48 * 3600;

function duration(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds > LONG_SECONDS) return span(seconds);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copySelection(text)) return false;
  }
  announce(t("copied"));
  return true;
}

function copySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { class: "unseen", readonly: true, value: text });
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isCopied;
}

function copyButton(text, label) {
  const button = h("button", { type: "button", class: "copy", "aria-label": label, on: { click: press } }, t("copy"));
  async function press() {
    if (!(await copy(text))) return;
    button.textContent = t("copied");
    setTimeout(() => {
      button.textContent = t("copy");
    }, 2_000);
  }
  return button;
}
return { problem, action, runAction, signIn, withSignIn, warnIfNotStored, countdown, copy, copyButton };
});
handsel.define("router.js", ["api.js", "dom.js", "i18n.js", "ui.js"], async ({ SignedOut }, { announce, expireAnnouncement, fill, h, randomId }, { t }, { action, problem, signIn }) => {
const scrolled = new Map();
let entry = null;
let current = null;
let render = () => {};

function start(routes, main, onRoute) {
  const compiled = routes.map((route) => ({ ...route, expression: compile(route.pattern) }));
  history.scrollRestoration = "manual";
  render = (navigated) => show(compiled, main, onRoute, navigated);
  addEventListener("hashchange", () => render(true));
  addEventListener("pagehide", () => changeEntry({ top: scrollY }));
  render(true);
}

function redraw() {
  render(false);
}

function changeEntry(change) {
  history.replaceState({ ...history.state, ...change }, "");
}

function shownBefore(path) {
  return history.state?.shown?.[path] ?? 0;
}

function rememberShown(path, count) {
  changeEntry({ shown: { ...history.state?.shown, [path]: count } });
}

function replace(address) {
  history.replaceState(null, "", address);
  render(true);
}

function compile(pattern) {
  return new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
}

async function show(routes, main, onRoute, navigated) {
  const [address] = (location.hash || "#/").split("?");
  const route = routes.find(({ expression }) => expression.test(address)) ?? routes[0];
  const parameters = { ...route.expression.exec(address)?.groups };
  const previous = current;
  const stage = h("div", { class: "view" }, skeleton());
  if (navigated) {
    scrolled.set(entry, scrollY);
    entry = history.state?.entry ?? randomId();
    changeEntry({ entry });
    expireAnnouncement();
    fill(main, stage);
  }
  current = stage;
  onRoute(route);
  const title = await drawView(route, stage, parameters);
  if (current !== stage) return;
  document.title = title === t("app") ? title : `${title} · ${t("app")}`;
  const heading = stage.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  if (navigated) {
    if (previous) heading?.focus({ preventScroll: true });
    scrollTo({ top: scrolled.get(entry) ?? history.state?.top ?? 0, behavior: "instant" });
  } else {
    const focused = main.contains(document.activeElement);
    fill(main, stage);
    if (focused) heading?.focus({ preventScroll: true });
  }
}

async function drawView(route, stage, parameters) {
  let module;
  try {
    module = await route.load();
  } catch (error) {
    console.warn(error);
    return drawFailure(stage, t("shop.not_loaded"), h("button", { type: "button", on: { click: () => location.reload() } }, t("try_again")));
  }
  try {
    return await module.view(stage, parameters);
  } catch (error) {
    if (error instanceof SignedOut) return drawSignIn(stage);
    const retry = h("button", { type: "button", on: { click: redraw } }, t("try_again"));
    const next = error.status === 404 ? h("a", { class: "button", href: "#/" }, t("shop.to_shop")) : retry;
    return drawFailure(stage, problem(error), next);
  }
}

function skeleton() {
  return h("p", { class: "skeleton", "aria-busy": "true" }, h("span", { class: "unseen" }, t("loading")));
}

function drawFailure(stage, reason, next) {
  fill(stage, h("h1", {}, t("shop.not_available")), typeof reason === "string" ? h("p", { role: "alert" }, reason) : reason, next);
  return t("shop.not_available");
}

function drawSignIn(stage) {
  async function enter() {
    if (await signIn()) redraw();
  }
  fill(
    stage,
    h("h1", {}, t("signed_out")),
    h("p", {}, t("shop.sign_in_hint")),
    action(t("sign_in"), enter, { class: "main" }),
  );
  announce(t("signed_out"));
  return t("sign_in");
}
return { start, redraw, shownBefore, rememberShown, replace };
});
handsel.define("erasure.js", ["api.js", "dom.js", "i18n.js", "router.js", "storage.js", "ui.js"], async ({ call }, { announce, h }, { t, when }, { redraw }, { local }, { action }) => {
const STORAGE_KEY = "handsel.erase_at";

let shown = null;
let notice = null;

function noteErasure(eraseAt) {
  if (eraseAt === shown) return;
  shown = eraseAt;
  notice?.remove();
  notice = null;
  if (eraseAt === null) return local.delete(STORAGE_KEY);
  local.set(STORAGE_KEY, eraseAt);
  notice = h("div", { class: "leaving", role: "region", "aria-label": t("leaving.delete") }, h("p", {}, t("leaving.banner", { time: when(eraseAt) })), action(t("leaving.keep"), keep));
  document.getElementById("main").before(notice);
}

async function keep() {
  await call("POST", "/me/keep");
  noteErasure(null);
  announce(t("leaving.kept_account"));
  redraw();
}

const showKnownErasure = () => noteErasure(local.get(STORAGE_KEY));
return { noteErasure, showKnownErasure };
});
handsel.define("frame.js", ["api.js", "dom.js", "erasure.js", "features.js", "i18n.js", "session.js"], async ({ call }, { h }, { noteErasure, showKnownErasure }, { hasFeature, noteFeatures }, { t }, { currentUser }) => {
const POLL_MS = 30_000;
const PARTS = { shop: "#/", orders: "#/center", inbox: "#/inbox", me: "#/me" };

const pip = h("span", { class: "pip", hidden: true });
const links = Object.entries(PARTS).map(([part, href]) =>
  h("a", { href, class: `part ${part}`, data: { part } }, h("span", {}, t(`shop.part.${part}`)), part === "inbox" && pip),
);

function frame(main) {
  const skip = h("a", { class: "skip", href: "#main", on: { click: (event) => skipToContent(event, main) } }, t("shop.skip"));
  const header = document.querySelector("header.frame");
  header.before(skip);
  header.append(h("nav", { class: "parts", "aria-label": t("shop.parts") }, links));
  if (currentUser()) showKnownErasure();
  setInterval(() => document.visibilityState === "visible" && countUnread(), POLL_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && countUnread());
}

function skipToContent(event, main) {
  event.preventDefault();
  main.querySelector("h1")?.focus();
  main.scrollIntoView();
}

function markPart(part) {
  const shown = part === "orders" && !hasFeature("order_center") ? "me" : part;
  for (const link of links) {
    if (link.dataset.part === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function countUnread() {
  if (!currentUser()) return;
  const me = await call("GET", "/me").catch(() => null);
  if (!me || !currentUser()) return;
  noteErasure(me.erase_at ?? null);
  noteFeatures({ order_center: me.order_center !== null });
  const unread = me.order_center?.counts.unread ?? 0;
  pip.hidden = unread === 0;
  pip.replaceChildren(h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : unread), h("span", { class: "unseen" }, t("shop.unread", { count: unread })));
}
return { frame, markPart, countUnread };
});
handsel.define("app.js", ["features.js", "frame.js", "router.js", "ui.js"], async ({ askFeatures }, { countUnread, frame, markPart }, { start }, { warnIfNotStored }) => {
const routes = [
  { pattern: "#/", part: "shop", load: () => handsel.load("view_home.js") },
  { pattern: "#/stores/:id", part: "shop", load: () => handsel.load("view_store.js") },
  { pattern: "#/products/:id", part: "shop", load: () => handsel.load("view_product.js") },
  { pattern: "#/orders/:id", part: "orders", load: () => handsel.load("view_order.js") },
  { pattern: "#/orders/:id/wrap", part: "orders", load: () => handsel.load("view_wrap.js") },
  { pattern: "#/gifts/:id", part: "orders", load: () => handsel.load("view_gift.js") },
  { pattern: "#/center", part: "orders", load: () => handsel.load("view_center.js") },
  { pattern: "#/center/:tab", part: "orders", load: () => handsel.load("view_center.js") },
  { pattern: "#/center/:tab/:state", part: "orders", load: () => handsel.load("view_center.js") },
  { pattern: "#/holdings/:id", part: "orders", load: () => handsel.load("view_holding.js") },
  { pattern: "#/return/:id", part: "orders", load: () => handsel.load("view_return.js") },
  { pattern: "#/inbox", part: "inbox", load: () => handsel.load("view_inbox.js") },
  { pattern: "#/refunds/:id", part: "orders", load: () => handsel.load("view_refund.js") },
  { pattern: "#/me", part: "me", load: () => handsel.load("view_me.js") },
  { pattern: "#/erased", part: "me", load: () => handsel.load("view_erased.js") },
];

const main = document.getElementById("main");
frame(main);
warnIfNotStored();
start(routes, main, ({ part }) => {
  markPart(part);
  countUnread();
  askFeatures();
});
return {};
});
handsel.define("products.js", ["dom.js", "i18n.js"], async ({ h }, { has, money, t }) => {
function tiles(products, { strip = false } = {}) {
  return h("ul", { class: strip ? "tiles strip" : "tiles" }, products.map(tile));
}

function tile(product) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "tile", href: `#/products/${product.product_id}` },
      picture(product),
      h("strong", { dir: "auto" }, product.title),
      product.reason && h("span", { class: "reason" }, product.reason),
      price(product),
      !product.giftable && h("span", { class: "not-giftable gifting" }, t("shop.not_giftable")),
    ),
  );
}

function picture({ image_url: url }, loading = "lazy") {
  return h("span", { class: "photo" }, url && h("img", { src: url, alt: "", loading, width: 400, height: 400 }));
}

function price({ price: now, original_price: before }) {
  return h(
    "span",
    { class: "price" },
    before.amount > now.amount && h("span", { class: "unseen" }, t("shop.price_now")),
    h("b", {}, money(now)),
    before.amount > now.amount && [h("span", { class: "unseen" }, t("shop.price_before")), h("s", {}, money(before))],
  );
}

function notGiftable({ not_giftable_code: code, not_giftable_params: { category, limit, currency } }) {
  const key = `shop.not_giftable.${code}`;
  if (!has(key)) return t("problem.not-giftable");
  return t(key, { category: t(`shop.category.${category}`), price: limit && money(limit), currency });
}
return { tiles, picture, price, notGiftable };
});
handsel.define("view_home.js", ["api.js", "dom.js", "i18n.js", "products.js", "router.js", "session.js", "ui.js"], async ({ call, SignedOut }, { config, fill, h }, { choose, language, t }, { tiles }, { redraw }, { currentUser }, { action, signIn }) => {
const LANGUAGES = { en: "English", zh: "简体中文" };

async function view(main) {
  if (!currentUser()) return welcome(main);
  try {
    return await shop(main);
  } catch (error) {
    if (error instanceof SignedOut && !currentUser()) return welcome(main);
    throw error;
  }
}

async function shop(main) {
  const [recommended, viewed, tagged] = await Promise.all(
    ["/recommendations", "/viewed?limit=10", "/tagged?limit=10"].map((path) => call("GET", path)),
  );
  const stores = storesOf([...recommended.items, ...viewed.items, ...tagged.items]);
  fill(
    main,
    h("h1", { class: "unseen" }, t("shop.title")),
    h("section", { class: "hero gifting" }, h("p", { class: "lead" }, t("shop.lead")), h("p", {}, t("shop.steps"))),
    !config.sells && h("p", { class: "few" }, t("problem.no-payment-provider")),
    stores.size > 0 && [
      h("h2", {}, t("shop.stores")),
      h("ul", { class: "chips" }, [...stores].map(([id, name]) => h("li", {}, h("a", { class: "chip", href: `#/stores/${id}`, dir: "auto" }, name)))),
    ],
    recommended.items.length > 0
      ? [h("h2", {}, t("shop.for_you")), tiles(recommended.items)]
      : h("p", { class: "faint" }, t("shop.nothing_for_you")),
    viewed.items.length > 0 && [h("h2", {}, t("shop.viewed")), tiles(viewed.items, { strip: true })],
  );
  return t("app");
}

function storesOf(products) {
  return new Map(products.map((product) => [product.store_id, product.store_name]));
}

function welcome(main) {
  const other = Object.keys(LANGUAGES).find((each) => each !== language);
  async function enter() {
    if (await signIn()) redraw();
  }
  fill(
    main,
    h(
      "section",
      { class: "hero welcome" },
      h("h1", {}, t("shop.welcome")),
      h("p", { class: "lead" }, t("shop.lead")),
      h("ol", { class: "how" }, [1, 2, 3].map((step) => h("li", {}, t(`shop.how.${step}`)))),
      action(t("sign_in"), enter, { class: "main" }),
      config.sign_in.demo && h("p", {}, t("shop.demo")),
    ),
    h("p", { class: "other-language" }, h("button", { type: "button", class: "link", lang: other, on: { click: () => choose(other) } }, LANGUAGES[other])),
  );
  return t("app");
}
return { view };
});
handsel.define("profile.js", ["api.js", "errors.js", "i18n.js"], async ({ call, Problem }, { Explained }, { t }) => {
const handleInput = () => ({
  name: "handle",
  maxlength: 30,
  pattern: "[A-Za-z0-9][A-Za-z0-9_.]{2,29}",
  title: t("center.handle_rule"),
  autocapitalize: "none",
  autocomplete: "off",
  spellcheck: "false",
  translate: "no",
});

async function saveProfile(field, value) {
  try {
    return await call("PATCH", "/me", { body: { [field]: value } });
  } catch (error) {
    if (error instanceof Problem && error.code === "invalid-request") throw new Explained(t(`center.${field}_invalid`));
    throw error;
  }
}
return { handleInput, saveProfile };
});
handsel.define("sign_in.js", ["clock.js", "dom.js", "errors.js", "i18n.js", "profile.js", "session.js", "storage.js", "ui.js"], async ({ learnTime }, { announce, config, fill, h, openDialog, reachable }, { Explained, signInErrorText }, { has, t }, { handleInput, saveProfile }, { callUserPool, revoke, saveSession, userPool }, { session }, { copyButton }) => {
const RESEND_MS = 30_000;
const NOT_SENT = ["LimitExceededException", "TooManyRequestsException", "CodeDeliveryFailureException"];
const NO_RESET = { NotAuthorizedException: "no_reset", InvalidParameterException: "no_reset" };
const WRONG_CODE = {
  CodeMismatchException: "two_step.wrong",
  EnableSoftwareTokenMFAException: "two_step.wrong",
  ExpiredCodeException: "two_step.used",
};

const UNCONFIRMED = "handsel.unconfirmed_email";
const IN_APP = /MicroMessenger|FBA[NV]|Instagram|\bLine\/|KAKAOTALK|Weibo|\bQQ\/|DingTalk|BytedanceWebview|aweme|musical_ly|Snapchat|Twitter|Telegram|LinkedInApp|Pinterest|; wv\)/i;

let open = null;

function signIn(why = null) {
  open ??= openPanel(why).finally(() => {
    open = null;
  });
  return open;
}

function openPanel(why) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    const panel = h("div", { class: "panel-body" });
    const title = h("h2", { id: "sign-in-title" }, t("sign_in"));
    const close = h("button", { type: "button", class: "quiet close", "aria-label": t("close"), on: { click: () => dialog.close() } }, "✕");
    const dialog = h(
      "dialog",
      { class: "panel sign-in", "aria-labelledby": "sign-in-title", on: { close: end } },
      h("header", {}, title, close),
      panel,
    );
    let done = false;
    let signedIn = false;
    function end() {
      if (done) return;
      done = true;
      dialog.remove();
      opener?.focus?.();
      resolve(signedIn);
    }
    const enter = (tokens) => {
      if (done) {
        if (tokens.refresh_token) revoke(tokens.refresh_token);
        return;
      }
      saveSession(tokens);
      session.delete(UNCONFIRMED);
      signedIn = true;
    };
    document.body.append(dialog);
    if (config.sign_in.url) start(panel, title, { enter, end, why });
    else fill(panel, h("p", {}, t("sign_in_elsewhere")));
    openDialog(dialog);
  });
}

function start(panel, title, { enter, end, why }) {
  const show = (heading, ...content) => {
    title.textContent = t(heading);
    fill(panel, ...content);
    panel.querySelector("input")?.focus();
  };
  const entered = { email: "", password: "" };
  const reason = why && h("p", {}, t(`sign_in.why.${why}`));

  const finish = (tokens) => {
    enter(tokens);
    end();
  };

  async function authenticate(next = finish) {
    const answer = await userPool("InitiateAuth", {
      AuthFlow: "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: entered.email, PASSWORD: entered.password },
    });
    return proceed(answer, next);
  }

  const challenges = { NEW_PASSWORD_REQUIRED: newPasswordForm, SOFTWARE_TOKEN_MFA: oneTimeCodeForm, MFA_SETUP: setUpForm };

  function proceed(answer, next) {
    if (answer.AuthenticationResult) {
      const { IdToken, RefreshToken } = answer.AuthenticationResult;
      return next({ id_token: IdToken, refresh_token: RefreshToken });
    }
    const draw = challenges[answer.ChallengeName];
    if (!draw) throw new Explained(t("sign_in_elsewhere"));
    return draw(answer, next);
  }

  async function respond({ ChallengeName, ChallengeParameters, Session }, responses, next) {
    const ChallengeResponses = { USERNAME: ChallengeParameters?.USER_ID_FOR_SRP ?? entered.email, ...responses };
    return proceed(await userPool("RespondToAuthChallenge", { ChallengeName, Session, ChallengeResponses }), next);
  }

  function challengeForm(fields, label, submit, texts) {
    return form(
      fields,
      label,
      async () => {
        try {
          await submit();
        } catch (error) {
          if (error.code !== "NotAuthorizedException") throw error;
          signInForm(t("sign_in_again"));
        }
      },
      texts,
    );
  }

  function newPasswordForm(challenge, next) {
    const { userAttributes = "{}", requiredAttributes = "[]" } = challenge.ChallengeParameters;
    const missing = new Set(JSON.parse(requiredAttributes).map((each) => each.replace("userAttributes.", "")));
    if (!JSON.parse(userAttributes).name) missing.add("name");
    const attributes = () => Object.fromEntries([...missing].map((each) => [`userAttributes.${each}`, entered[each]]));
    entered.password = ""; // the temporary one is not a new one
    show(
      "new_password",
      h("p", {}, t("temporary_password")),
      challengeForm(
        [[...missing].map((each) => (each === "name" ? name(entered) : field(entered, each, {}))), password(entered, "new-password")],
        "new_password",
        () => respond(challenge, { NEW_PASSWORD: entered.password, ...attributes() }, next),
      ),
    );
  }

  function oneTimeCodeForm(challenge, next) {
    entered.code = "";
    show(
      "two_step",
      h("p", {}, t("two_step.enter")),
      challengeForm(
        [code(entered)],
        "sign_in",
        () => respond(challenge, { SOFTWARE_TOKEN_MFA_CODE: entered.code }, next),
        WRONG_CODE,
      ),
      h("p", { class: "faint" }, t("two_step.lost")),
    );
  }

  async function setUpForm(challenge, next) {
    const { keyView } = await handsel.load("two_step.js");
    const { SecretCode, Session } = await callUserPool("AssociateSoftwareToken", { Session: challenge.Session });
    entered.code = "";
    show(
      "two_step",
      h("p", {}, t("two_step.required")),
      keyView(SecretCode, entered.email),
      challengeForm(
        [code(entered)],
        "confirm",
        async () => {
          const verified = await callUserPool("VerifySoftwareToken", { Session, UserCode: entered.code });
          await respond({ ...challenge, Session: verified.Session }, {}, next);
        },
        WRONG_CODE,
      ),
    );
  }

  async function sendCode(action, draw) {
    let notice = null;
    try {
      await userPool(action, { Username: entered.email });
    } catch (error) {
      if (!NOT_SENT.includes(error.code)) throw error;
      notice = signInErrorText(error);
    }
    draw(notice);
  }

  function demo() {
    const shown = h("div", {});
    if (config.sign_in.demo) readDemo().then(({ users }) => fill(shown, demoUsers(users, finish)));
    return shown;
  }

  function signInForm(notice = null) {
    show(
      "sign_in",
      reason,
      demo(),
      warning(notice),
      form([email(entered), password(entered, "current-password")], "sign_in", async () => {
        try {
          await authenticate();
        } catch (error) {
          if (error.code === "UserNotConfirmedException") await sendCode("ResendConfirmationCode", confirmForm);
          else if (error.code === "PasswordResetRequiredException") await sendCode("ForgotPassword", resetForm);
          else throw error;
        }
      }),
      h("p", { class: "ways" }, link("sign_up", () => signUpForm()), link("forgot_password", () => forgotForm())),
    );
  }

  function signUpForm() {
    entered.password = ""; // the one that was tried is not a new one
    show(
      "sign_up",
      reason,
      why && demo(),
      why && inApp(),
      form([name(entered), email(entered), password(entered, "new-password")], "sign_up", async () => {
        await userPool("SignUp", {
          Username: entered.email,
          Password: entered.password,
          UserAttributes: [
            { Name: "email", Value: entered.email },
            { Name: "name", Value: entered.name },
          ],
        });
        session.set(UNCONFIRMED, entered.email);
        confirmForm();
      }),
      h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function confirmForm(notice = null) {
    entered.code = "";
    const isPasswordLost = entered.password === "";
    show(
      "confirm_email",
      notice ? warning(notice) : h("p", {}, t("code_sent", { email: entered.email })),
      why && h("p", { class: "faint" }, t("sign_in.come_back")),
      demoMail(entered.email),
      form([code(entered), isPasswordLost && password(entered, "current-password")], "confirm", async () => {
        try {
          await userPool("ConfirmSignUp", { Username: entered.email, ConfirmationCode: entered.code });
        } catch (error) {
          if (error.code !== "NotAuthorizedException") throw error;
        }
        await authenticate((tokens) => {
          enter(tokens);
          if (why) end();
          else handleForm();
        });
      }),
      sendAgain("ResendConfirmationCode", confirmForm),
      why && h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function handleForm() {
    show(
      "choose_handle",
      h("p", { class: "faint" }, t("center.handle_hint")),
      form([field(entered, "handle", handleInput())], "center.save", async () => {
        await saveProfile("handle", entered.handle);
        end();
      }),
      h("p", { class: "ways" }, link("choose_handle_later", end)),
    );
  }

  function forgotForm() {
    show(
      "forgot_password",
      form([email(entered)], "send_code", () => sendCode("ForgotPassword", resetForm), NO_RESET),
      h("p", { class: "ways" }, link("have_account", () => signInForm())),
    );
  }

  function resetForm(notice = null) {
    entered.code = "";
    entered.password = ""; // the one that was tried is not a new one
    show(
      "new_password",
      notice ? warning(notice) : h("p", {}, t("code_sent", { email: entered.email })),
      demoMail(entered.email),
      form([code(entered), password(entered, "new-password")], "new_password", async () => {
        await userPool("ConfirmForgotPassword", {
          Username: entered.email,
          ConfirmationCode: entered.code,
          Password: entered.password,
        });
        await authenticate();
      }),
      sendAgain("ForgotPassword", resetForm),
    );
  }

  function sendAgain(action, draw) {
    const drawn = performance.now();
    const notice = h("div", {});
    const button = link("send_again", async () => {
      if (button.getAttribute("aria-busy")) return;
      if (performance.now() - drawn < RESEND_MS) {
        fill(notice, h("p", { role: "status" }, t("code_just_sent")));
        return;
      }
      button.setAttribute("aria-busy", "true");
      try {
        await userPool(action, { Username: entered.email });
        draw();
        announce(t("code_sent", { email: entered.email }));
      } catch (error) {
        fill(notice, warning(signInErrorText(error)));
        button.removeAttribute("aria-busy");
      }
    });
    return [h("p", { class: "ways" }, button), notice];
  }

  entered.email = (why && session.get(UNCONFIRMED)) ?? "";
  if (entered.email) confirmForm();
  else if (why) signUpForm();
  else signInForm();
}

function inApp() {
  if (!IN_APP.test(navigator.userAgent)) return null;
  return h("p", { class: "faint" }, t("sign_in.in_app"), " ", copyButton(location.href, t("gift.copy_link")));
}

async function readDemo() {
  const response = await fetch(reachable(config.sign_in.url), { cache: "no-store" }).then(learnTime, () => null);
  return response?.ok ? response.json() : { users: [], mails: [] };
}

function demoMail(email) {
  const shown = h("p", { class: "faint" });
  if (config.sign_in.demo) {
    readDemo().then(({ mails }) => fill(shown, mails.find((mail) => mail.to.toLowerCase() === email.toLowerCase())?.text));
  }
  return shown;
}

function demoUsers(users, finish) {
  return h(
    "section",
    { class: "demo-users", "aria-label": t("demo_users") },
    h("p", {}, t("demo_users")),
    users.map((user) =>
      h(
        "button",
        { type: "button", class: "person", on: { click: () => finish({ id_token: user.token }) } },
        h("bdi", {}, user.display_name),
        user.role && h("small", {}, t(`demo_role.${user.role}`)),
      ),
    ),
  );
}

const warning = (text) => text && h("p", { class: "problem", role: "alert" }, text);

function form(fields, label, submit, texts = {}) {
  const notice = h("div", {});
  const button = h("button", { type: "submit", class: "main" }, t(label));
  return h(
    "form",
    {
      on: {
        submit: async (event) => {
          event.preventDefault();
          if (button.getAttribute("aria-busy")) return;
          button.setAttribute("aria-busy", "true");
          fill(notice);
          try {
            await submit();
          } catch (error) {
            fill(notice, warning(signInErrorText(error, texts)));
          } finally {
            button.removeAttribute("aria-busy");
          }
        },
      },
    },
    fields,
    notice,
    button,
  );
}

function field(entered, key, attributes, normalize = (value) => value) {
  const input = h("input", {
    name: key,
    dir: "auto",
    required: true,
    value: entered[key] ?? "",
    ...attributes,
    on: {
      input: () => {
        entered[key] = normalize(input.value);
      },
    },
  });
  return h("label", {}, has(`field.${key}`) ? t(`field.${key}`) : key, input);
}

const name = (entered) => field(entered, "name", { autocomplete: "name", maxlength: 40 });
const email = (entered) => field(entered, "email", { type: "email", autocomplete: "username" }, (value) => value.trim().toLowerCase());
const password = (entered, autocomplete) => field(entered, "password", { type: "password", autocomplete, minlength: 12 });
const code = (entered) =>
  field(entered, "code", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 10 }, (value) => value.replace(/\s/g, ""));

function link(label, onClick) {
  return h("button", { type: "button", class: "link", on: { click: onClick } }, t(label));
}
return { WRONG_CODE, signIn, form, code };
});
