const WINDOW_MILLISECONDS = 8000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** How fast bytes went lately. */
export class Rate {
  private samples: Sample[] = [];

  /** `bytes` is the sum so far; a smaller one than before begins anew. */
  note(bytes: number, at: number): void {
    if (bytes < (this.samples.at(-1)?.bytes ?? 0)) this.samples = [];
    this.samples.push({ at, bytes });
    const old = this.samples.findIndex((sample) => sample.at >= at - WINDOW_MILLISECONDS);
    this.samples.splice(0, Math.max(0, old - 1));
  }

  clear(): void {
    this.samples = [];
  }

  /** 0 while nothing can be said. */
  get bytesPerSecond(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < 500) return 0;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Null while nothing can be said. */
  secondsFor(bytes: number): number | null {
    return this.bytesPerSecond > 0 ? bytes / this.bytesPerSecond : null;
  }
}
