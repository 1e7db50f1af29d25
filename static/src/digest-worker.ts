/** Computes SHA-256 beside the page, so that it never stalls; with or without WebCrypto. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Answer, PartQuestion, Question } from "./upload/digesting";

type Hash = ReturnType<typeof sha256.create>;

const wholes = new Map<string, Hash>();
let queue: Promise<void> = Promise.resolve();

// One after the other: the digest of the whole file needs its parts in order.
addEventListener("message", ({ data }: MessageEvent<Question>) => {
  queue = queue.then(async () => postMessage(await answer(data)));
});

/** Never fails: whoever waits behind a question that failed must still get an answer. */
async function answer(question: Question): Promise<Answer> {
  const { id, file } = question;
  try {
    const sha256 = question.part ? await digestPart(question) : digestWhole(file);
    return { id, sha256, fault: null };
  } catch (error) {
    wholes.delete(file);
    return { id, sha256: null, fault: String(error) };
  }
}

async function digestPart({ file, part, isOfWhole }: PartQuestion): Promise<string | null> {
  const bytes = await read(part);
  if (bytes === null) return null;
  if (isOfWhole) wholeOf(file).update(bytes);
  return hex(await digest(bytes));
}

function digestWhole(file: string): string {
  const found = hex(wholeOf(file).digest());
  wholes.delete(file);
  return found;
}

function wholeOf(file: string): Hash {
  const whole = wholes.get(file) ?? sha256.create();
  wholes.set(file, whole);
  return whole;
}

/** Null when the file was changed or has gone since it was chosen. */
async function read(part: Blob): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await part.arrayBuffer());
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

/** Plain http to an address of the local network is no secure context and has no WebCrypto. */
async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
