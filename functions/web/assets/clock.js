// The time by the server's clock: the clock of a device may be wrong by hours.

// The header `Date` has whole seconds, and the response was on its way for some time: a smaller difference means nothing.
const TOLERANCE_MS = 2_000;

let offset = null;

/** Learn the server's time from a response that was not cached. Return the response. */
export function learnTime(response) {
  const measured = Date.parse(response.headers.get("Date")) - Date.now();
  if (!Number.isNaN(measured) && (offset === null || Math.abs(measured - offset) > TOLERANCE_MS)) {
    offset = Math.abs(measured) > TOLERANCE_MS ? measured : 0;
  }
  return response;
}

/** Return whether the server's time is known. Until then `now` is the time of the device. */
export const isTimeKnown = () => offset !== null;

/** Return the time in milliseconds since the epoch. */
export const now = () => Date.now() + (offset ?? 0);

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
