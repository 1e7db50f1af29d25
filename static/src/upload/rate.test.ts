import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "./rate";
import { fill, formatPercent, formatRemaining, formatSize } from "./words";

const words = {
  bytes_one: "%(value)s byte",
  bytes_other: "%(value)s bytes",
  kilobytes: "%(value)s kB",
  megabytes: "%(value)s MB",
  gigabytes: "%(value)s GB",
  seconds_left: "%(value)s s left",
  minutes_left: "%(value)s min left",
  hours_left: "%(value)s h left",
};

test("a rate is that of the last seconds", () => {
  const rate = new Rate();
  for (let second = 0; second <= 20; second += 1) rate.note(second * 100, second * 1000);
  assert.equal(rate.bytesPerSecond, 100);
  for (let second = 21; second <= 40; second += 1) rate.note(2000 + (second - 20) * 7, second * 1000);
  assert.equal(rate.bytesPerSecond, 7);
  assert.equal(rate.secondsFor(70), 10);
});

test("nothing is said of what is not known yet", () => {
  const rate = new Rate();
  rate.note(0, 0);
  assert.equal(rate.secondsFor(10), null);
  rate.note(500, 1000);
  rate.note(100, 2000);
  assert.equal(rate.secondsFor(10), null, "a part is sent again, so the count fell");
});

test("sizes are told as the server tells them", () => {
  const sizes = [0, 1, 999, 1000, 9_940, 9_960, 999_600, 3_200_000, 12_345_678, 2_100_000_000];
  assert.deepEqual(
    sizes.map((bytes) => formatSize(words, bytes)),
    ["0 bytes", "1 byte", "999 bytes", "1 kB", "9.9 kB", "10 kB", "1 MB", "3.2 MB", "12 MB", "2.1 GB"],
  );
});

test("remaining time is rounded", () => {
  assert.deepEqual(
    [1, 12, 59, 61, 60 * 45, 60 * 150].map((seconds) => formatRemaining(words, seconds)),
    ["5 s left", "15 s left", "60 s left", "1 min left", "45 min left", "2.5 h left"],
  );
});

test("a share never says more than there is", () => {
  assert.deepEqual([0, 0.384, 0.9999, 1].map(formatPercent), ["0%", "38%", "99%", "100%"]);
});

test("a sentence takes its values, and a missing one leaves nothing behind", () => {
  assert.equal(fill({ a: "%(x)s of %(y)s" }, "a", { x: 1 }), "1 of ");
});
