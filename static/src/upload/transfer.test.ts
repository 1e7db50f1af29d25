import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { BegunUpload, SignedPart } from "./api";
import { DigestsLost, Refused, Unreachable } from "./failures";
import { Transfer, type Services } from "./transfer";
import { Turns } from "./turns";

const PART = 10;
const CONTENT = "0123456789abcdefghijABCDEFGHIJxyz";
const FILE = new File([CONTENT], "scrum.mp4", { lastModified: 5 });

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function partOf(number: number): string {
  return CONTENT.slice((number - 1) * PART, number * PART);
}

/** A server that keeps what it gets, with faults that a test can set. */
class Server implements Services {
  readonly stored = new Map<number, string>();
  readonly put: number[] = [];
  readonly completions: (string | null)[] = [];
  readonly faults = new Map<string, Error[]>();
  sending = 0;
  sendingMost = 0;
  begun = 0;
  private readonly turns = new Turns(3);
  private readonly wholes = new Map<string, string>();

  readonly api = {
    begin: async (): Promise<BegunUpload> => {
      this.fail("begin");
      this.begun += 1;
      const parts = Array.from(this.stored, ([number, text]) => ({
        number,
        size_bytes: text.length,
        sha256: hash(text),
      }));
      return { id: `u${this.begun}`, part_bytes: PART, part_count: 4, parts };
    },
    sign: async (_id: string, number: number, sha256: string): Promise<SignedPart> => {
      this.fail("sign");
      return { url: `${number}`, method: "PUT", headers: { sha256 } };
    },
    complete: async (_id: string, sha256: string | null) => {
      this.fail("complete");
      this.completions.push(sha256);
      return { asset_id: "a", state: "completing", page_url: "/en/assets/a" };
    },
  };

  readonly digester = {
    part: async (file: string, part: Blob): Promise<string> => {
      this.fail("digest");
      const text = await part.text();
      this.wholes.set(file, (this.wholes.get(file) ?? "") + text);
      return hash(text);
    },
    whole: async (file: string): Promise<string> => {
      this.fail("whole");
      return hash(this.wholes.get(file) ?? "");
    },
  };

  readonly send: Services["send"] = async (to, body, { signal, onProgress }) => {
    this.sendingMost = Math.max(this.sendingMost, ++this.sending);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      signal.throwIfAborted();
      this.fail(`put ${to.url}`);
      const text = await body.text();
      assert.equal(to.headers["sha256"], hash(text));
      onProgress(body.size);
      this.put.push(Number(to.url));
      this.stored.set(Number(to.url), text);
    } finally {
      this.sending -= 1;
    }
  };

  readonly inTurn: Services["inTurn"] = (task, order) => this.turns.take(task, order);

  private fail(call: string): void {
    const fault = this.faults.get(call)?.shift();
    if (fault) throw fault;
  }
}

function transfer(server: Server, progress: number[] = [], phases: string[] = []): Transfer {
  return new Transfer("file", FILE, server, {
    onBegun: () => undefined,
    onPhase: (phase) => phases.push(phase),
    onProgress: (bytes) => progress.push(bytes),
  });
}

const never = new AbortController().signal;

test("every part arrives once, three at a time, and the whole digest with them", async () => {
  const [server, progress] = [new Server(), [] as number[]];
  const done = await transfer(server, progress).run(never);
  assert.equal(done.asset_id, "a");
  assert.deepEqual(server.put.sort(), [1, 2, 3, 4]);
  assert.equal(server.sendingMost, 3);
  assert.deepEqual(server.completions, [hash(CONTENT)]);
  assert.equal(progress.at(-1), FILE.size);
});

test("it is queued until one of its parts gets a turn", async () => {
  const [server, phases] = [new Server(), [] as string[]];
  const ends: (() => void)[] = [];
  const wait = () => new Promise<void>((resolve) => ends.push(resolve));
  const others = [1, 2, 3].map(() => server.inTurn(wait, { isUrgent: false }));
  const run = transfer(server, [], phases).run(never);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(phases, ["queued"]);
  ends.forEach((end) => end());
  await Promise.all([run, ...others]);
  assert.deepEqual(phases, ["queued", "sending", "completing"]);
});

test("it waits no longer as soon as bytes move, though other parts still pause", async () => {
  const [server, phases] = [new Server(), [] as string[]];
  server.faults.set("put 1", [new Unreachable()]).set("put 2", Array(3).fill(new Unreachable()));
  const run = transfer(server, [], phases).run(never);
  while (!server.put.includes(1)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(!server.put.includes(2));
  assert.equal(phases.at(-1), "sending");
  await run;
});

test("what is there with the same digest is not sent again, anything else is", async () => {
  const server = new Server();
  server.stored.set(1, partOf(1)).set(2, "a damaged!").set(3, partOf(3));
  await transfer(server).run(never);
  assert.deepEqual(server.put.sort(), [2, 4]);
  assert.deepEqual(server.completions, [hash(CONTENT)]);
});

test("a cut connection sends one part again, not the file", async () => {
  const server = new Server();
  server.faults.set("put 2", [new Unreachable()]).set("complete", [new Unreachable()]);
  await transfer(server).run(never);
  assert.deepEqual(server.put.sort(), [1, 2, 3, 4]);
  assert.equal(server.begun, 1);
});

test("a part that came in damaged, or by an address that expired, gets another one", async () => {
  const server = new Server();
  server.faults.set("put 1", [new Refused(400, "damaged"), new Refused(403, "expired")]);
  await transfer(server).run(never);
  assert.deepEqual(server.put.sort(), [1, 2, 3, 4]);
});

test("an upload that the server gave up is begun again", async () => {
  const server = new Server();
  server.faults.set("sign", [new Refused(404, "There is no such upload.")]);
  await transfer(server).run(never);
  assert.equal(server.begun, 2);
  assert.equal(server.completions.length, 1);
});

test("when one part fails, those under way still arrive, and none is sent twice", async () => {
  const server = new Server();
  const going = transfer(server);
  server.faults.set("put 2", [new Refused(401, "Please sign in.")]);
  await assert.rejects(going.run(never), { status: 401 });
  assert.ok(server.put.includes(1) && server.put.includes(3));
  await going.run(never);
  assert.deepEqual(server.put.sort(), [1, 2, 3, 4]);
});

test("a refusal is passed on with its sentence", async () => {
  const server = new Server();
  server.faults.set("begin", [new Refused(415, "notes.txt is of a type that is not taken.")]);
  await assert.rejects(transfer(server).run(never), /not taken/);
  assert.deepEqual(server.put, []);
});

test("a stopped transfer goes on with what is missing", async () => {
  const server = new Server();
  const going = transfer(server);
  const stop = new AbortController();
  server.faults.set("put 4", [new Unreachable()]);
  const run = going.run(stop.signal);
  setTimeout(() => stop.abort(new Error("paused")), 100);
  await assert.rejects(run, /paused/);
  await going.run(never);
  assert.deepEqual(server.put, [1, 2, 3, 4]);
  assert.deepEqual(server.completions, [hash(CONTENT)]);
});

test("when only the last word was missing, nothing is begun or sent again", async () => {
  const server = new Server();
  const going = transfer(server);
  server.faults.set("complete", [new Refused(401, "Please sign in.")]);
  await assert.rejects(going.run(never), { status: 401 });
  await going.run(never);
  assert.equal(server.begun, 1);
  assert.equal(server.put.length, 4);
});

for (const place of ["digest", "whole"]) {
  test(`digests that went with their worker (${place}) are computed again, and nothing is sent twice`, async () => {
    const server = new Server();
    server.faults.set(place, [new DigestsLost("The digest worker ended.")]);
    await transfer(server).run(never);
    assert.deepEqual(server.put.sort(), [1, 2, 3, 4]);
    assert.deepEqual(server.completions, [hash(CONTENT)]);
  });
}

test("a worker that never works is no reason to wait for ever, nor to try for ever", async () => {
  const server = new Server();
  const going = transfer(server);
  server.faults.set("digest", Array.from({ length: 20 }, () => new DigestsLost("no worker")));
  await assert.rejects(going.run(never), DigestsLost);
  server.faults.delete("digest");
  await going.run(never);
  assert.deepEqual(server.completions, [hash(CONTENT)]);
});
