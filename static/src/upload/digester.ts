import type { Answer, Question } from "./digesting";
import { Unreadable } from "./failures";

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** SHA-256 of parts and of whole files, by a worker. */
export class Digester {
  private readonly waiting = new Map<number, Waiting>();
  private worker: Worker | null = null;
  private count = 0;

  constructor(private readonly address: string) {}

  /** Throws Unreadable. Parts of a file must be asked for in order when `isOfWhole`. */
  async part(file: string, part: Blob, isOfWhole: boolean): Promise<string> {
    const { sha256 } = await this.ask({ id: this.nextId(), file, part, isOfWhole });
    if (sha256 === null) throw new Unreadable();
    return sha256;
  }

  /** Of the parts that were asked for since the last time. */
  async whole(file: string): Promise<string | null> {
    return (await this.ask({ id: this.nextId(), file, part: null })).sha256;
  }

  private nextId(): number {
    this.count += 1;
    return this.count;
  }

  private ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
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
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      this.waiting.get(data.id)?.resolve(data);
      this.waiting.delete(data.id);
    });
    worker.addEventListener("error", () => this.fail(worker));
    return worker;
  }

  /** It could not be loaded, or ended by a fault of ours: the next question starts another one. */
  private fail(worker: Worker): void {
    worker.terminate();
    this.worker = null;
    for (const { reject } of this.waiting.values()) reject(new Error("The digest worker ended."));
    this.waiting.clear();
  }
}
