import type { UploadApi } from "./api";
import { Refused, Unreachable } from "./failures";
import { keepingFocus } from "./focus";
import { fill, formatPercent, formatSize, type Words } from "./words";

/** The page's list of uploads that this editor began and did not end. */
export class InterruptedUploads {
  private readonly rows: Set<HTMLElement>;

  constructor(
    private readonly within: Element,
    private readonly api: UploadApi,
    private readonly words: Words,
  ) {
    this.rows = new Set(within.querySelectorAll<HTMLElement>("[data-upload]"));
    this.rows.forEach((row) => this.listen(row));
    void this.askForShares();
  }

  add(id: string, { file: { name, size }, sent }: { file: File; sent: number }): void {
    const template = this.within.querySelector<HTMLTemplateElement>("[data-interrupted-row]")!;
    const copy = template.content.cloneNode(true) as DocumentFragment;
    const row = copy.firstElementChild as HTMLElement;
    Object.assign(row.dataset, { upload: id, filename: name, bytes: size });
    row.querySelector("[data-name]")!.textContent = name;
    row.querySelector("[data-size]")!.textContent = formatSize(this.words, size);
    this.showShare(row, sent / size);
    const button = row.querySelector("button")!;
    button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    this.listen(row);
    this.rows.add(row);
    this.list.querySelector("ul")!.append(row);
    this.list.hidden = false;
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

  /** Whether it is gone; what cannot be discarded now is given up by the server in a few days. */
  async discard(id: string): Promise<boolean> {
    try {
      await this.api.discard(id);
    } catch (error) {
      if (error instanceof Unreachable) return false;
      if (!(error instanceof Refused)) throw error;
    }
    return true;
  }

  /** How much of each is in; only the store knows, so the page does not wait for it. */
  private async askForShares(): Promise<void> {
    for (const row of this.rows) {
      try {
        const { parts } = await this.api.show(row.dataset["upload"] ?? "");
        const sent = parts.reduce((bytes, part) => bytes + part.size_bytes, 0);
        this.showShare(row, sent / Number(row.dataset["bytes"]));
      } catch (error) {
        if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      }
    }
  }

  private showShare(row: HTMLElement, share: number): void {
    const words = fill(this.words, "share_sent", { share: formatPercent(share || 0) });
    row.querySelector("[data-share]")!.textContent = words;
  }

  private listen(row: HTMLElement): void {
    const { upload: id = "", filename = "" } = row.dataset;
    row.querySelector("button")?.addEventListener("click", async () => {
      if (!window.confirm(fill(this.words, "discard_question", { name: filename }))) return;
      if (await this.discard(id)) keepingFocus(this.within, () => this.remove(row));
    });
  }

  private remove(row: HTMLElement): void {
    row.remove();
    this.rows.delete(row);
    this.list.hidden = this.rows.size === 0;
  }

  private get list(): HTMLElement {
    return this.within.querySelector<HTMLElement>("[data-interrupted]")!;
  }
}
