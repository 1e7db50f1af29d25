import { mayPass } from "./failures";

export const PATIENCE_MILLISECONDS = 10 * 60_000;
const PAUSE_MILLISECONDS = 1000;
const PAUSE_MILLISECONDS_MAX = 20_000;

export interface Patience {
  readonly signal: AbortSignal;
  /** Told at every failure that may pass, and once more when it has passed. */
  readonly onWaiting?: (isWaiting: boolean) => void;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
}

/**
 * Run a task until it succeeds, for minutes, with growing pauses that the network's return ends.
 * Throws at once what will not pass by itself, and the last failure when patience is over.
 */
export async function patiently<Result>(
  task: () => Promise<Result>,
  { signal, onWaiting, sleep = sleepOrOnline, now = Date.now }: Patience,
): Promise<Result> {
  const end = now() + PATIENCE_MILLISECONDS;
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      const result = await task();
      if (failures > 0) onWaiting?.(false);
      return result;
    } catch (error) {
      if (!mayPass(error) || now() > end) throw error;
      onWaiting?.(true);
      await sleep(pauseAfter(failures), signal);
    }
  }
}

/** 1, 2, 4, … seconds, and a part of chance so that many browsers do not come back at once. */
export function pauseAfter(failures: number, chance = Math.random()): number {
  const pause = Math.min(PAUSE_MILLISECONDS * 2 ** failures, PAUSE_MILLISECONDS_MAX);
  return pause * (0.75 + chance / 4);
}

/** Ends early when the browser says that the network is back; throws when aborted. */
function sleepOrOnline(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const wake = (): void => {
      clearTimeout(timer);
      ended.abort();
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    globalThis.addEventListener?.("online", wake, { signal: ended.signal });
    signal.addEventListener("abort", wake, { signal: ended.signal });
  });
}
