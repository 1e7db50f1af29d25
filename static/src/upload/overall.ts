import type { PortalFile } from "./portal-upload";
import { hasFailed, isUnderWay, sentBytes } from "./progress";
import { Rate } from "./rate";
import { fill, formatRemaining, formatSize, unbroken, type Words } from "./words";

const ANNOUNCE_MILLISECONDS = 10_000;

/** All files together: sums, one bar, what to do with all, and words for screen readers. */
export class Overall {
  private readonly rate = new Rate();
  private announced = "";
  private announcedAt = -Infinity;

  constructor(
    private readonly within: Element,
    private readonly words: Words,
  ) {}

  show(files: readonly PortalFile[]): void {
    this.part("overall").hidden = files.length === 0;
    const [sent, all] = [sum(files, sentBytes), sum(files, (file) => file.size ?? 0)];
    const going = files.filter(isUnderWay);
    const failed = files.filter(hasFailed);
    const bar = this.part("total") as HTMLProgressElement;
    bar.max = all || 1;
    bar.value = sent;
    this.put("count", this.count(files));
    this.put("sums", this.sums(sent, all, going));
    this.put("failures", failed.length ? this.said("failed_count", { count: failed.length }) : "");
    this.part("pause-all").hidden = !going.some((file) => !file.isPaused);
    this.part("resume-all").hidden = !going.some((file) => file.isPaused);
    this.part("retry-all").hidden = !failed.some((file) => file.meta.canBeRetried);
    this.part("clear").hidden = files.length === going.length;
    this.announce(files, going);
  }

  private count(files: readonly PortalFile[]): string {
    const done = files.filter((file) => file.meta.phase === "sent").length;
    return this.said("sent_count", { done, all: files.length });
  }

  private sums(sent: number, all: number, going: readonly PortalFile[]): string {
    const sums = this.said("sent_bytes", {
      done: formatSize(this.words, sent),
      all: formatSize(this.words, all),
    });
    if (!going.some((file) => file.meta.phase === "sending" && !file.isPaused)) {
      this.rate.clear();
      return sums;
    }
    this.rate.note(sent, performance.now());
    const seconds = this.rate.secondsFor(sum(going, (file) => (file.size ?? 0) - sentBytes(file)));
    if (seconds === null) return sums;
    const size = formatSize(this.words, this.rate.bytesPerSecond);
    const speed = this.said("per_second", { size });
    return [sums, speed, formatRemaining(this.words, seconds)].map(unbroken).join(" · ");
  }

  /** Now and then while it goes on, and once more at the end: figures that change are a torrent. */
  private announce(files: readonly PortalFile[], going: readonly PortalFile[]): void {
    const failures = this.part("failures").textContent ?? "";
    const words = files.length === 0 ? "" : [this.count(files), failures].filter(Boolean).join(". ");
    const now = performance.now();
    const isDue = now - this.announcedAt > ANNOUNCE_MILLISECONDS || going.length === 0;
    if (words === this.announced || !isDue) return;
    [this.announced, this.announcedAt] = [words, now];
    this.put("announce", words);
  }

  private said(name: string, values: Record<string, string | number>): string {
    return fill(this.words, name, values);
  }

  private part(name: string): HTMLElement {
    return this.within.querySelector(`[data-${name}]`) as HTMLElement;
  }

  private put(name: string, text: string): void {
    const place = this.part(name);
    if (place.textContent !== text) place.textContent = text;
  }
}

function sum(files: readonly PortalFile[], bytes: (file: PortalFile) => number): number {
  return files.reduce((total, file) => total + bytes(file), 0);
}
