import assert from "node:assert/strict";
import { test } from "node:test";
import { addressAt, lineAt, secondsFrom } from "./timeline";

test("a line is current from its start until the next one starts", () => {
  const starts = [1, 4, 4, 9.5];
  const current = [0, 1, 3.99, 4, 9.49, 9.5, 1e6].map((seconds) => lineAt(starts, seconds));
  assert.deepEqual(current, [-1, 0, 0, 2, 2, 3, 3]);
});

test("no lines, no current line", () => {
  assert.equal(lineAt([], 3), -1);
});

test("lineAt agrees with a plain search on many inputs", () => {
  for (let size = 0; size < 40; size += 1) {
    const starts = Array.from({ length: size }, (_, index) => Math.floor((index * 7) / 3));
    for (let seconds = -1; seconds < 100; seconds += 0.5) {
      const plain = starts.filter((start) => start <= seconds).length - 1;
      assert.equal(lineAt(starts, seconds), plain);
    }
  }
});

test("only plain, finite, positive seconds are taken from an address", () => {
  assert.deepEqual(["12.5", "0", " 7 "].map(secondsFrom), [12.5, 0, 7]);
  for (const wrong of [null, "", "  ", "-1", "1e999", "NaN", "soon"]) {
    assert.equal(secondsFrom(wrong), null);
  }
});

test("an address keeps its other parameters and loses its fragment", () => {
  assert.equal(
    addressAt("https://press.example/en/assets/a?captions=ru&t=1#now", 62.5),
    "https://press.example/en/assets/a?captions=ru&t=62.500",
  );
});
