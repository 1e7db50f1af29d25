import type { Answer, Question } from "./digesting";
import { DigestsLost, Unreadable } from "./failures";

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** SHA-256 of parts and of whole files, by a worker. */
export class Digester {
  private readonly waiting = new Map<number, Waiting>();
  /** Files of which the worker of now, or one that has ended, was given parts. */
  private begun = new Set<string>();
  private readonly lost = new Set<string>();
  private worker: Worker | null = null;
  private count = 0;

  constructor(private readonly address: string) {}

  /**
   * Throws Unreadable, or DigestsLost: then all parts must be asked for again, under a new name.
   * Parts of a file must be asked for in order when `isOfWhole`.
   */
  async part(file: string, part: Blob, isOfWhole: boolean): Promise<string> {
    const { sha256 } = await this.ask({ id: this.nextId(), file, part, isOfWhole });
    if (sha256 === null) throw new Unreadable();
    return sha256;
  }

  /** Of the parts that were asked for since the last time. Throws DigestsLost. */
  async whole(file: string): Promise<string | null> {
    return (await this.ask({ id: this.nextId(), file, part: null })).sha256;
  }

  private nextId(): number {
    this.count += 1;
    return this.count;
  }

  private ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.lost.has(question.file)) throw new DigestsLost("The digest worker was replaced.");
      this.begun.add(question.file);
      this.waiting.set(question.id, { resolve, reject });
      this.open().postMessage(question);
    });
  }

  private open(): Worker {
    this.worker ??= this.start();
    return this.worker;
  }

  private start(): Worker {
    const worker = new Worker(this.address, { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.take(data));
    worker.addEventListener("error", () => this.replace(worker));
    worker.addEventListener("messageerror", () => this.replace(worker));
    return worker;
  }

  private take(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.fault === null) waiting?.resolve(answer);
    else waiting?.reject(new DigestsLost(answer.fault));
  }

  /** It could not be loaded, or ended by a fault of ours: the next question starts another one. */
  private replace(worker: Worker): void {
    worker.terminate();
    if (worker !== this.worker) return;
    this.worker = null;
    for (const file of this.begun) this.lost.add(file);
    this.begun = new Set();
    for (const { reject } of this.waiting.values()) {
      reject(new DigestsLost("The digest worker ended."));
    }
    this.waiting.clear();
  }
}
