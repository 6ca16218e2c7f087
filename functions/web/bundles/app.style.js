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
handsel.style(`
:root, [data-theme="red"] { --envelope: #c41c26; --envelope-shade: #8d0a13; --edge: #f0c670; --text: #fff4dc; --seal: #f3cf7d; --seal-light: #fff3c9; --seal-shade: #d9a243; --seal-text: #6b2b05; --background: #ffeccf; --background-dark: #3b1714; }
[data-theme="blue"] { --envelope: #2563ae; --envelope-shade: #123a7a; --edge: #e6cf9a; --text: #fff4dc; --seal: #f3d694; --seal-light: #fff6d9; --seal-shade: #d3a656; --seal-text: #1b3562; --background: #dcebfa; --background-dark: #14243f; }
[data-theme="kraft"] { --envelope: #dcb683; --envelope-shade: #b9884d; --edge: #b3864e; --text: #3a2417; --seal: #b8141f; --seal-light: #e2545a; --seal-shade: #8f0b15; --seal-text: #fff6e6; --background: #ffeccf; --background-dark: #3b1714; }
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbf6ee, #171110);
  --surface: light-dark(#ffffff, #231b19);
  --sunken: light-dark(#f3eadd, #2e2421);
  --ink: light-dark(#2a1a16, #f5ebe2);
  --faint: light-dark(#6d5a52, #b9a79c);
  --line: light-dark(#e6d9c8, #41342f);
  --red: light-dark(#b8141f, #ff8078);
  --on-red: light-dark(#ffffff, #2a0a08);
  --main: light-dark(#b8141f, #c4222d);
  --on-main: #ffffff;
  --deep: #9c0f1a;
  --gold: #f0c670;
  --gold-ink: light-dark(#7a4d0c, #f0c670);
  --good: light-dark(#1d6b43, #7fd3a6);
  --warn: light-dark(#fdecea, #3d1b18);
  --radius: 14px;
  --shadow: 0 1px 2px rgb(60 20 10 / 8%), 0 8px 24px rgb(60 20 10 / 8%);
  --serif: "Songti SC", "Noto Serif CJK SC", "Source Han Serif SC", Georgia, serif;
}

:root, [data-theme] {
  --middle: color-mix(in srgb, var(--envelope), var(--envelope-shade));
  --flap: linear-gradient(var(--envelope), var(--middle));
  --pocket: linear-gradient(var(--middle), var(--envelope-shade));
  --dusk: color-mix(in srgb, var(--envelope-shade), black 60%);
  --shade: color-mix(in srgb, var(--dusk) 50%, transparent);
}

*, ::before, ::after { box-sizing: border-box; }

body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%;
}

main { max-width: 34rem; margin: 0 auto; padding: 0 16px 48px; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 1rem 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; }
a { color: var(--red); }
img { display: block; max-width: 100%; height: auto; }
ul, ol { padding: 0; margin: 0; list-style: none; }
.faint { color: var(--faint); font-size: .9rem; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

button, .button {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem;
  min-height: 44px; padding: .5rem 1.1rem;
  border: 1px solid var(--line); border-radius: 999px;
  background: var(--surface); color: var(--ink);
  font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
}
button.main, .button.main { background: var(--main); border-color: transparent; color: var(--on-main); width: 100%; }
button.quiet { background: none; border-color: transparent; padding: .5rem; }
button.link { background: none; border: 0; padding: .5rem 0; color: var(--red); text-decoration: underline; font-weight: 400; }
button:disabled, button[aria-busy] { cursor: default; opacity: .6; }
button[aria-busy]::before {
  content: ""; width: 1em; height: 1em; border: 2px solid; border-right-color: transparent; border-radius: 50%;
  animation: turn .8s linear infinite;
}
@keyframes turn { to { rotate: 1turn; } }
:focus-visible { outline: 3px solid var(--gold-ink); outline-offset: 2px; }

label { display: block; margin: .75rem 0; font-size: .9rem; color: var(--faint); }
input, select, textarea {
  display: block; width: 100%; min-height: 44px; margin-top: .25rem; padding: .5rem .75rem;
  border: 1px solid var(--faint); border-radius: 10px; background: var(--surface); color: var(--ink); font: inherit;
}
textarea { min-height: 5rem; resize: vertical; }

.not-stored { max-width: 34rem; margin: 8px auto; padding: .6rem 16px; font-size: .9rem; background: var(--sunken); }
.no-picture { background: var(--sunken); }
.not-giftable { color: var(--gold-ink); }

.stalled { margin: 2rem 0; text-align: center; visibility: hidden; animation: reveal 0s 8s forwards; }
.stalled.failed { visibility: visible; animation: none; }
@keyframes reveal { to { visibility: visible; } }
#progress { position: fixed; z-index: 3; inset: auto 0 0; margin: 0; padding: .6rem 16px calc(.6rem + env(safe-area-inset-bottom)); background: var(--sunken); text-align: center; font-size: .9rem; pointer-events: none; }
body:has(#progress) .stalled { animation: none; }

.address .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 0 12px; align-items: end; }
.address .field { grid-column: 1 / -1; }
.address :is(.city, .region, .postal_code) { grid-column: auto; }
.address label { margin: .5rem 0 0; }
.address button, .review button { margin-top: 18px; }
.review h2:focus { outline: none; }
.review address { font-style: normal; }
.review address span { display: block; }
.field-error { margin: .2rem 0 0; color: var(--red); font-size: .9rem; }

.card { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 1rem; margin: 1rem 0; box-shadow: var(--shadow); }
.problem { background: var(--warn); border-left: 4px solid var(--red); border-radius: 8px; padding: .6rem .9rem; margin: .75rem 0; }
.problem p { margin: 0; }
.problem .request-id { font-size: .8rem; overflow-wrap: anywhere; }
.problem :is(button, .button) { margin: .5rem .5rem 0 0; text-wrap: balance; }
.countdown { font-variant-numeric: tabular-nums; }

.panel { width: min(26rem, 100vw - 24px); max-height: 92dvh; padding: 0 20px 24px; border: 0; border-radius: 20px; background: var(--surface); color: var(--ink); }
.just-shown * { pointer-events: none; }
.panel::backdrop { background: rgb(30 8 6 / 55%); }
.panel header { display: flex; justify-content: space-between; align-items: center; position: sticky; top: 0; background: inherit; padding-top: 12px; }
.panel header h2 { margin: 0; }
.key .ways { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; }
.key code { font: 600 1.05rem/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; user-select: all; }
.panel .ways { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.demo-users { background: var(--sunken); border-radius: var(--radius); padding: .5rem 1rem 1rem; margin-top: .75rem; }
.demo-users .person { margin: 0 .5rem .5rem 0; }

@media (max-width: 480px) {
  .panel { width: 100vw; max-width: none; margin: auto 0 0; border-radius: 20px 20px 0 0; }
}
@media print {
  button, .button, nav, footer, form, dialog, .skip, .frame, .purchase, .not-stored, .notice, .declining, .chips { display: none !important; }
  body, .gift-page { background: none; }
  main { max-width: none; padding: 0; }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition-duration: .01ms !important; }
}

.skip { position: absolute; left: 8px; top: -80px; z-index: 3; padding: .6rem 1rem; border-radius: 0 0 10px 10px; background: var(--surface); }
.skip:focus { top: 0; }
.view > h1:focus { outline: none; }
html { scroll-padding: 64px 0 80px; }
body.app main { padding-bottom: calc(96px + env(safe-area-inset-bottom)); }

.frame { max-width: 60rem; margin: 0 auto; padding: 10px 16px 0; display: flex; align-items: center; }
.brand { display: inline-flex; align-items: center; gap: .5rem; min-height: 44px; color: var(--ink); font: 700 1.25rem var(--serif); text-decoration: none; }
.brand::before { content: ""; width: 1.5rem; height: 1.5rem; background: url("data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 64 64%22%3E%3Crect x=%2210%22 y=%224%22 width=%2244%22 height=%2256%22 rx=%227%22 fill=%22%23b8141f%22/%3E%3Cpath d=%22M10 11q0-7 7-7h30q7 0 7 7v6Q44 30 32 30T10 17Z%22 fill=%22%23cf2029%22 stroke=%22%23f0c670%22 stroke-width=%222%22/%3E%3Ccircle cx=%2232%22 cy=%2230%22 r=%229%22 fill=%22%23f0c670%22/%3E%3Cpath d=%22M32 24l6 6-6 6-6-6Z%22 fill=%22%239c5a1a%22/%3E%3C/svg%3E") center / contain no-repeat; }

.parts { position: fixed; inset: auto 0 0; z-index: 2; display: flex; padding-bottom: env(safe-area-inset-bottom); background: var(--surface); border-top: 1px solid var(--line); }
.part { position: relative; flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 2px; min-height: 58px; color: var(--faint); font-size: .75rem; text-decoration: none; }
.part:focus-visible { outline-offset: -3px; }
.part[aria-current] { color: var(--red); font-weight: 700; }
.part::before { content: ""; width: 24px; height: 24px; background: currentcolor; mask: var(--icon) center / contain no-repeat; forced-color-adjust: none; }
:root { --gift: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2' stroke-linejoin='round' stroke-linecap='round'%3E%3Cpath d='M4 12v8h16v-8M3 8h18v4H3ZM12 8v12M12 8S7 8 7 5.500 10 3 12 8s5-5 5-2.500S12 8 12 8'/%3E%3C/svg%3E"); }
.part.shop { --icon: var(--gift); }
.part.orders { --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2' stroke-linejoin='round' stroke-linecap='round'%3E%3Cpath d='M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2ZM9 8h6M9 12h6'/%3E%3C/svg%3E"); }
.part.inbox { --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2' stroke-linejoin='round' stroke-linecap='round'%3E%3Crect x='3' y='5' width='18' height='14' rx='2'/%3E%3Cpath d='m4 7 8 6 8-6'/%3E%3C/svg%3E"); }
.part.me { --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2' stroke-linejoin='round' stroke-linecap='round'%3E%3Ccircle cx='12' cy='8' r='4'/%3E%3Cpath d='M4 21c0-4 3.500-6 8-6s8 2 8 6'/%3E%3C/svg%3E"); }
.pip { position: absolute; top: 4px; left: calc(50% + 6px); min-width: 20px; padding: 0 5px; border-radius: 999px; background: var(--red); color: var(--on-red); font-size: .75rem; font-weight: 700; line-height: 20px; text-align: center; }
.pip[hidden] { display: none; }

.leaving { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .25rem 1rem; max-width: 34rem; margin: 8px auto 0; padding: .5rem 16px; background: var(--warn); border-left: 4px solid var(--red); }
.leaving p { flex: 1 1 14rem; margin: 0; }

.skeleton { height: 60vh; margin: 16px 0; border-radius: var(--radius); background: linear-gradient(100deg, var(--sunken) 40%, var(--surface) 50%, var(--sunken) 60%) 0 0 / 300% 100%; animation: shimmer 1.4s linear infinite; opacity: 0; animation: shimmer 1.4s linear infinite, appear .2s .25s forwards; }
@keyframes shimmer { from { background-position: 100% 0; } to { background-position: -50% 0; } }
@keyframes appear { to { opacity: 1; } }

@media (min-width: 720px) {
  body.app main { max-width: 44rem; padding-bottom: 64px; }
  .frame { justify-content: space-between; max-width: 44rem; }
  .leaving { max-width: calc(44rem - 32px); border-radius: 8px; }
  .parts { position: static; border: 0; background: none; gap: .25rem; padding: 0; }
  .part { flex: none; white-space: nowrap; flex-direction: row; gap: .4rem; min-height: 44px; padding: 0 .75rem; border-radius: 999px; font-size: .95rem; }
  .part:hover { background: var(--sunken); }
  .part::before { width: 20px; height: 20px; }
  .pip { position: static; }
}

.without-gifting .gifting, .without-order_center .part.orders { display: none; }

.hero { position: relative; margin: 8px 0 16px; padding: 20px; border-radius: 20px; background: radial-gradient(circle at 85% -10%, #cf3a2c, transparent 60%), var(--deep); color: #fff4e2; }
.hero p, .hero h1 { margin: 0 0 .4rem; }
.hero h1 { font: 700 1.9rem/1.2 var(--serif); color: var(--gold); }
.hero .lead { font: 700 1.25rem/1.3 var(--serif); color: var(--gold); }
.hero.welcome { padding: 32px 24px; text-align: center; }
.hero .how { display: grid; gap: .75rem; margin: 1.25rem 0 1.5rem; text-align: left; counter-reset: how; }
.hero .how li { display: grid; grid-template-columns: 2rem 1fr; align-items: center; gap: .75rem; counter-increment: how; }
.hero .how li::before { content: counter(how); display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 50%; background: var(--gold); color: #5b1a06; font-weight: 700; }
.hero button.main { background: var(--gold); color: #5b1a06; }
.other-language { text-align: center; }

.chips { display: flex; flex-wrap: wrap; gap: .5rem; }
.chip { display: inline-flex; align-items: center; min-height: 44px; padding: .3rem 1rem; border: 1px solid var(--line); border-radius: 999px; background: var(--surface); color: var(--ink); text-decoration: none; }
.chip:hover { border-color: var(--faint); }

.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(148px, 100%), 1fr)); gap: 12px; }
.tiles li { display: grid; }
.tile { display: flex; flex-direction: column; gap: .25rem; padding-bottom: .75rem; overflow: hidden; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); color: var(--ink); text-decoration: none; box-shadow: var(--shadow); }
.tile > :not(.photo) { padding: 0 .75rem; }
.tile strong { line-height: 1.3; margin-top: .35rem; }
.tile .reason { font-size: .8rem; line-height: 1.35; color: var(--faint); }
.tile .price { margin-top: auto; padding-top: .25rem; }
.tile .not-giftable { font-size: .8rem; line-height: 1.35; }
.photo { display: block; aspect-ratio: 1; background: var(--sunken); }
.photo img { width: 100%; height: 100%; object-fit: cover; }
.tiles.strip { grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: 128px; overflow-x: auto; margin: 0 -16px; padding: 4px 16px 12px; scrollbar-width: thin; }
.price b { color: var(--red); font-size: 1.1rem; font-variant-numeric: tabular-nums; }
.price s { margin-left: .4rem; color: var(--faint); font-size: .85rem; }
.price b, .price s { white-space: nowrap; }
.hero .main + p { margin-top: .75rem; font-size: .9rem; }

.product .photo { margin: 8px -16px 0; max-height: 60vh; overflow: hidden; }
.product h1 { margin: .1rem 0; }
.product .store { display: inline-flex; align-items: center; min-height: 44px; color: var(--faint); font-size: .9rem; text-decoration: none; }
.product .store::after { content: "›"; margin-left: .4rem; }
.product .large .price b { font-size: 1.6rem; }
.product .large .price s { font-size: 1rem; }
.few { color: var(--red); font-weight: 600; }
.product-facts { display: grid; gap: .6rem; margin: 1rem 0; padding: 1rem; border-radius: var(--radius); background: var(--sunken); }
.product-facts > div { display: grid; grid-template-columns: 5.5rem 1fr; gap: .75rem; }
.product-facts dt { color: var(--faint); font-size: .9rem; }
.product-facts dd { margin: 0; }
.tag[aria-pressed="true"] { border-color: var(--gold-ink); color: var(--gold-ink); }

.purchase { position: sticky; bottom: calc(58px + env(safe-area-inset-bottom)); z-index: 1; display: flex; align-items: center; gap: .75rem; margin: 1rem -16px 0; padding: .75rem 16px; background: var(--paper); border-top: 1px solid var(--line); }
.purchase > :last-child { flex: 1; }
.purchase .sum { font-variant-numeric: tabular-nums; }
.stepper { display: flex; align-items: center; justify-content: space-between; gap: .75rem; margin: .75rem 0; }
.purchase .stepper { margin: 0; }
.purchase .stepper-label { display: none; }
.stepper-box { display: inline-flex; align-items: center; border: 1px solid var(--faint); border-radius: 999px; background: var(--surface); }
.stepper button { width: 44px; padding: 0; border: 0; background: none; font-size: 1.3rem; }
.stepper button[aria-disabled="true"] { color: var(--faint); opacity: .6; cursor: default; }
.stepper input { width: 2.6rem; margin: 0; padding: 0; border: 0; background: none; text-align: center; font-weight: 600; appearance: textfield; }
.stepper input::-webkit-inner-spin-button { appearance: none; }

.bill { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.bill b { font-size: 1.3rem; color: var(--red); white-space: nowrap; }

.radios { min-width: 0; margin: 1rem 0; padding: 0; border: 0; }
.radios legend { padding: 0; margin-bottom: .5rem; font-weight: 700; }
.options { display: grid; gap: .5rem; }
.option { position: relative; display: flex; align-items: center; gap: .6rem; min-height: 48px; margin: 0; padding: .5rem .9rem; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); color: var(--ink); font-size: 1rem; cursor: pointer; }
.option small { display: block; color: var(--faint); font-size: .8rem; line-height: 1.3; }
.option input { flex: none; width: 20px; height: 20px; min-height: 0; margin: 0; accent-color: var(--red); }
.option:has(:checked) { border-color: var(--red); box-shadow: inset 0 0 0 1px var(--red); }
.option:has(:disabled) { opacity: .65; cursor: default; }
.option:has(:focus-visible) { outline: 3px solid var(--gold-ink); outline-offset: 2px; }
.covers .options { grid-auto-flow: column; grid-auto-columns: 46%; overflow-x: auto; margin: 0 -16px; padding: 4px 16px 10px; scroll-snap-type: x proximity; scroll-padding: 16px; }
.covers .option { flex-direction: column; align-items: stretch; gap: 0; padding: 0; overflow: hidden; scroll-snap-align: start; text-align: center; font-size: .9rem; }
.covers .option input, .pills .option input { position: absolute; opacity: 0; }
.covers .option span { padding: .4rem; }
.pills .options { display: flex; flex-wrap: wrap; }
.pills .option { min-height: 44px; padding: .3rem .9rem; border-radius: 999px; font-size: .95rem; line-height: 1.25; }
.pills.strip .options { display: grid; grid-template-rows: repeat(3, auto); grid-auto-flow: column; justify-content: start; overflow-x: auto; margin: 0 -16px; padding: 4px 16px 10px; scroll-padding: 16px; }
.pills.strip .option { white-space: nowrap; }
.pills .option:has(:checked) { background: var(--sunken); color: var(--red); font-weight: 600; }
.option[data-theme]::before { content: ""; width: 18px; height: 24px; border-radius: 4px; border: 1px solid var(--edge); background: radial-gradient(circle, var(--seal) 4px, transparent 4.5px), var(--pocket); }
.pills .option small { display: inline; margin-left: .35rem; }

.result { padding: 1rem 0 .5rem; text-align: center; }
.result h1 { margin: .5rem 0 .25rem; }
.result p { margin: .1rem 0; }
.result .mark { display: inline-grid; place-items: center; width: 64px; height: 64px; border-radius: 50%; background: var(--sunken); color: var(--faint); font-size: 2rem; font-weight: 700; }
.result.paid .mark { background: var(--good); color: var(--surface); }
.result.declined .mark { color: var(--red); }
.button.give { min-height: 56px; margin: .75rem 0 1rem; font-size: 1.15rem; }
.button.give::before { content: ""; width: 1.4em; height: 1.4em; background: currentcolor; mask: var(--gift) center / contain no-repeat; }
.bought { display: flex; align-items: center; gap: .9rem; padding: .75rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); color: var(--ink); text-decoration: none; }
.bought .photo { flex: none; width: 72px; border-radius: 10px; overflow: hidden; }
.bought strong, .bought .faint { display: block; }
.places { display: grid; grid-template-columns: repeat(auto-fit, minmax(72px, 1fr)); gap: .5rem; margin: 1rem 0; text-align: center; }
.places > div { display: flex; flex-direction: column-reverse; padding: .5rem .25rem; border-radius: 12px; background: var(--sunken); }
.places dt { color: var(--faint); font-size: .8rem; }
.places dd { margin: 0; font-size: 1.25rem; font-weight: 700; font-variant-numeric: tabular-nums; }
.more-ways { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; }
.more-ways > * { flex: 1; white-space: nowrap; }
.more-ways .action > button { width: 100%; }
.rows { display: grid; gap: .5rem; }
.rows li > a, .rows li:not(:has(> a)) { display: flex; align-items: center; justify-content: space-between; gap: .9rem; min-height: 48px; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); color: var(--ink); text-decoration: none; }
.rows li:has(.ask) { flex-wrap: wrap; gap: 0 .9rem; }
.rows .action { flex: none; }
.rows .ask { flex-basis: 100%; }
.rows .ask > .main { margin-top: .5rem; }
.rows .ask a { display: inline-flex; align-items: center; min-height: 44px; }
.rows a > span { flex: 1; display: grid; }
.rows img { width: 96px; border-radius: 8px; }
.rows q, .preview .blessing, .given-cover .blessing { font-family: var(--serif); }

.preview { position: relative; margin: 1rem 0; overflow: hidden; border-radius: 18px; background: var(--pocket); color: var(--text); box-shadow: var(--shadow); }
.preview img, .given-cover img { width: 100%; }
.preview figcaption { padding: 1.75rem 1.25rem 1.25rem; text-align: center; }
.preview p { margin: 0; }
.preview .from { font-size: .85rem; }
.preview .blessing { min-height: 1.6em; font-size: 1.2rem; line-height: 1.35; }
.own textarea { font-size: 1rem; }
.own[hidden], .to[hidden] { display: none; }
.counter { margin: -.25rem 0 0; text-align: right; font-size: .85rem; color: var(--faint); }
.counter.over, .wrong { color: var(--red); font-weight: 600; }
.wrong:empty { display: none; }
.find { display: flex; align-items: end; gap: .5rem; }
.find label { flex: 1; margin: 0; }
.find + .wrong { margin-top: .6rem; }
.ending { margin: 1rem 0; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
.ending summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .75rem; min-height: 48px; padding: .75rem 2.5rem .75rem 1rem; position: relative; cursor: pointer; list-style: none; border-radius: var(--radius); }
.ending summary::-webkit-details-marker { display: none; }
.ending summary::after { content: ""; position: absolute; right: 1.1rem; top: 50%; width: .5rem; height: .5rem; border: solid var(--faint); border-width: 0 2px 2px 0; transform: translateY(-70%) rotate(45deg); }
.ending[open] summary::after { transform: translateY(-30%) rotate(225deg); }
.ending summary span { flex: 1 1 12rem; color: var(--faint); font-size: .9rem; }
.ending summary b { font-weight: 600; }
.ending > div { padding: 0 .75rem .75rem; }
.ending .ends { margin: 0; }
.ends legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.ends + .to { margin: .9rem 0 1rem; }
.at-end { display: flex; align-items: center; justify-content: space-between; gap: .75rem; padding-block: .5rem; }
.at-end p { flex: 1; margin: 0; }
.given-cover { margin: 1rem 0; overflow: hidden; border: 1px solid var(--line); border-radius: 18px; background: var(--surface); box-shadow: var(--shadow); text-align: center; }
.given-cover .blessing { padding: .9rem 1rem; font-size: 1.15rem; }
.what, .until { text-align: center; }
.share { display: grid; gap: .75rem; }
.share p, .share input { margin: 0; }
.share button { width: 100%; }
.channels { display: flex; flex-wrap: wrap; gap: .5rem; }
.share .channels > * { flex: 1 0 auto; width: auto; max-width: 100%; padding-inline: .6rem; font-size: .95rem; text-align: center; }
canvas.qr { display: block; width: min(100%, 20rem); height: auto; margin: .75rem auto; border-radius: 12px; image-rendering: pixelated; }
.scheduled, .inbox, .seen { text-align: center; }
.more-ways .done { margin: 0; padding: .6rem; color: var(--good); font-weight: 600; text-align: center; }
.scheduled strong { display: block; }
.rows .thanks q { font-family: var(--serif); }
.draft { display: flex; flex-wrap: wrap; align-items: center; gap: 0 .75rem; margin: 0; color: var(--faint); }
.send-at[hidden] { display: none; }
.send-at .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9rem, 100%), 1fr)); gap: 0 .75rem; }
.send-at label { margin: 0; }
.send-at [role="status"] > * { display: block; }
.to, .panel .find { margin-bottom: 1rem; }
@media (min-width: 720px) {
  .purchase { bottom: 0; margin: 1rem 0 0; padding: .75rem 0; }
  .product { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
  .product .photo { margin: 8px 0 0; border-radius: var(--radius); align-self: start; }
  .rows-of-three .options { grid-template-columns: repeat(3, 1fr); }
  .covers .options { grid-auto-columns: 31%; }
  .preview, .given-cover { max-width: 26rem; margin-inline: auto; }
}

header.section { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin-top: 1.5rem; }
header.section h1, header.section h2 { margin: 0; }
header.section a { display: inline-flex; align-items: center; min-height: 44px; font-size: .9rem; }
header.section .action { flex: none; text-align: right; }

.tabs, .choices { display: flex; gap: .25rem; overflow-x: auto; margin: 0 -16px; padding: 4px 16px; scrollbar-width: none; overscroll-behavior-x: contain; }
@media (hover: hover) and (pointer: fine) {
  .tabs, .choices { flex-wrap: wrap; }
}
.tabs { position: sticky; top: 0; z-index: 1; background: var(--paper); border-bottom: 1px solid var(--line); }
.tabs a, .choices a { flex: none; display: inline-flex; align-items: center; min-height: 44px; padding: 0 .7rem; color: var(--faint); text-decoration: none; white-space: nowrap; }
.tabs a[aria-current] { color: var(--ink); font-weight: 700; box-shadow: inset 0 -3px var(--red); }
.choices { gap: .5rem; margin-top: .5rem; }
.choices a { min-height: 40px; border: 1px solid var(--line); border-radius: 999px; background: var(--surface); font-size: .9rem; }
.choices a[aria-current] { border-color: var(--red); color: var(--red); font-weight: 600; }

.counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 2px; margin: 1rem 0; padding: .5rem; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); }
.count { display: flex; flex-direction: column; align-items: center; justify-content: center; gap: .1rem; min-height: 68px; padding: .4rem .1rem; border-radius: 10px; color: var(--ink); text-align: center; text-decoration: none; }
.count b { font-size: 1.35rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--red); }
.count span { font-size: .78rem; line-height: 1.25; color: var(--faint); }
.count.none b { color: var(--faint); font-weight: 400; }
.count:hover { background: var(--sunken); }

.entries { display: grid; gap: .6rem; margin: .6rem 0; }
.entry > a, .message { display: flex; gap: .8rem; padding: .75rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); color: var(--ink); text-decoration: none; }
.entry > a:hover, .message:hover { border-color: var(--faint); }
.picture { flex: none; display: grid; place-items: center; font: 700 2rem var(--serif); color: var(--faint); width: 72px; height: 72px; border-radius: 10px; overflow: hidden; background: var(--sunken); }
.picture.wide { width: 104px; height: auto; aspect-ratio: 1200 / 630; align-self: flex-start; }
.picture img { width: 100%; height: 100%; object-fit: cover; }
.entry .about { display: flex; flex-wrap: wrap; align-content: flex-start; align-items: baseline; justify-content: space-between; gap: .15rem .6rem; flex: 1; min-width: 0; }
.entry strong { line-height: 1.3; }
.entry .line { flex-basis: 100%; font-size: .85rem; color: var(--faint); }
.badge { padding: .1rem .5rem; border-radius: 999px; background: var(--sunken); color: var(--faint); font-size: .78rem; font-weight: 600; white-space: nowrap; }
.badge.good { color: var(--good); }
.badge.waiting { color: var(--gold-ink); }
.badge.price { background: none; padding: 0; color: var(--red); font-size: 1rem; font-variant-numeric: tabular-nums; }
q { quotes: none; font-family: var(--serif); }
.list > .action { text-align: center; margin: 1rem 0; }
.nothing { display: grid; justify-items: center; gap: .75rem; margin: 2.5rem auto; max-width: 24rem; text-align: center; color: var(--faint); }

.message { position: relative; align-items: flex-start; }
.message .about { display: grid; gap: .15rem; flex: 1; min-width: 0; }
.message.unread { border-left: 4px solid var(--red); }
.message.unread .text { font-weight: 600; }
.message .new { margin-right: .25rem; padding: .05rem .45rem; border-radius: 999px; background: var(--red); color: var(--on-red); font-size: .75rem; }
.message .mark { flex: none; display: grid; place-items: center; width: 44px; height: 44px; border-radius: 50%; background: var(--sunken); color: var(--gold-ink); font-size: 1.2rem; font-weight: 700; }
.messages { display: grid; gap: .6rem; }

.facts { margin: 1rem 0 0; display: grid; gap: .75rem; }
.facts > div { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; }
.facts dt { color: var(--faint); font-size: .9rem; }
.facts dd { margin: 0; }
.facts address { font-style: normal; }
.facts address span { display: block; }
button.copy { min-height: 44px; padding: .25rem .9rem; font-size: .9rem; }

.ticket { margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: 18px; background: var(--surface); box-shadow: var(--shadow); }
.ticket header, .content { display: grid; grid-template-columns: auto 1fr; gap: .25rem .9rem; align-items: center; }
.ticket header img, .content img, .content .secret { width: 84px; height: 84px; border-radius: 12px; object-fit: cover; }
.ticket h1, .content h1 { margin: 0; font-size: 1.2rem; }
.ticket header .badge { grid-column: 2; justify-self: start; }
.ticket .stub { position: relative; display: grid; justify-items: center; gap: .75rem; margin: 1rem -1rem 0; padding: 1.25rem 1rem; border-block: 2px dashed var(--line); background: var(--sunken); text-align: center; }
.ticket .stub p { margin: 0; }
.ticket .stub::before, .ticket .stub::after { content: ""; position: absolute; top: -12px; width: 22px; height: 22px; border-radius: 50%; background: var(--paper); border: 1px solid var(--line); }
.ticket .stub::before { left: -12px; clip-path: inset(0 0 0 50%); }
.ticket .stub::after { right: -12px; clip-path: inset(0 50% 0 0); }
.qr { width: 180px; height: 180px; padding: 8px; border-radius: 12px; background: #fff; }
.code { font: 700 1.3rem/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; letter-spacing: .06em; }
.ticket.over .code { text-decoration: line-through; color: var(--faint); }
.ticket.over header img { filter: grayscale(1); }

.content .secret { display: grid; place-items: center; background: var(--deep); color: var(--gold); font: 700 2.4rem var(--serif); }
.content p { margin: .1rem 0; }
.shipment h2 { margin: 0 0 .75rem; font-size: 1.3rem; }
.shipment h2.mishap { color: var(--red); }
.timeline li { position: relative; display: grid; gap: .1rem; padding: 0 0 1.1rem 1.6rem; }
.timeline li::before { content: ""; position: absolute; left: 2px; top: .35rem; width: 12px; height: 12px; border-radius: 50%; background: var(--good); }
.timeline li:not(:last-child)::after { content: ""; position: absolute; left: 7px; top: 1.3rem; bottom: -.2rem; border-left: 2px solid var(--line); }
.timeline li[aria-current]::before { box-shadow: 0 0 0 4px color-mix(in srgb, var(--good) 25%, transparent); }
.story h2, .story .timeline { margin-top: 0; }
.story .timeline { margin-bottom: 0; }
.story li:last-child { padding-bottom: 0; }
.timeline .ahead { color: var(--faint); padding-bottom: .7rem; }
.timeline .ahead::before { background: none; border: 2px solid var(--faint); }

.refund { display: grid; gap: .75rem; }
.refund > *, .refund .facts { margin: 0; }
.refund .facts:empty, .refund .notice:empty { display: none; }
.refund button { justify-self: start; }

.given { text-align: center; }
.given img { border-radius: 12px; }
.given h2 { margin: .75rem 0 0; }
.given .blessing { font-family: var(--serif); font-size: 1.1rem; margin-bottom: 1rem; }
.given .see { display: inline-flex; align-items: center; min-height: 44px; }

.mine { padding: .25rem 1rem; }
.mine a { display: flex; align-items: center; justify-content: space-between; min-height: 48px; color: var(--ink); text-decoration: none; font-weight: 600; }
.mine a + a { border-top: 1px solid var(--line); }
.mine a::after { content: ""; width: .5rem; height: .5rem; border: solid var(--faint); border-width: 2px 2px 0 0; transform: rotate(45deg); }
.profile { border-radius: var(--radius); }
.profile label { margin-top: 0; font-size: 1rem; font-weight: 600; color: var(--ink); }
.profile input { font-weight: 400; }
.profile .saved { color: var(--good); font-weight: 600; }
.profile legend { float: left; width: 100%; padding: 0; font-weight: 600; margin-bottom: .6rem; }
.switch { display: flex; align-items: center; justify-content: space-between; gap: 1rem; min-height: 44px; }
.switch input {
  appearance: none; flex: none; position: relative; width: 52px; min-height: 0; height: 30px; margin: 0; padding: 0;
  border: 2px solid var(--faint); border-radius: 999px; background: var(--sunken); cursor: pointer;
}
.switch input::before { content: ""; position: absolute; top: 4px; left: 4px; width: 18px; height: 18px; border-radius: 50%; background: var(--faint); transition: translate .15s; }
.switch input:checked { background: var(--good); border-color: var(--good); }
.switch input:checked::before { background: var(--surface); translate: 22px; }
.languages { display: flex; gap: .5rem; clear: both; }
.languages [aria-pressed="true"] { border-color: var(--red); color: var(--red); }
.out { width: 100%; margin-top: .5rem; }

.points { margin: .25rem 0 1rem; padding-left: 1.1rem; list-style: disc; }
.panel h3 { margin: 1rem 0 0; font-size: 1rem; }
.sure { display: flex; align-items: flex-start; gap: .6rem; color: var(--ink); font-size: 1rem; }
.sure input { flex: none; width: 22px; height: 22px; min-height: 0; margin: .1rem 0 0; accent-color: var(--red); }

.goods .options { gap: .6rem; }
.goods .option { padding: .6rem .9rem .6rem .6rem; }
.goods .option input { order: 1; margin-left: auto; }
.goods .option img { flex: none; width: 60px; height: 60px; border-radius: 10px; object-fit: cover; }
.goods .option span { line-height: 1.3; font-weight: 600; }
.goods .option small { margin-top: .1rem; font-size: .9rem; color: var(--red); }

.deletable { position: relative; }
.deletable .message { padding-inline-end: 2.8rem; }
.deletable .action { position: absolute; inset-block-start: 2px; inset-inline-end: 0; }
.deletable .action > button { min-width: 44px; color: var(--faint); }
.deletable .notice:not(:empty) { position: relative; }

.arrived { margin: 1rem 0 -.25rem; text-align: center; font-family: var(--serif); font-size: 1.3rem; }
.arriving { position: relative; overflow: hidden; }
.arriving::before, .arriving::after { content: ""; position: absolute; inset: 0; width: 50%; background: repeating-linear-gradient(90deg, transparent 0 14px, rgb(70 40 10 / 8%) 14px 16px), #c79a62; animation: flap-left .8s .5s ease-in both; transform-origin: left; }
.arriving::after { inset-inline-start: 50%; animation-name: flap-right; transform-origin: right; }
@keyframes flap-left { to { transform: perspective(600px) rotateY(-95deg); opacity: 0; visibility: hidden; } }
@keyframes flap-right { to { transform: perspective(600px) rotateY(95deg); opacity: 0; visibility: hidden; } }
@media (prefers-reduced-motion: reduce) { .arriving::before, .arriving::after { content: none; } }

.profile .radios { margin: 0; }
.profile .radios legend { float: none; font-weight: 600; }
.profile .radios .options { display: grid; gap: .5rem; }
.profile .option { padding-block: .6rem; font-weight: 400; }
`);
