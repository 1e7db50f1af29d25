import type { OpenUpload, UploadApi } from "./api";
import { Refused, Unreachable } from "./failures";
import { formatSize, type Words } from "./words";

/** Uploads that this editor began on another day or before a reload, and did not end. */
export class InterruptedUploads {
  private readonly rows = new Map<OpenUpload, HTMLElement>();

  constructor(
    private readonly within: Element,
    private readonly words: Words,
    private readonly api: UploadApi,
  ) {}

  async look(): Promise<void> {
    for (const upload of await this.find()) this.add(upload);
    this.refresh();
  }

  /** Files that were chosen again are in the list of those on their way. */
  drop(files: readonly File[]): void {
    for (const [upload, row] of this.rows) {
      const isChosen = files.some(
        ({ name, size }) => name === upload.filename && size === upload.size_bytes,
      );
      if (isChosen) this.remove(upload, row);
    }
  }

  private async find(): Promise<readonly OpenUpload[]> {
    try {
      return await this.api.open();
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable) return [];
      throw error;
    }
  }

  private add(upload: OpenUpload): void {
    const template = this.within.querySelector<HTMLTemplateElement>("template[data-open]")!;
    const copy = template.content.cloneNode(true) as DocumentFragment;
    const row = copy.querySelector("li") as HTMLElement;
    const button = row.querySelector("button") as HTMLButtonElement;
    row.querySelector("[data-name]")!.textContent = upload.filename;
    row.querySelector("[data-size]")!.textContent = formatSize(this.words, upload.size_bytes);
    button.setAttribute("aria-label", `${button.textContent?.trim()}: ${upload.filename}`);
    button.addEventListener("click", () => void this.discard(upload, row));
    this.rows.set(upload, row);
    this.within.querySelector("[data-open-list]")?.append(row);
  }

  private async discard(upload: OpenUpload, row: HTMLElement): Promise<void> {
    try {
      await this.api.discard(upload.id);
    } catch (error) {
      if (error instanceof Unreachable) return; // it stays in the list
      if (!(error instanceof Refused)) throw error;
    }
    this.remove(upload, row);
  }

  private remove(upload: OpenUpload, row: HTMLElement): void {
    row.remove();
    this.rows.delete(upload);
    this.refresh();
  }

  private refresh(): void {
    this.within.querySelector<HTMLElement>("[data-interrupted]")!.hidden = this.rows.size === 0;
  }
}
