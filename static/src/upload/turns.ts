/** Runs tasks a few at a time; those that are urgent go before all that wait. */
export class Turns {
  private readonly urgent: (() => void)[] = [];
  private readonly others: (() => void)[] = [];
  private running = 0;

  constructor(private readonly most: number) {}

  async take<Result>(task: () => Promise<Result>, { isUrgent }: { isUrgent: boolean }): Promise<Result> {
    if (this.running < this.most) this.running += 1;
    else await new Promise<void>((resolve) => (isUrgent ? this.urgent : this.others).push(resolve));
    try {
      return await task();
    } finally {
      this.handOn();
    }
  }

  /** The place goes straight to the next, so that nobody comes between. */
  private handOn(): void {
    const next = this.urgent.shift() ?? this.others.shift();
    if (next) next();
    else this.running -= 1;
  }
}
