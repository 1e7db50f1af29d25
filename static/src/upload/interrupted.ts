import type { UploadApi } from "./api";
import { Refused, Unreachable } from "./failures";

/** The page's list of uploads that this editor began before, and did not end. */
export class InterruptedUploads {
  private readonly rows: Set<HTMLElement>;

  constructor(
    private readonly within: Element,
    private readonly api: UploadApi,
  ) {
    this.rows = new Set(within.querySelectorAll<HTMLElement>("[data-upload]"));
    for (const row of this.rows) {
      row.querySelector("button")?.addEventListener("click", () => void this.discard(row));
    }
  }

  /** Files that were chosen again are in the list of those on their way. */
  drop(files: readonly File[]): void {
    for (const row of this.rows) {
      const { filename, bytes } = row.dataset;
      if (files.some(({ name, size }) => name === filename && size === Number(bytes))) {
        this.remove(row);
      }
    }
  }

  private async discard(row: HTMLElement): Promise<void> {
    try {
      await this.api.discard(row.dataset["upload"] ?? "");
    } catch (error) {
      if (error instanceof Unreachable) return; // it stays in the list
      if (!(error instanceof Refused)) throw error;
    }
    this.remove(row);
  }

  private remove(row: HTMLElement): void {
    row.remove();
    this.rows.delete(row);
    this.within.querySelector<HTMLElement>("[data-interrupted]")!.hidden = this.rows.size === 0;
  }
}
