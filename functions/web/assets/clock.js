// The time by the server's clock: the clock of a device may be wrong by hours.

// The header `Date` has whole seconds, and the response was on its way for some time: a smaller difference means nothing.
const TOLERANCE_MS = 2_000;

let offset = null;
// By how much a test clock is ahead of real time (`POST /test/clock`). Tokens keep real time.
let ahead = 0;

/** Learn the server's time from a response that was not cached. Return the response. */
export function learnTime(response) {
  learnOffset(Date.parse(response.headers.get("Date")) - Date.now());
  const [, moved] = /\boffset;dur=(\d+)/.exec(response.headers.get("Server-Timing")) ?? [];
  if (moved) ahead = Number(moved);
  return response;
}

/** Learn by how much the clock of this device is behind, unless it is not a number. */
function learnOffset(measured) {
  if (!Number.isNaN(measured) && (offset === null || Math.abs(measured - offset) > TOLERANCE_MS)) {
    offset = Math.abs(measured) > TOLERANCE_MS ? measured : 0;
  }
}

/** Learn the time from the header `Server-Timing` of the page, which saves a request. A browser may have the page in its cache. */
function learnTimeOfPage() {
  const [page] = performance.getEntriesByType("navigation");
  // A page from the cache has the times of the earlier response.
  if (!(page?.transferSize > 0)) return;
  const metric = (wanted) => page.serverTiming?.find(({ name }) => name === wanted)?.duration;
  ahead = metric("offset") ?? 0;
  const time = metric("now") - ahead - performance.timeOrigin;
  // The server read its clock after the request was sent and before the response came.
  learnOffset(Math.min(time - page.requestStart, 0) + Math.max(time - page.responseStart, 0));
}
learnTimeOfPage();

/** Return whether the server's time is known. Until then `now` is the time of the device. */
export const isTimeKnown = () => offset !== null;

/** Return the time of the service in milliseconds since the epoch. */
export const now = () => realNow() + ahead;

/** Return the real time in milliseconds since the epoch, by which tokens expire. */
export const realNow = () => Date.now() + (offset ?? 0);

let asking = null;

async function requestTime() {
  const response = await fetch("/health", { cache: "no-store" }).catch(() => null);
  // A response that is not read keeps its connection.
  if (response) await learnTime(response).text().catch(() => null);
}

/** Ask for the server's time, unless it is known. Failures are ignored. */
export function askTime() {
  if (isTimeKnown()) return Promise.resolve();
  asking ??= requestTime().finally(() => {
    asking = null;
  });
  return asking;
}
