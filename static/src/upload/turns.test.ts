import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns";

test("urgent tasks go before those that wait, and never too many run", async () => {
  const turns = new Turns(2);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const take = (name: string, isUrgent: boolean): Promise<void> =>
    turns.take(
      () => {
        began.push(name);
        return new Promise((resolve) => ends.push(resolve));
      },
      { isUrgent },
    );
  const all = [take("one", false), take("two", false), take("three", false), take("photo", true)];
  await settled();
  assert.deepEqual(began, ["one", "two"]);
  ends[0]?.();
  await settled();
  assert.deepEqual(began, ["one", "two", "photo"]);
  ends[1]?.();
  await settled();
  assert.deepEqual(began, ["one", "two", "photo", "three"]);
  ends.forEach((end) => end());
  await Promise.all(all);
});

test("a task that fails gives its place away", async () => {
  const turns = new Turns(1);
  const failing = turns.take(() => Promise.reject(new Error("cut")), { isUrgent: false });
  const next = turns.take(async () => "sent", { isUrgent: false });
  await assert.rejects(failing, /cut/);
  assert.equal(await next, "sent");
});

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
