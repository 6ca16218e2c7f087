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
handsel.define("firsts.js", ["storage.js"], async ({ local }) => {
const PREFIX = "handsel.first.";
const MAX_IDS = 50;

const read = (list) => {
  const ids = local.getJson(PREFIX + list);
  return Array.isArray(ids) ? ids : [];
};

const isKnown = (list, id) => read(list).includes(id);

function remember(list, id) {
  local.setJson(PREFIX + list, [...read(list).filter((each) => each !== id), id].slice(-MAX_IDS));
}
return { isKnown, remember };
});
handsel.define("gift_link.js", [], async () => {
const TOKEN = /(?<![a-z0-9])[a-z2-7]{32}(?![a-z0-9])/g;
const SECRET_WITH_REST = /^[a-z2-7]{32}/;
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const MAX_DECODINGS = 4;

function decode(part) {
  let text = part;
  for (let count = 0; count < MAX_DECODINGS && text.includes("%"); count += 1) {
    text = text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return run;
      }
    });
  }
  return text.replace(INVISIBLE, "").toLowerCase();
}

function findGiftId({ pathname }) {
  const [id] = decode(pathname).match(TOKEN) ?? [];
  return id ?? pathname.split("/").pop();
}

function findSecret({ hash, pathname, search }, giftId) {
  const [fragment] = decode(hash).split(":~:");
  for (const text of [fragment, decode(pathname), decode(search)]) {
    const found = text.match(TOKEN)?.find((token) => token !== giftId);
    if (found) return found;
  }
  return fragment.replace(/[^a-z0-9]/g, "").match(SECRET_WITH_REST)?.[0];
}
return { findGiftId, findSecret };
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
handsel.define("timeline.js", ["dom.js", "i18n.js", "ui.js"], async ({ h }, { t, when }, { copyButton }) => {
const STEPS = ["ready_to_ship", "picked_up", "in_transit", "out_for_delivery", "delivered"];

function statusOf(status) {
  return t(`center.shipment.${status}`);
}

function timeline({ status, events, carrier, tracking_number: number, address, address_label: label }) {
  const reached = STEPS.indexOf(status);
  const ahead = reached < 0 ? [] : STEPS.slice(reached + 1);
  const past = events.length > 0 && status !== "cancelled" ? events : [...events, { status }];
  return h(
    "section",
    { class: "shipment", "aria-labelledby": "shipment-status" },
    h("h2", { id: "shipment-status", class: reached < 0 ? "mishap" : "" }, statusOf(status)),
    h(
      "ol",
      { class: "timeline" },
      past.map((event, index) => pastStep(event, index === past.length - 1)),
      ahead.map((each) => h("li", { class: "ahead" }, h("span", {}, statusOf(each)), h("span", { class: "unseen" }, t("center.upcoming")))),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("center.carrier"), h("bdi", {}, carrier)),
      number && fact(t("center.tracking_number"), h("bdi", { translate: "no" }, number), " ", copyButton(number, t("center.copy_number"))),
      address && fact(t("center.address"), addressBlock(address, label)),
    ),
  );
}

function pastStep({ status, location, occurred_at: at }, latest) {
  return h(
    "li",
    { "aria-current": latest && "step" },
    h("strong", {}, statusOf(status)),
    at && h("span", { class: "faint" }, location && [h("bdi", {}, location), " · "], h("time", { datetime: at }, when(at))),
  );
}

function fact(name, ...value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function addressBlock({ phone, country }, label) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "code" });
  const countryName = /^[A-Z]{2}$/.test(country) ? names.of(country) : country;
  return h("address", {}, [...label, countryName, phone].map((line) => h("span", { dir: "auto" }, line)));
}
return { statusOf, timeline, fact };
});
handsel.define("gift_wrap.js", ["dom.js", "i18n.js", "ui.js"], async ({ h }, { t }, { countdown }) => {
const OPENING_MS = 1_000;
const FLAKES = 14;

function cover(view) {
  return h("figure", { class: "cover" }, h("img", { src: view.wrapping.image_url, alt: "", width: 1200, height: 630 }));
}

function wrapped(view, closure, inPocket = [], { heading = "h1" } = {}) {
  const sent = h(heading, { class: "sent" }, t("gift.sent", { name: view.giver_name }));
  return h(
    "article",
    { class: `wrap ${view.presentation}` },
    h("div", { class: "flap" }, cover(view), h("div", { class: "label" }, sent, view.wrapping.blessing && h("p", { class: "blessing", dir: "auto" }, view.wrapping.blessing))),
    h("div", { class: "closure" }, closure),
    h("div", { class: "pocket" }, inPocket),
  );
}

function inReturn({ in_return_for: first }) {
  return first && h("p", { class: "in-return" }, t("gift.in_return"), " ", h("a", { href: `/#/gifts/${first}` }, t("gift.first_gift")));
}

const safetyTitle = ({ giver_id: giverId }) => t(giverId ? "safety.title" : "safety.report");

const seal = () => h("span", { class: "seal" });

function terms(view, timeIsUp) {
  return h(
    "div",
    { class: "terms" },
    h("p", {}, countdown(view.expires_at, timeIsUp)),
    view.shares > 1 && h("p", { class: "left" }, t("gift.left", { remaining: view.remaining, shares: view.shares })),
  );
}

function unwrap(wrapping) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  wrapping.inert = true;
  wrapping.ariaHidden = "true";
  wrapping.classList.add("opening");
  wrapping.append(...Array.from({ length: FLAKES }, flake));
  document.getElementById("main").append(wrapping);
  setTimeout(() => wrapping.remove(), OPENING_MS);
}

function flake(_, index) {
  const angle = (index / FLAKES) * 2 * Math.PI;
  const far = 90 + Math.random() * 110;
  return h("i", {
    class: "flake",
    style: {
      "--x": `${Math.cos(angle) * far}px`,
      "--y": `${Math.sin(angle) * far - 60}px`,
      "--turn": `${Math.random() * 720 - 360}deg`,
    },
  });
}
return { cover, wrapped, inReturn, safetyTitle, seal, terms, unwrap };
});
handsel.define("return_gift.js", ["api.js", "dom.js", "i18n.js"], async ({ call }, { fill, h }, { t }) => {
const MAX_SENT = 100;

async function findReturnGift(giftId) {
  const { items } = await call("GET", `/gifts?role=sent&limit=${MAX_SENT}`);
  return items.find((gift) => gift.in_return_for === giftId) ?? null;
}

function returnGift(giftId) {
  const place = h("div", { class: "return-gift" }, h("a", { class: "button main", href: `/#/return/${giftId}` }, t("gift.return_gift")));
  findReturnGift(giftId).then(
    (sent) => sent && fill(place, h("a", { class: "button", href: `/#/gifts/${sent.gift_id}` }, t("gift.return_gift_sent"))),
    () => {},
  );
  return place;
}
return { findReturnGift, returnGift };
});
handsel.define("gift_result.js", ["api.js", "dom.js", "i18n.js", "timeline.js", "ui.js", "gift_wrap.js", "return_gift.js"], async ({ call }, { fill, h }, { shownName, t, when }, { statusOf, timeline }, { action, copy, problem }, { cover, inReturn }, { returnGift }) => {
function result(view, holding) {
  shownExtras ??= loadExtras(view);
  const { thanks, story, safety } = shownExtras;
  return [
    h(
      "header",
      { class: `crest ${view.presentation}` },
      cover(view),
      h("p", { class: "from" }, t("gift.from", { name: view.giver_name })),
      h("p", { class: "blessing", dir: "auto" }, view.wrapping.blessing),
      inReturn(view),
    ),
    holding.kind === "voucher" ? voucher(holding) : parcel(holding),
    thanks,
    view.shares > 1 && view.claims && claimList(view),
    h(
      "nav",
      { class: "ways-on", "aria-label": t("gift.next_steps") },
      returnGift(view.gift_id),
      h("a", { class: "button", href: "/#/center/holdings" }, t("gift.my_holdings")),
    ),
    story,
    safety,
  ];
}

let shownExtras = null;

function loadExtras(view) {
  const [thanks, story, safety] = Array.from({ length: 3 }, () => h("div", {}));
  handsel.load("gift_extras.js")
    .then(({ extras }) => extras(view))
    .then(
      (found) => {
        fill(thanks, found.thanks);
        fill(story, found.timeline);
        fill(safety, found.safety);
      },
      () => {},
    );
  return { thanks, story, safety };
}

function voucher({ holding_id, product, code, valid_until, state }) {
  const usable = state === "usable";
  return h(
    "article",
    { class: `ticket ${state}` },
    h(
      "div",
      { class: "what" },
      picture(product),
      h("div", {}, h("h1", { dir: "auto" }, product.title), h("p", { class: "faint", dir: "auto" }, product.store_name)),
    ),
    !usable && h("p", { class: "stamp" }, t(`gift.voucher.${state}`)),
    h(
      "div",
      { class: "stub" },
      usable && qr(holding_id, code),
      usable && h("p", { class: "faint" }, t("gift.code")),
      h("p", { class: "code", translate: "no" }, code.match(/.{1,4}/g).map((four) => h("span", {}, four))),
      usable && copyCode(code),
    ),
    h(
      "dl",
      {},
      usable && [h("dt", {}, t("gift.how")), h("dd", {}, t("gift.how.text", { store: product.store_name }))],
      product.redeem_at && [h("dt", {}, t("gift.where")), h("dd", { dir: "auto" }, product.redeem_at)],
      valid_until && [h("dt", {}, t("gift.until")), h("dd", {}, h("time", { datetime: valid_until }, when(valid_until)))],
      product.description && [h("dt", {}, t("gift.about")), h("dd", { dir: "auto" }, product.description)],
    ),
  );
}

function qr(holding_id, code) {
  const place = h("div", { class: "qr" });
  call("GET", `/holdings/${holding_id}/qr`, { as: "blob" }).then(
    (blob) => {
      const url = URL.createObjectURL(blob);
      const loaded = () => URL.revokeObjectURL(url);
      fill(place, h("img", { src: url, width: 176, height: 176, alt: t("gift.qr", { code }), on: { load: loaded } }));
    },
    () => place.remove(),
  );
  return place;
}

function copyCode(code) {
  const place = action(t("gift.copy"), async () => {
    if (await copy(code)) place.querySelector("button").textContent = t("copied");
    else getSelection().selectAllChildren(document.querySelector(".code"));
  });
  return place;
}

function parcel(holding) {
  const way = h("div", { class: "way" }, h("p", { class: "faint" }, t("loading")));
  drawShipment(holding, way);
  return h(
    "article",
    { class: "ticket parcel" },
    holding.product
      ? h("div", { class: "what" }, picture(holding.product), h("div", {}, h("p", { class: "faint" }, t("gift.parcel_arrived")), h("h1", { dir: "auto" }, holding.product.title), from(holding)))
      : h("div", { class: "what secret" }, h("div", {}, h("h1", {}, t("center.parcel_from", { store: holding.store_name })), h("p", {}, t("gift.parcel_secret")))),
    way,
  );
}

const from = (holding) => h("p", { class: "faint" }, t("gift.from_store", { store: holding.store_name }));

async function drawShipment(holding, way) {
  try {
    const shipment = await call("GET", `/shipments/${holding.shipment_id}`);
    fill(way, timeline(shipment));
  } catch (error) {
    const retry = h("button", { type: "button", on: { click: () => drawShipment(holding, way) } }, t("try_again"));
    fill(way, problem(error, retry));
  }
}

function picture({ image_url }) {
  return h("img", { class: "picture", src: image_url, alt: "", width: 96, height: 96 });
}

function claimList({ state, claims, remaining, shares }) {
  return h(
    "section",
    { class: "takers card", "aria-labelledby": "takers-title" },
    h("h2", { id: "takers-title" }, shares === 1 ? t("gift.opened_by") : t("gift.claimed_of", { claimed: claims.length, shares })),
    h(
      "ol",
      {},
      claims.map(({ display_name, claimed_at, shipment_status }) =>
        h(
          "li",
          {},
          h("span", { class: "initial", "aria-hidden": "true" }, [...shownName(display_name)][0] ?? "·"),
          h("span", { dir: "auto" }, shownName(display_name)),
          h("time", { class: "faint", datetime: claimed_at }, when(claimed_at)),
          shipment_status && h("span", { class: "faint" }, statusOf(shipment_status)),
        ),
      ),
    ),
    state === "open" && h("p", { class: "faint" }, t("gift.left", { remaining, shares })),
  );
}
return { result, claimList };
});
handsel.define("outcome.js", [], async () => {
function outcomeOf({ state, at_end: end, successor_gift_id: successor }) {
  if (state !== "returned") return state;
  if (successor) return "passed_on";
  return end.then === "refund" ? "refunded" : state;
}
return { outcomeOf };
});
handsel.define("gift_ends.js", ["api.js", "dom.js", "i18n.js", "ui.js", "gift_result.js", "outcome.js", "gift_wrap.js"], async ({ call }, { fill, h }, { t, when }, { action, copy, countdown }, { claimList }, { outcomeOf }, { seal, wrapped }) => {
function notice(kind, title, text, ...actions) {
  return h(
    "article",
    { class: `end ${kind}` },
    h("h1", {}, title),
    text && h("p", {}, text),
    actions,
  );
}

const home = () => h("a", { class: "button", href: "/" }, t("gift.to_app"));

function scheduled(view, timeIsUp) {
  return [
    emblem(),
    h(
      "article",
      { class: "end scheduled" },
      h("h1", {}, t("gift.scheduled")),
      h("p", {}, t("gift.opens_at", { time: when(view.opens_at) })),
      h("p", { class: "faint" }, countdown(view.opens_at, timeIsUp)),
    ),
  ];
}

function forOnePerson(view, enter) {
  return [
    backdrop(view, true),
    notice("for-one", t("gift.sent", { name: view.giver_name }), t("gift.for_one"), action(t("sign_in"), enter, { class: "main" }), home()),
  ];
}

function backdrop(view, bright = false) {
  if (!view.wrapping) return emblem();
  return h("div", { class: bright ? "spent bright" : "spent" }, wrapped(view, seal(), [], { heading: "p" }));
}

function emblem() {
  return h("img", { class: "emblem", src: "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 64 64%22%3E%3Crect x=%2210%22 y=%224%22 width=%2244%22 height=%2256%22 rx=%227%22 fill=%22%23b8141f%22/%3E%3Cpath d=%22M10 11q0-7 7-7h30q7 0 7 7v6Q44 30 32 30T10 17Z%22 fill=%22%23cf2029%22 stroke=%22%23f0c670%22 stroke-width=%222%22/%3E%3Ccircle cx=%2232%22 cy=%2230%22 r=%229%22 fill=%22%23f0c670%22/%3E%3Cpath d=%22M32 24l6 6-6 6-6-6Z%22 fill=%22%239c5a1a%22/%3E%3C/svg%3E", alt: "", width: 96, height: 96 });
}

function ended(view, secret, offer) {
  const name = view.giver_name;
  const title = t(`gift.end.${view.state}`, { name });
  const text = offer && view.state === "claimed" ? null : t(`gift.end.${view.state}.text`, { name });
  return [
    backdrop(view),
    notice(view.state, title, text, offer, view.state === "returned" && askAgain(view, secret), home()),
  ];
}

function signInOffer(enter) {
  return [h("p", {}, t("gift.opened_by_you")), action(t("sign_in"), enter, { class: "main" })];
}

function incomplete(view, enter, timeIsUp) {
  const name = view.giver_name;
  return [
    backdrop(view, true),
    h(
      "article",
      { class: "end" },
      h("h1", {}, t("gift.sent", { name })),
      h("p", {}, t("gift.no_secret", { name })),
      h("p", {}, countdown(view.expires_at, timeIsUp)),
      action(t("sign_in"), enter, { class: "main" }),
      home(),
    ),
  ];
}

function askAgain(view, secret) {
  const place = action(
    t("gift.ask_again"),
    async () => {
      await call("POST", `/gifts/${view.gift_id}/ask-again`, { body: { secret: secret() } });
      const text = t("gift.asked", { name: view.giver_name });
      fill(place, h("p", { class: "done", tabindex: -1 }, text));
      place.firstChild.focus();
    },
    { class: "main" },
  );
  return place;
}

function cannotOpen(code, view) {
  const name = view.giver_name;
  return [backdrop(view), notice("cannot-open", t(`gift.problem.${code}`), t(`gift.problem.${code}.text`, { name }), home())];
}

function notFound() {
  return [emblem(), notice("not-found", t("gift.not_found"), t("gift.not_found.text"), home())];
}

function ownGift(view, link, timeIsUp) {
  const open = view.state === "open";
  return [
    backdrop(view, open || view.state === "claimed"),
    h(
      "article",
      { class: "end own" },
      h("h1", {}, t("gift.own")),
      h("p", {}, t(`gift.own.${outcomeOf(view)}`, { time: view.opens_at && when(view.opens_at) })),
      open && h("p", {}, countdown(view.expires_at, timeIsUp)),
      h("p", { class: "faint" }, h("bdi", {}, view.product.title), " · ", h("bdi", {}, view.product.store_name)),
      open && link && shareButtons(link, view),
      (view.claims.length > 0 || (open && view.shares > 1)) && claimList(view),
      h("a", { class: "button main", href: `/#/gifts/${view.gift_id}` }, t("gift.own_details")),
    ),
  ];
}

function shareButtons(link, view) {
  const share = navigator.share
    ? action(t("gift.share"), () =>
        navigator.share({ title: t("gift.sent", { name: view.giver_name }), text: view.wrapping.blessing, url: link }).catch(() => {}),
      )
    : null;
  const copying = action(t("gift.copy_link"), async () => {
    if (await copy(link)) copying.querySelector("button").textContent = t("copied");
  });
  return h("div", { class: "sharing" }, share, copying);
}

function declining(view, declined) {
  const place = h("div", { class: "declining" });
  const ask = () => {
    const no = h("button", { type: "button", on: { click: reset } }, t("gift.decline_not"));
    const yes = action(t("gift.decline_yes"), async () => declined(await call("POST", `/gifts/${view.gift_id}/decline`)));
    fill(place, h("p", { role: "status" }, t("gift.decline_sure", { name: view.giver_name })), h("div", { class: "two" }, no, yes));
    no.focus();
  };
  const reset = () => fill(place, h("button", { type: "button", class: "quiet", on: { click: ask } }, t("gift.decline")));
  reset();
  return place;
}
return { notice, scheduled, forOnePerson, emblem, ended, signInOffer, incomplete, cannotOpen, notFound, ownGift, declining };
});
handsel.define("gift.js", ["api.js", "dom.js", "i18n.js", "session.js", "firsts.js", "gift_link.js", "ui.js", "gift_ends.js", "gift_result.js", "gift_wrap.js"], async ({ call, Problem, SignedOut }, { announce, fill, h }, { choose, language, t }, { currentUser, signOut }, { isKnown, remember }, { findGiftId, findSecret }, { action, problem, signIn, warnIfNotStored }, { cannotOpen, declining, emblem, ended, forOnePerson, incomplete, notFound, notice, ownGift, scheduled, signInOffer }, { result }, { cover, inReturn, safetyTitle, seal, terms, unwrap, wrapped }) => {
const REFRESH_MS = 30_000;
const TILL_REFRESH_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
const STATES = { expired: "returned", cancelled: "cancelled", declined: "declined", "already-claimed": "claimed" };

const id = findGiftId(location);
const main = document.getElementById("main");
const secret = () => findSecret(location, id);
const shareLink = () => secret() && `${location.origin}/g/${id}#${secret()}`;

let view = JSON.parse(document.body.dataset.gift ?? "null");
let claiming = false;
let typing = false;
let actions = 0;
let checkingTime = false;
let footerUser;

async function readGift() {
  try {
    return await call("GET", `/gifts/${id}`);
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    return call("GET", `/gifts/${id}/preview`, { anonymous: true });
  }
}

async function start() {
  if (view && !currentUser()) return draw();
  try {
    view = await readGift();
    draw();
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return show(notFound());
    const retry = setTimeout(start, REFRESH_MS / 6);
    const now = () => {
      clearTimeout(retry);
      return start();
    };
    show([emblem(), notice("waiting", t("gift.waiting"), null, problem(error), action(t("try_again"), now))]);
  }
}

const isRecipient = () => Boolean(view.giver_id && !view.holding);

async function enter() {
  if (await signIn("see")) await start();
}

function noteSeen() {
  if (view?.state !== "open" || view.order_id || view.holding || !currentUser() || !(secret() || isRecipient()) || isKnown("opened", id)) return;
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    if (isKnown("opened", id)) return;
    remember("opened", id);
    call("POST", `/gifts/${id}/opened`, { body: { secret: secret() }, as: "none" }).catch(() => {});
  });
  const seen = main.querySelector(".wrap, .crest");
  if (seen) observer.observe(seen);
}

function draw({ focus = false } = {}) {
  typing = false;
  if (view.order_id) show(ownGift(view, shareLink(), timeIsUp), { focus });
  else if (view.holding) {
    if (secret()) history.replaceState(history.state, "", `/g/${id}`);
    show(result(view, view.holding), { focus });
    celebrateArrival(view.holding);
  } else if (view.state === "scheduled") show(scheduled(view, timeIsUp), { focus });
  else if (!view.state) show(currentUser() ? cannotOpen("not-the-recipient", view) : forOnePerson(view, enter), { focus });
  else if (view.state === "open" && !secret() && !currentUser()) show(incomplete(view, enter, timeIsUp), { focus });
  else if (view.state === "open") show(openable(), { focus });
  else show(ended(view, secret, !currentUser() && view.remaining < view.shares && signInOffer(enter)), { focus });
}

function celebrateArrival({ holding_id: holdingId, kind, product }) {
  if (kind !== "parcel" || !product || isKnown("arrived", holdingId)) return;
  remember("arrived", holdingId);
  announce(t("gift.parcel_arrived"));
  unwrap(wrapped(view, seal(), [], { heading: "p" }));
}

function show(content, { focus = false } = {}) {
  document.body.dataset.theme = view?.wrapping?.theme ?? "";
  const focused = document.activeElement;
  fill(main, content);
  if (main.contains(focused)) focused.focus({ preventScroll: true });
  noteSeen();
  drawFooter();
  const heading = main.querySelector("h1");
  document.title = heading.textContent;
  if (!focus) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

function openable() {
  const perform = view.presentation === "parcel" ? askAddress : claim;
  const open = action(t("gift.open"), perform, { class: "seal", "aria-label": t("gift.open_it") }, "open");
  return [
    wrapped(view, open, [
      view.title && h("p", {}, h("bdi", {}, view.title), " · ", h("bdi", {}, view.store_name)),
      terms(view, timeIsUp),
      !currentUser() && h("p", { class: "next" }, t("gift.sign_in_next")),
    ]),
    inReturn(view),
    isRecipient() &&
      declining(view, (answer) => {
        actions += 1;
        view = answer;
        draw({ focus: true });
      }),
    action(safetyTitle(view), ask, { class: "link" }, "report"),
  ];
}

async function ask() {
  if (!currentUser()) throw new SignedOut();
  const { askWhatIsWrong } = await handsel.load("gift_safety.js");
  await askWhatIsWrong(view, { secret: secret() });
}

async function askAddress() {
  try {
    return await claim();
  } catch (error) {
    if (error.code !== "address-required") throw error;
  }
  const { addressForm } = await handsel.load("gift_address.js");
  const back = h("button", { type: "button", class: "link", on: { click: () => draw({ focus: true }) } }, t("gift.back"));
  show(
    [
      h("header", { class: "crest parcel" }, cover(view), h("p", { class: "from" }, t("gift.from", { name: view.giver_name }))),
      h(
        "article",
        { class: "ticket" },
        h("h1", {}, t("gift.where_to")),
        h("p", { class: "faint" }, t("gift.where_to_why", { name: view.giver_name })),
        addressForm(t("gift.open_parcel"), claim),
        terms(view, timeIsUp),
        back,
      ),
    ],
    { focus: true },
  );
  typing = true;
}

async function claim(address) {
  claiming = true;
  actions += 1;
  try {
    const holding = await call("POST", `/gifts/${id}/claims`, { body: { secret: secret(), address } });
    view = { ...view, holding };
    actions += 1;
    opened();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (STATES[error.code]) {
      view = { ...view, state: STATES[error.code], ...(error.code === "already-claimed" && { remaining: 0 }) };
      draw({ focus: true });
    } else if (error.code === "own-gift" || error.code === "not-yet") {
      view = await readGift();
      draw({ focus: true });
    } else if (error.code === "wrong-secret" || error.code === "not-the-recipient") {
      show(cannotOpen(error.code, view), { focus: true });
    } else throw error;
  } finally {
    claiming = false;
  }
}

function opened() {
  const wrapping = main.querySelector(".wrap") ?? wrapped(view, seal());
  draw({ focus: true });
  unwrap(wrapping);
  if (view.shares > 1) refresh();
}

async function refresh() {
  const before = actions;
  const found = await readGift().catch(() => view);
  if (claiming || before !== actions || JSON.stringify(found) === JSON.stringify(view)) return;
  const hasEnded = view.state === "open" && found.state !== "open" && !found.holding;
  const hasBegun = view.state === "scheduled" && found.state === "open";
  const isTyping = typing && found.state === "open" && !found.holding;
  if (view.holding && found.holding && main.contains(document.activeElement?.closest("form"))) return;
  view = found;
  if (isTyping) return;
  draw({ focus: hasEnded && main.contains(document.activeElement) });
  if (hasEnded || hasBegun) announce(main.querySelector("h1").textContent);
}

async function timeIsUp() {
  if (checkingTime) return;
  checkingTime = true;
  const { state } = view;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    await refresh();
    if (view.state !== state || view.holding) break;
    main.querySelector(".countdown")?.replaceChildren(state === "open" ? t("gift.still_open") : t("gift.almost"));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  checkingTime = false;
}

function drawFooter() {
  const me = currentUser();
  if (footerUser === (me?.sub ?? null)) return;
  footerUser = me?.sub ?? null;
  const leave = async ({ currentTarget }) => {
    currentTarget.setAttribute("aria-busy", "true");
    await signOut();
    location.reload();
  };
  const other = language === "zh" ? "en" : "zh";
  document.querySelector("footer")?.remove();
  document.body.append(
    h(
      "footer",
      {},
      h("button", { type: "button", class: "link", lang: t("gift.other_language_tag"), on: { click: () => choose(other) } }, t("gift.other_language")),
      me && signedInAs(me),
      me && h("button", { type: "button", class: "link", on: { click: leave } }, t("sign_out")),
    ),
  );
}

function signedInAs(me) {
  const shown = h("span", {}, t("gift.signed_in_as", { name: me.name ?? "" }));
  call("GET", "/me").then(
    ({ display_name: name }) => fill(shown, t("gift.signed_in_as", { name })),
    () => {},
  );
  return shown;
}

function refreshIfVisible(isOften) {
  if (document.visibilityState === "visible" && view && (view.holding?.state === "usable") === isOften) refresh();
}

warnIfNotStored();
if (location.pathname.startsWith("/g/")) {
  addEventListener("hashchange", () => location.reload());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && view && refresh());
  setInterval(() => refreshIfVisible(false), REFRESH_MS);
  setInterval(() => refreshIfVisible(true), TILL_REFRESH_MS);
  start();
}
return {};
});
