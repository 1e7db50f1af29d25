import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Digester } from "./digester";
import type { Question } from "./digesting";
import { DigestsLost, Unreadable } from "./failures";

/** Stands in for a worker, which node has no equal of; it answers when it is told to. */
class Stand extends EventTarget {
  static all: Stand[] = [];
  readonly asked: Question[] = [];
  isEnded = false;

  constructor() {
    super();
    Stand.all.push(this);
  }

  postMessage(question: Question): void {
    this.asked.push(question);
  }

  terminate(): void {
    this.isEnded = true;
  }

  answer(sha256: string | null, fault: string | null = null): void {
    const id = this.asked.at(-1)?.id;
    this.dispatchEvent(new MessageEvent("message", { data: { id, sha256, fault } }));
  }
}

const PART = new Blob(["part"]);

beforeEach(() => {
  Stand.all = [];
  Object.assign(globalThis, { Worker: Stand });
});

for (const fault of ["error", "messageerror"]) {
  test(`a worker that ends by ${fault} leaves nobody waiting, and another one is started`, async () => {
    const digester = new Digester("worker.js");
    const waiting = ["one", "two"].map((file) => digester.part(file, PART, true));
    const ends = Promise.all(waiting.map((asked) => assert.rejects(asked, DigestsLost)));
    Stand.all[0]?.dispatchEvent(new Event(fault));
    await ends;
    assert.ok(Stand.all[0]?.isEnded);

    const again = digester.part("another", PART, true);
    Stand.all[1]?.answer("found");
    assert.equal(await again, "found");
  });
}

test("nobody gets the digest of a whole whose first parts went with their worker", async () => {
  const digester = new Digester("worker.js");
  const first = digester.part("file", PART, true);
  Stand.all[0]?.answer("found");
  await first;
  Stand.all[0]?.dispatchEvent(new Event("error"));
  await assert.rejects(digester.part("file", PART, true), DigestsLost);
  await assert.rejects(digester.whole("file"), DigestsLost);
});

test("a question that failed is told from a file that cannot be read", async () => {
  const digester = new Digester("worker.js");
  const failed = digester.part("one", PART, true);
  Stand.all[0]?.answer(null, "out of memory");
  await assert.rejects(failed, DigestsLost);
  const unreadable = digester.part("two", PART, true);
  Stand.all[0]?.answer(null);
  await assert.rejects(unreadable, Unreadable);
  assert.equal(Stand.all.length, 1);
});
