import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused, Unreachable } from "./failures";
import { PATIENCE_MILLISECONDS, patiently, pauseAfter } from "./patience";

const { signal } = new AbortController();

/** A clock that only waiting moves. */
function clock() {
  let time = 0;
  const sleep = async (milliseconds: number): Promise<void> => void (time += milliseconds);
  return { now: () => time, sleep };
}

function failing(times: number, error: Error): () => Promise<string> {
  let left = times;
  return async () => {
    if (left-- > 0) throw error;
    return "done";
  };
}

test("what passes is waited for, and told", async () => {
  const told: boolean[] = [];
  const onWaiting = (isWaiting: boolean): void => void told.push(isWaiting);
  for (const error of [new Unreachable(), new Refused(503, ""), new Refused(429, "")]) {
    const task = failing(8, error);
    assert.equal(await patiently(task, { signal, onWaiting, ...clock() }), "done");
  }
  const once = [...Array<boolean>(8).fill(true), false];
  assert.deepEqual(told, [...once, ...once, ...once]);
});

test("a refusal is not asked for again", async () => {
  for (const status of [400, 401, 403, 404, 409, 413, 415, 507]) {
    const task = failing(1, new Refused(status, "No."));
    await assert.rejects(patiently(task, { signal, ...clock() }), { status });
    assert.equal(await task(), "done");
  }
});

test("patience is over after minutes", async () => {
  const { now, sleep } = clock();
  const task = failing(Infinity, new Unreachable());
  await assert.rejects(patiently(task, { signal, now, sleep }), Unreachable);
  assert.ok(now() > PATIENCE_MILLISECONDS);
});

test("pauses grow, up to a limit", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 50].map((failures) => pauseAfter(failures, 1)),
    [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000],
  );
  assert.equal(pauseAfter(0, 0), 750);
});

test("a real wait ends when it is aborted", async () => {
  const stop = new AbortController();
  const waiting = patiently(failing(Infinity, new Unreachable()), { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 5);
  await assert.rejects(waiting, /enough/);
});
