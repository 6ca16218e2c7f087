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

.gift-page { min-height: 100dvh; display: flex; flex-direction: column; background: radial-gradient(120% 60% at 50% 0, light-dark(var(--background), var(--background-dark)), transparent) var(--paper); }
.gift-page main { position: relative; flex: 1; width: 100%; max-width: 27rem; padding: 20px 16px 32px; }
.gift-page h1:focus { outline: none; }
.blessing { font-family: var(--serif); text-wrap: balance; white-space: pre-line; }

.wrap {
  position: relative; display: flex; flex-direction: column; width: min(20.5rem, 100%); min-height: clamp(26rem, 78dvh, 37rem); margin: 0 auto; border-radius: 20px;
  background: var(--pocket); color: var(--text); text-align: center; perspective: 900px;
  box-shadow: 0 2px 4px color-mix(in srgb, var(--dusk) 25%, transparent), 0 18px 44px color-mix(in srgb, var(--dusk) 32%, transparent);
}
.wrap.parcel { border-radius: 10px; }
.flap { position: relative; flex: 1; display: flex; flex-direction: column; border-radius: 20px 20px 0 0; background: var(--flap); border-end-start-radius: 50% 40px; border-end-end-radius: 50% 40px; padding-bottom: 60px; border-bottom: 2px solid var(--edge); box-shadow: 0 8px 16px -6px var(--shade); transform-origin: top; }
.cover { margin: 0; overflow: hidden; }
.cover img { width: 100%; }
.wrap .cover { border-radius: 20px 20px 0 0; border-bottom: 2px solid var(--edge); }
.label { flex: 1; padding: 16px 24px 0; min-height: 8.2rem; display: flex; flex-direction: column; justify-content: center; }
.label .sent { margin: 0 0 .4rem; font-size: 1rem; font-weight: 500; color: inherit; }
.label .blessing { margin: 0; font-size: 1.55rem; line-height: 1.35; }
.closure { position: relative; z-index: 1; display: flex; flex-direction: column; align-items: center; margin-top: -46px; min-height: 92px; }
.closure .action { display: contents; }
.closure .notice:empty { display: none; }
.closure .notice { margin: 8px 20px 0; text-align: start; color: var(--ink); }
.pocket { min-height: 8rem; padding: 12px 20px 22px; display: flex; flex-direction: column; justify-content: center; gap: .25rem; }
.pocket p { margin: 0; }
.pocket .countdown { font-size: 1.05rem; letter-spacing: .02em; }
.pocket .left { display: inline-block; margin-top: .4rem; padding: .1rem .8rem; border: 1px solid currentcolor; border-radius: 999px; font-size: .9rem; }

.seal {
  display: grid; place-content: center; width: 92px; height: 92px; padding: 0; border: 0; border-radius: 50%;
  background: radial-gradient(circle at 35% 28%, var(--seal-light), var(--seal) 45%, var(--seal-shade) 80%);
  box-shadow: inset 0 0 0 3px color-mix(in srgb, var(--seal), var(--seal-shade)), inset 0 0 0 5px color-mix(in srgb, var(--seal-shade), black 10%), 0 4px 12px var(--shade);
  color: var(--seal-text); font: 700 1.5rem/1 var(--serif);
}
:lang(zh) .seal { font-size: 2.4rem; }
.parcel .seal { box-shadow: inset 0 0 0 4px var(--seal), inset 0 0 0 6px color-mix(in srgb, var(--seal-light), white 30%), 0 4px 12px var(--shade); }
button.seal { outline: 4px solid transparent; animation: glow 2.2s ease-in-out 3; }
button.seal:hover { filter: brightness(1.06); }
button.seal:active { transform: scale(.95); }
button.seal:focus-visible { animation: none; outline: 3px solid #fff; outline-offset: 3px; box-shadow: 0 0 0 9px var(--dusk); }
button.seal[aria-busy] { opacity: 1; animation: turn-over .9s ease-in-out infinite; }
button.seal[aria-busy]::before { content: none; }
@keyframes glow { 50% { outline-color: color-mix(in srgb, var(--seal-light) 45%, transparent); outline-offset: 10px; filter: brightness(1.08); } }
@keyframes turn-over { to { transform: rotateY(1turn); } }

.parcel .flap { border-radius: 10px 10px 0 0; padding: 0 0 52px; border-bottom: 1px solid var(--edge); }
.parcel.wrap .cover { border-radius: 10px 10px 0 0; }
.parcel .label {
  margin: 14px 18px 0; padding: 18px 16px 14px; min-height: 7.2rem; border-radius: 4px; background: #fffaf0; color: var(--text);
  box-shadow: 0 1px 4px var(--shade); position: relative;
}
.parcel .label::before {
  content: ""; position: absolute; inset: 0 0 auto; height: 7px; border-radius: 4px 4px 0 0;
  background: repeating-linear-gradient(115deg, var(--seal) 0 12px, #fffaf0 12px 20px, #24487f 20px 32px, #fffaf0 32px 40px);
}
.parcel .flap::before, .parcel .flap::after {
  content: ""; position: absolute; bottom: -17px; height: 34px; width: 50%;
  background: repeating-linear-gradient(90deg, transparent 0 14px, color-mix(in srgb, var(--seal) 14%, transparent) 14px 16px), rgb(255 246 225 / 82%);
}
.parcel .flap::before { left: 0; clip-path: polygon(0 0, 100% 0, 96% 20%, 100% 40%, 96% 60%, 100% 80%, 97% 100%, 0 100%); }
.parcel .flap::after { right: 0; }

.opening { position: absolute; inset: 20px 16px auto; z-index: 2; background: none; box-shadow: none; pointer-events: none; }
.opening .flap { z-index: 1; animation: lift .75s .15s cubic-bezier(.5, 0, .8, .4) both; }
.opening .pocket { background: var(--pocket); border-radius: 0 0 20px 20px; margin-top: -112px; padding-top: 124px; animation: sink .7s .2s ease-in both; }
.opening .seal { animation: burst .45s ease-out both; }
.opening .closure { pointer-events: none; }
.opening.parcel .flap::before { animation: tear-left .4s ease-in both; }
.opening.parcel .flap::after { animation: tear-right .4s ease-in both; }
.flake { position: absolute; z-index: 2; left: 50%; top: 60%; width: 9px; height: 14px; border-radius: 2px; background: var(--seal); animation: fly .95s cubic-bezier(.1, .7, .5, 1) both; }
.flake:nth-of-type(3n) { background: color-mix(in srgb, var(--envelope), white 30%); }
.flake:nth-of-type(3n + 1) { background: var(--seal-light); border-radius: 50%; width: 9px; height: 9px; }
@keyframes lift { 40% { opacity: 1; } to { transform: rotateX(100deg) translateY(-40px); opacity: 0; } }
@keyframes sink { 30% { opacity: 1; } to { transform: translateY(60%); opacity: 0; } }
@keyframes burst { 40% { transform: rotateY(180deg) scale(1.15); opacity: 1; } to { transform: rotateY(360deg) scale(1.5); opacity: 0; } }
@keyframes tear-left { to { transform: translateX(-60%) rotate(-8deg); opacity: 0; } }
@keyframes tear-right { to { transform: translateX(60%) rotate(8deg); opacity: 0; } }
@keyframes fly { 15% { opacity: 1; } to { transform: translate(var(--x), var(--y)) rotate(var(--turn)); opacity: 0; } }

.crest { margin: -20px -16px 0; padding-bottom: 56px; background: linear-gradient(var(--envelope), var(--middle)); color: var(--text); text-align: center; border-radius: 0 0 50% 50% / 0 0 36px 36px; overflow: hidden; }
.crest .cover { max-height: 150px; display: flex; align-items: center; }
.crest .from { margin: 14px 24px 0; font-size: .95rem; }
.crest .blessing { margin: .2rem 24px 0; font-size: 1.3rem; line-height: 1.35; }
.ticket { position: relative; margin: -36px 0 20px; padding: 20px; border-radius: 18px; background: var(--surface); box-shadow: var(--shadow); border: 1px solid var(--line); }
.ticket h1 { margin: 0; }
.ticket .what { display: flex; gap: 14px; align-items: center; }
.ticket .what p { margin: .1rem 0 0; }
.picture { width: 84px; height: 84px; object-fit: cover; border-radius: 12px; flex: none; background: var(--sunken); }
.stub { position: relative; margin: 20px -20px 0; padding: 18px 20px 4px; border-top: 2px dashed var(--line); text-align: center; }
.stub::before, .stub::after { content: ""; position: absolute; top: -11px; width: 20px; height: 20px; border-radius: 50%; background: var(--paper); border: 1px solid var(--line); }
.stub::before { left: -11px; clip-path: inset(-1px -1px -1px 50%); }
.stub::after { right: -11px; clip-path: inset(-1px 50% -1px -1px); }
.qr { display: grid; place-content: center; min-height: 200px; }
.qr img { width: 200px; height: 200px; padding: 12px; border-radius: 12px; background: #fff; }
.code { margin: .2rem 0 .8rem; font: 600 1.35rem/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; letter-spacing: .06em; user-select: all; }
.code span { display: inline-block; margin: 0 .28em; }
.redeemed .code, .expired .code, .refunded .code { text-decoration: line-through; color: var(--faint); }
.stamp { width: fit-content; margin: 1rem auto 0; padding: .2rem 1rem; border: 3px double var(--red); border-radius: 8px; color: var(--red); font-weight: 700; rotate: -4deg; }
dl { margin: 16px 0 0; }
dt { margin-top: .7rem; color: var(--faint); font-size: .85rem; }
dd { margin: 0; }

.ticket .secret { justify-content: center; text-align: center; padding: 6px 0; }
.secret h1 { font-family: var(--serif); }
.way h2 { color: var(--gold-ink); }
.timeline { margin: 14px 0 0 7px; border-inline-start: 2px solid var(--line); }
.timeline li { position: relative; display: flex; flex-direction: column; padding: 0 0 14px 20px; color: var(--faint); }
.timeline li:last-child { padding-bottom: 0; }
.timeline li::before { content: ""; position: absolute; left: -8px; top: 5px; width: 14px; height: 14px; border: 2px solid var(--line); border-radius: 50%; background: var(--surface); }
.timeline li:not(.ahead) { color: var(--ink); }
.timeline li:not(.ahead)::before { border-color: var(--gold-ink); background: var(--gold-ink); }
.timeline li:not([aria-current]) strong { font-weight: 400; }
.timeline [aria-current]::before { box-shadow: 0 0 0 4px light-dark(#f6e2bd, #5a431f); }
address { font-style: normal; }
address span { display: block; }

.takers ol { display: grid; gap: .6rem; }
.takers li { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .7rem; align-items: center; }
.takers li > :nth-child(4) { grid-column: 2 / -1; }
.takers h2 { margin-top: 0; }
.initial { display: grid; place-content: center; width: 36px; height: 36px; border-radius: 50%; background: var(--middle); color: var(--text); font-weight: 700; }
.ways-on { display: grid; gap: 10px; }
.ways-on .button { width: 100%; }
.ticket .terms { margin-top: 12px; text-align: center; color: var(--faint); font-size: .9rem; }
.ticket .terms p { margin: 0; }
.ticket > .link { display: block; margin: 4px auto 0; }

.spent .wrap { min-height: 0; width: 13rem; max-width: 70%; font-size: .8rem; filter: grayscale(.75); }
.spent.bright .wrap { filter: none; }
.spent .label { min-height: 0; padding: 10px 14px 0; }
.spent .sent { font-size: .75rem; }
.spent .blessing { font-size: 1rem; }
.spent .flap { padding-bottom: 36px; }
.spent .closure { margin-top: -26px; min-height: 52px; }
.spent .seal { width: 52px; height: 52px; }
.spent .pocket { min-height: 2.2rem; padding: 0; }
.end { margin-top: 24px; text-align: center; display: grid; gap: 8px; justify-items: center; }
.end > p, .end > h1 { margin: 0; max-width: 24rem; text-wrap: balance; }
.end h1 { font-family: var(--serif); font-size: 1.6rem; }
.emblem { width: 96px; height: 96px; margin: 64px auto 0; rotate: -8deg; }
.end > .action, .end > .takers, .end > .button.main, .end > .sharing, .end > .problem { width: 100%; text-align: start; }
.end > .button, .end > .action { margin-top: 10px; }
.end .action .main { width: 100%; }
.sharing { display: flex; flex-wrap: wrap; justify-content: center; gap: 10px; }
.done { margin: 0; padding: .7rem 1rem; border-radius: var(--radius); background: light-dark(#e7f4ec, #173425); color: light-dark(#14502f, #b7ecd0); text-align: center; }
.declining { margin-top: 18px; text-align: center; }
.declining .two { display: flex; justify-content: center; gap: 10px; flex-wrap: wrap; }

.gift-page footer { display: flex; flex-wrap: wrap; justify-content: center; align-items: center; gap: 0 16px; padding: 8px 16px calc(16px + env(safe-area-inset-bottom)); font-size: .9rem; color: var(--faint); }

.pocket .next { font-size: .85rem; }
.in-return { margin-top: 1.2rem; text-align: center; }
.crest .in-return { margin: .4rem 24px 0; font-size: .9rem; }
.crest .in-return a { color: inherit; }
.thanks h2, .story h2 { margin-top: 0; }
.thanks h2:focus { outline: none; }
.thanks .ready { display: flex; flex-wrap: wrap; gap: 8px; }
.thanks .ready button { padding: .4rem .9rem; font-weight: 500; }
.thanks .ready .notice:not(:empty) { flex-basis: 100%; }
.thanks .counter { margin: .2rem 0 0; text-align: end; }
.sent-thanks q { font-family: var(--serif); font-size: 1.15rem; }
.safety, main > .action:has(> .link) { text-align: center; }
.scheduled { margin-top: 12vh; }
.safety-ways { display: grid; gap: 10px; margin-top: 1rem; }
.radios { min-width: 0; margin: 1rem 0; padding: 0; border: 0; }
.radios legend { padding: 0; font-weight: 700; }
.radios .options { display: grid; gap: .5rem; margin-top: .5rem; }
.option { display: flex; align-items: center; gap: .6rem; min-height: 48px; margin: 0; padding: .5rem .9rem; border: 1px solid var(--line); border-radius: 12px; color: var(--ink); font-size: 1rem; }
.option input { flex: none; width: 20px; height: 20px; min-height: 0; margin: 0; accent-color: var(--red); }
.option:has(:checked) { border-color: var(--red); }
.panel div > .quiet { width: 100%; }
.points { margin-bottom: 1rem; padding-inline-start: 1.2rem; list-style: disc; }
`);
