/** Times in a recording, in seconds. Nothing here knows of a page. */

/** The index of the last start at or before `seconds`, or -1. `starts` is in ascending order. */
export function lineAt(starts: readonly number[], seconds: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? Infinity) <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The seconds that an attribute or address gives: finite and not negative, else null. */
export function secondsFrom(text: string | null): number | null {
  if (text === null || text.trim() === "") return null;
  const seconds = Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** The address of the same page at another second. */
export function addressAt(address: string, seconds: number): string {
  const url = new URL(address);
  url.searchParams.set("t", seconds.toFixed(3));
  url.hash = "";
  return url.href;
}
