import type { BegunUpload, Completion, FileFacts, StoredPart, UploadApi } from "./api";
import { DigestsLost, isForgotten, Refused, Unreadable } from "./failures";
import { patiently } from "./patience";
import type { sendPart } from "./sending";

export const PARTS_AT_ONCE = 3;
const HEAD_BYTES = 4096;
/** A part that arrives damaged, or whose address is refused, gets this many addresses. */
const ADDRESSES_MAX = 5;
const BEGINNINGS_MAX = 3;
/**
 * One core computes some 200 MB/s of a digest that WebCrypto cannot build piece by piece. Up to
 * here that buys knowing a duplicate at once; above, it could hold back a fast network, and the
 * server computes the digest anyway.
 */
export const WHOLE_DIGEST_BYTES_MAX = 4 * 1024 ** 3;

/** What a transfer needs of the world. */
export interface Services {
  readonly api: Pick<UploadApi, "begin" | "sign" | "complete">;
  readonly digester: {
    part(file: string, part: Blob, isOfWhole: boolean): Promise<string>;
    whole(file: string): Promise<string | null>;
  };
  readonly send: typeof sendPart;
  /** Runs a task when fewer than three parts, of all files, are on their way. */
  readonly inTurn: <Result>(
    task: () => Promise<Result>,
    order: { readonly isUrgent: boolean },
  ) => Promise<Result>;
}

/** It is queued until one of its parts gets a turn. */
export type Phase = "queued" | "sending" | "completing";

export interface Report {
  readonly onBegun: (id: string) => void;
  readonly onProgress: (bytes: number) => void;
  readonly onPhase: (phase: Phase | "waiting") => void;
}

/** What the parts of one run share: who may stop them at once, and who may only stop new ones. */
interface Turn {
  readonly signal: AbortSignal;
  readonly stopped: AbortController;
}

/** One file on its way; `run` may be stopped by its signal and called again. */
export class Transfer {
  private digests = new Map<number, Promise<string>>();
  private whole: Promise<string | null> | null = null;
  private sent = new Map<number, number>();
  private sentBytes = 0;
  private partBytes = 0;
  private digestings = 0;
  private phase: Phase = "queued";
  /** All of it is sent, so only the last word is missing; beginning again would send it twice. */
  private uncompleted: BegunUpload | null = null;
  private readonly waiting = new Set<symbol>();

  constructor(
    private readonly name: string,
    private readonly file: File,
    private readonly services: Services,
    private readonly report: Report,
  ) {}

  /** Throws Refused, Unreachable, Unreadable, DigestsLost, or the signal's reason. */
  async run(signal: AbortSignal): Promise<Completion> {
    for (let beginnings = 1; ; beginnings += 1) {
      try {
        this.uncompleted ??= await this.sendAll(signal);
        return await this.complete(this.uncompleted, signal);
      } catch (error) {
        if (!canBeginAgain(error)) throw error;
        this.uncompleted = null;
        if (error instanceof DigestsLost) this.forgetDigests();
        if (beginnings >= BEGINNINGS_MAX) throw error;
      }
    }
  }

  private async sendAll(signal: AbortSignal): Promise<BegunUpload> {
    this.enter("queued");
    const facts = await factsOf(this.file);
    const upload = await this.patiently(() => this.services.api.begin(facts, signal), signal);
    this.report.onBegun(upload.id);
    await this.sendMissing(upload, signal);
    return upload;
  }

  private async sendMissing(upload: BegunUpload, signal: AbortSignal): Promise<void> {
    this.cut(upload.part_bytes);
    const stored = new Map(upload.parts.map((part) => [part.number, part]));
    const turn: Turn = { signal, stopped: new AbortController() };
    const stop = (): void => turn.stopped.abort(signal.reason);
    signal.addEventListener("abort", stop);
    const numbers = range(upload.part_count).values();
    const lane = async (): Promise<void> => {
      for (const number of numbers) {
        const bring = () => this.bring(upload, number, stored.get(number), turn);
        await this.services.inTurn(bring, { isUrgent: upload.part_count === 1 });
      }
    };
    // Lanes take turns with those of other files, and who has one part only goes first: a photo
    // need not wait for a recording. When one fails, what others have under way may still arrive.
    const lanes = Array.from({ length: PARTS_AT_ONCE }, async () => {
      await lane().catch((error: unknown) => turn.stopped.abort(error));
    });
    await Promise.all(lanes);
    signal.removeEventListener("abort", stop);
    turn.stopped.signal.throwIfAborted();
  }

  private async bring(
    upload: BegunUpload,
    number: number,
    stored: StoredPart | undefined,
    turn: Turn,
  ): Promise<void> {
    turn.stopped.signal.throwIfAborted();
    if (this.phase === "queued") this.enter("sending");
    const sha256 = await this.digest(number);
    const size = this.part(number).size;
    if (!stored || stored.size_bytes !== size || (stored.sha256 ?? sha256) !== sha256) {
      await this.send(upload, number, sha256, turn);
    }
    this.note(number, size);
  }

  private async send(
    upload: BegunUpload,
    number: number,
    sha256: string,
    { signal, stopped }: Turn,
  ): Promise<void> {
    for (let addresses = 1; ; addresses += 1) {
      try {
        return await this.patiently(async () => {
          const signed = await this.services.api.sign(upload.id, number, sha256, signal);
          const onProgress = (bytes: number): void => this.move(number, bytes);
          await this.services.send(signed, this.part(number), { signal, onProgress });
        }, stopped.signal);
      } catch (error) {
        this.note(number, 0);
        if (!isOfTheAddress(error) || addresses >= ADDRESSES_MAX) throw error;
      }
    }
  }

  private async complete(upload: BegunUpload, signal: AbortSignal): Promise<Completion> {
    this.enter("completing");
    if (this.hasWhole) this.whole ??= this.services.digester.whole(this.digestName);
    const sha256 = await this.whole;
    return this.patiently(() => this.services.api.complete(upload.id, sha256, signal), signal);
  }

  private get digestName(): string {
    return `${this.name} ${this.digestings}`;
  }

  private get hasWhole(): boolean {
    return this.file.size <= WHOLE_DIGEST_BYTES_MAX;
  }

  /** Asked for once each and in order, whatever is sent again. */
  private digest(number: number): Promise<string> {
    const known = this.digests.get(number);
    if (known) return known;
    const asked = this.services.digester.part(this.digestName, this.part(number), this.hasWhole);
    this.digests.set(number, asked);
    return asked;
  }

  private part(number: number): Blob {
    return this.file.slice((number - 1) * this.partBytes, number * this.partBytes);
  }

  private note(number: number, bytes: number): void {
    this.sentBytes += bytes - (this.sent.get(number) ?? 0);
    this.sent.set(number, bytes);
    this.report.onProgress(this.sentBytes);
  }

  /** Bytes that leave show that the connection is back, though other parts still pause. */
  private move(number: number, bytes: number): void {
    if (bytes > 0 && this.waiting.size > 0) {
      this.waiting.clear();
      this.report.onPhase(this.phase);
    }
    this.note(number, bytes);
  }

  /** The server may want other parts than the last time; digests of those are worth nothing. */
  private cut(partBytes: number): void {
    this.sent = new Map();
    this.sentBytes = 0;
    if (partBytes === this.partBytes) return;
    this.partBytes = partBytes;
    this.forgetDigests();
  }

  /** Under a new name, so that nothing of the former ones ends in the digest of the whole. */
  private forgetDigests(): void {
    this.digests = new Map();
    this.whole = null;
    this.digestings += 1;
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.waiting.clear();
    this.report.onPhase(phase);
  }

  private patiently<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const asked = Symbol();
    const onWaiting = (isWaiting: boolean): void => {
      if (isWaiting) this.waiting.add(asked);
      else this.waiting.delete(asked);
      this.report.onPhase(this.waiting.size > 0 ? "waiting" : this.phase);
    };
    return patiently(task, { signal, onWaiting });
  }
}

/** Throws Unreadable. */
async function factsOf(file: File): Promise<FileFacts> {
  return {
    filename: file.name,
    size_bytes: file.size,
    head: await base64(file.slice(0, HEAD_BYTES)),
    last_modified_ms: Math.max(0, file.lastModified),
  };
}

async function base64(blob: Blob): Promise<string> {
  try {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  } catch (error) {
    if (error instanceof DOMException) throw new Unreadable();
    throw error;
  }
}

/**
 * The upload is unknown by now, the server misses parts that it was said to have, or the digests
 * went with their worker; parts that are stored are not sent again.
 */
function canBeginAgain(error: unknown): boolean {
  if (error instanceof DigestsLost) return true;
  return isForgotten(error) || (error instanceof Refused && error.status === 409);
}

/** Damaged on its way, or signed too long ago: another address may do. */
function isOfTheAddress(error: unknown): boolean {
  return error instanceof Refused && [400, 403].includes(error.status);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
