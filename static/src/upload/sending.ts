import type { SignedPart } from "./api";
import { Refused, Unreachable } from "./failures";

const SILENCE_MILLISECONDS_MAX = 60_000;
/** The other side may take its time to write a whole part to a slow disk. */
const ANSWER_MILLISECONDS_MAX = 180_000;

/**
 * Send one part; `onProgress` gets the bytes that left so far. XMLHttpRequest, because fetch tells
 * nothing of what was sent. Throws Refused, Unreachable, or the signal's reason.
 */
export function sendPart(
  to: SignedPart,
  body: Blob,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (bytes: number) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const watch = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = window.setTimeout(() => request.abort(), milliseconds);
    };
    const stop = (): void => request.abort();
    request.upload.onprogress = ({ loaded }) => {
      watch(SILENCE_MILLISECONDS_MAX);
      onProgress(Math.min(loaded, body.size));
    };
    request.upload.onload = () => watch(ANSWER_MILLISECONDS_MAX);
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(signal.reason);
      else if (request.status === 0) reject(new Unreachable());
      else if (request.status >= 300) reject(new Refused(request.status, sentenceOf(request)));
      else resolve();
    };
    signal.addEventListener("abort", stop);
    request.open(to.method, to.url);
    for (const [name, value] of Object.entries(to.headers)) request.setRequestHeader(name, value);
    watch(SILENCE_MILLISECONDS_MAX);
    request.send(body);
  });
}

/** Ours are JSON; a store's are XML, which says nothing to an editor. */
function sentenceOf(request: XMLHttpRequest): string {
  try {
    return (JSON.parse(request.responseText) as { detail?: string }).detail ?? "";
  } catch {
    return `${request.status} ${request.statusText}`;
  }
}
