import { getDroppedFiles } from "@uppy/core/utils";
import { UploadApi } from "./api";
import { Refused, Unreachable } from "./failures";
import { keepingFocus } from "./focus";
import { InterruptedUploads } from "./interrupted";
import { Overall } from "./overall";
import type { PortalFile, PortalUppy } from "./portal-upload";
import { awaitsSignIn, hasFailed, isUnderWay, sentBytes } from "./progress";
import { addFiles, begin, makeUppy, retryAll } from "./queue";
import { Row, type Action } from "./row";
import { readWords, type Words } from "./words";

const PAINT_MILLISECONDS = 200;
const SIGN_IN_MILLISECONDS = 5000;

/**
 * Where editors put files in. The page brings all markup and words, and a plain form after this
 * element, which shows as long as this is not `ready`.
 *
 * @attr event - slug of the event that the files belong to
 * @attr worker - address of the script that computes digests
 * @attr words - what is said of files on their way, as JSON
 */
export class PressUpload extends HTMLElement {
  private uppy!: PortalUppy;
  private api!: UploadApi;
  private words!: Words;
  private overall!: Overall;
  private interrupted!: InterruptedUploads;
  private readonly rows = new Map<string, Row>();
  private readonly ended = new AbortController();
  private paint = 0;
  private signIn = 0;

  connectedCallback(): void {
    if (this.uppy) return;
    const event = this.getAttribute("event") ?? "";
    this.words = readWords(this);
    this.api = new UploadApi(event);
    this.uppy = makeUppy({ event, worker: this.getAttribute("worker") ?? "" });
    this.overall = new Overall(this, this.words);
    this.interrupted = new InterruptedUploads(this, this.api, this.words);
    this.uppy.on("state-update", this.onChange);
    this.listen();
    this.toggleAttribute("ready", true);
  }

  disconnectedCallback(): void {
    this.ended.abort();
    window.clearTimeout(this.paint);
    window.clearTimeout(this.signIn);
    this.uppy.destroy();
  }

  private listen(): void {
    const until = { signal: this.ended.signal };
    for (const input of this.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      input.addEventListener("change", () => this.take(input), until);
    }
    document.addEventListener("dragover", this.onDragOver, until);
    document.addEventListener("dragleave", this.onDragLeave, until);
    document.addEventListener("drop", this.onDrop, until);
    window.addEventListener("beforeunload", this.onLeave, until);
    window.addEventListener("online", this.onOnline, until);
    this.onPress("pause-all", () => this.uppy.pauseAll());
    this.onPress("resume-all", () => this.uppy.resumeAll());
    this.onPress("retry-all", () => retryAll(this.uppy, (meta) => meta.canBeRetried));
    this.onPress("clear", () => this.clear());
  }

  private onPress(name: string, act: () => void): void {
    this.querySelector(`[data-${name}]`)?.addEventListener("click", act);
  }

  private take(input: HTMLInputElement): void {
    this.add(Array.from(input.files ?? []));
    input.value = ""; // so that the same file can be chosen again
  }

  private add(files: readonly File[]): void {
    addFiles(this.uppy, files);
    this.interrupted.drop(files);
  }

  private clear(): void {
    const over = this.uppy.getFiles().filter((file) => !isUnderWay(file));
    over.forEach((file) => this.leaveOut(file));
  }

  /** What was sent of it stays, and is shown as not sent to its end. */
  private leaveOut(file: PortalFile): void {
    this.uppy.removeFile(file.id);
    const { uploadId, phase } = file.meta;
    if (!uploadId || phase !== "failed") return;
    this.interrupted.add(uploadId, { file: file.data as File, sent: sentBytes(file) });
  }

  private discard({ id, meta }: PortalFile): void {
    this.uppy.removeFile(id);
    if (meta.uploadId) void this.interrupted.discard(meta.uploadId);
  }

  private act(id: string, action: Action): void {
    if (action === "remove") this.leaveOut(this.uppy.getFile(id));
    else if (action === "discard") this.discard(this.uppy.getFile(id));
    else if (action === "retry") begin(this.uppy, id);
    else this.uppy.pauseResume(id);
  }

  private readonly onChange = (): void => {
    this.paint ||= window.setTimeout(() => {
      this.paint = 0;
      keepingFocus(this, () => this.show(this.uppy.getFiles()));
    }, PAINT_MILLISECONDS);
  };

  private show(files: readonly PortalFile[]): void {
    const left = new Set(this.rows.keys());
    for (const file of files) {
      left.delete(file.id);
      this.rowOf(file).show(file);
    }
    for (const id of left) {
      this.rows.get(id)?.element.remove();
      this.rows.delete(id);
    }
    this.arrange(files);
    this.overall.show(files);
    this.watchSignIn(files);
    const isWaiting = files.some(({ meta, isPaused }) => meta.phase === "waiting" && !isPaused);
    this.querySelector<HTMLElement>("[data-waiting]")!.hidden = !isWaiting;
  }

  /** What needs the editor comes first: the list may be longer than its place. */
  private arrange(files: readonly PortalFile[]): void {
    const list = this.querySelector("[data-list]")!;
    const failed = files.filter(hasFailed);
    const others = files.filter((file) => !hasFailed(file));
    let place = list.firstElementChild;
    for (const { element } of [...failed, ...others].map((file) => this.rowOf(file))) {
      if (element === place) place = place.nextElementSibling;
      else list.insertBefore(element, place);
    }
  }

  private rowOf(file: PortalFile): Row {
    const known = this.rows.get(file.id);
    if (known) return known;
    const template = this.querySelector<HTMLTemplateElement>("template[data-row]")!;
    const row = new Row(template, this.words, file, (action) => this.act(file.id, action));
    this.rows.set(file.id, row);
    return row;
  }

  /** Ask until somebody has signed in again, in another window; then all goes on. */
  private watchSignIn(files: readonly PortalFile[]): void {
    const isOut = files.some(awaitsSignIn);
    this.querySelector<HTMLElement>("[data-signed-out]")!.hidden = !isOut;
    if (isOut) this.signIn ||= window.setTimeout(() => void this.askForSession(), SIGN_IN_MILLISECONDS);
  }

  private async askForSession(): Promise<void> {
    try {
      await this.api.askForSession();
      retryAll(this.uppy, (meta) => meta.failure === "signed-out");
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
    } finally {
      this.signIn = 0;
      this.onChange();
    }
  }

  private readonly onOnline = (): void => {
    retryAll(this.uppy, (meta) => meta.failure === "network");
  };

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    if (this.uppy.getFiles().some((file) => isUnderWay(file) || awaitsSignIn(file))) event.preventDefault();
  };

  /** Anywhere on the page, so that a file dropped beside the mark does not replace the page. */
  private readonly onDragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.toggleAttribute("dragging", true);
  };

  private readonly onDragLeave = (event: DragEvent): void => {
    if (event.relatedTarget === null) this.toggleAttribute("dragging", false);
  };

  private readonly onDrop = (event: DragEvent): void => {
    this.toggleAttribute("dragging", false);
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    void getDroppedFiles(event.dataTransfer).then((files) => this.add(files));
  };
}
