import { BasePlugin, type PluginOpts, type Uppy, type UppyFile } from "@uppy/core";
import { type Body, type Meta, TaskQueue } from "@uppy/core/utils";
import { UploadApi, type Completion } from "./api";
import { Digester } from "./digester";
import { canBeRetried, isSignedOut, mayPass, Refused, Unreadable } from "./failures";
import { sendPart } from "./sending";
import { PARTS_AT_ONCE, Transfer, type Phase, type Services } from "./transfer";
import { Turns } from "./turns";

export type Failure = "network" | "signed-out" | "refused" | "unreadable" | "stopped";

/** What we keep of a file beside Uppy's own; `sentence` and `uploadId` are the server's. */
export interface FileMeta extends Meta {
  folder: string;
  uploadId: string | null;
  phase: Phase | "waiting" | "sent" | "failed";
  failure: Failure | null;
  sentence: string;
  canBeRetried: boolean;
  completion: Completion | null;
}

export interface Options extends PluginOpts {
  readonly event: string;
  readonly worker: string;
}

export type PortalUppy = Uppy<FileMeta, Body>;
export type PortalFile = UppyFile<FileMeta, Body>;

/** One part as the portal is delivered, so these need not wait until large files are through. */
const SMALL_FILE_BYTES_MAX = 8 * 1024 ** 2;

/** Reasons for which a transfer is stopped. */
const PAUSED = new DOMException("paused", "AbortError");
const REMOVED = new DOMException("removed", "AbortError");

interface Running {
  readonly transfer: Transfer;
  controller: AbortController;
  /** Ends a pause. */
  goOn: () => void;
}

/**
 * Uppy's uploader for the portal's own multipart protocol. Uppy's S3 plugin speaks S3 itself and
 * sends the parts of a file one after the other; ours has digests, three parts at once over all
 * files, and an asynchronous end. See docs/decisions.
 */
export class PortalUpload extends BasePlugin<Options, FileMeta, Body> {
  private readonly digester = new Digester(this.opts.worker);
  private readonly files = new TaskQueue({ concurrency: PARTS_AT_ONCE });
  /** A queue of their own, so that no recording holds them up. */
  private readonly smallFiles = new TaskQueue({ concurrency: PARTS_AT_ONCE });
  private readonly parts = new Turns(PARTS_AT_ONCE);
  private readonly running = new Map<string, Running>();
  private readonly services: Services = {
    api: new UploadApi(this.opts.event),
    digester: this.digester,
    send: sendPart,
    inTurn: (task, order) => this.parts.take(task, order),
  };
  private count = 0;

  constructor(uppy: PortalUppy, options: Options) {
    super(uppy, options);
    this.type = "uploader";
    this.id = "PortalUpload";
  }

  override install(): void {
    const capabilities = { individualCancellation: true, resumableUploads: true };
    this.uppy.setState({ capabilities: { ...this.uppy.getState().capabilities, ...capabilities } });
    this.uppy.addUploader(this.upload);
    this.uppy.on("upload-pause", this.onPause);
    this.uppy.on("pause-all", this.onPauseAll);
    this.uppy.on("resume-all", this.onResumeAll);
    this.uppy.on("file-removed", this.onRemoved);
  }

  override uninstall(): void {
    this.uppy.removeUploader(this.upload);
    this.uppy.off("upload-pause", this.onPause);
    this.uppy.off("pause-all", this.onPauseAll);
    this.uppy.off("resume-all", this.onResumeAll);
    this.uppy.off("file-removed", this.onRemoved);
    for (const { controller } of this.running.values()) controller.abort(PAUSED);
  }

  private readonly upload = async (ids: string[]): Promise<void> => {
    this.uppy.emit("upload-start", this.uppy.getFilesByIds(ids));
    await Promise.allSettled(ids.map((id) => this.bring(id)));
  };

  /** Until the file is in, has failed or was removed; while it is paused, this waits. */
  private async bring(id: string): Promise<void> {
    const running = this.start(id);
    const files = this.queueOf(id);
    for (;;) {
      this.describe(id, { phase: "queued", failure: null, sentence: "" });
      await this.whenGoingOn(id, running);
      const { signal } = running.controller;
      try {
        const done = await files.add(() => running.transfer.run(signal)).abortOn(signal);
        return this.succeed(id, done);
      } catch (error) {
        if (signal.reason === REMOVED) return;
        if (signal.reason !== PAUSED) return this.fail(id, error);
      }
    }
  }

  private queueOf(id: string): TaskQueue {
    const size = this.uppy.getFile(id).size ?? 0;
    return size <= SMALL_FILE_BYTES_MAX ? this.smallFiles : this.files;
  }

  /** What was begun before a failure goes on where it stood. */
  private start(id: string): Running {
    const known = this.running.get(id);
    if (known) return known;
    const file = this.uppy.getFile(id);
    const running: Running = {
      transfer: new Transfer(`${id} ${this.count++}`, file.data as File, this.services, {
        onBegun: (uploadId) => this.describe(id, { uploadId }),
        onPhase: (phase) => this.describe(id, { phase }),
        onProgress: (bytesUploaded) => this.tell(id, bytesUploaded),
      }),
      controller: new AbortController(),
      goOn: () => undefined,
    };
    this.running.set(id, running);
    return running;
  }

  private tell(id: string, bytesUploaded: number): void {
    const file = this.uppy.getFile(id) as PortalFile | undefined;
    if (!file) return;
    const uploadStarted = file.progress.uploadStarted ?? Date.now();
    this.uppy.emit("upload-progress", file, {
      uploadStarted,
      bytesUploaded,
      bytesTotal: file.size,
    });
  }

  private describe(id: string, meta: Partial<FileMeta>): void {
    if (this.uppy.getFile(id)) this.uppy.setFileMeta(id, meta as FileMeta);
  }

  private succeed(id: string, completion: Completion): void {
    this.running.delete(id);
    this.describe(id, { phase: "sent", completion });
    this.uppy.emit("upload-success", this.uppy.getFile(id), { status: 202, body: {} });
  }

  private fail(id: string, error: unknown): void {
    const failure = failureOf(error);
    // Its digests are of no use; those of a cut connection are.
    if (failure === "unreadable" || failure === "stopped") this.running.delete(id);
    const sentence = error instanceof Refused ? error.message : "";
    this.describe(id, { phase: "failed", failure, sentence, canBeRetried: canBeRetried(error) });
    this.uppy.emit("upload-error", this.uppy.getFile(id), new Error(sentence || failure));
    if (failure === "stopped") reportError(error);
  }

  private async whenGoingOn(id: string, running: Running): Promise<void> {
    if (this.uppy.getFile(id)?.isPaused) {
      await new Promise<void>((resolve) => (running.goOn = resolve));
    }
    if (running.controller.signal.reason === PAUSED) running.controller = new AbortController();
  }

  private pause(id: string, isPaused: boolean): void {
    const running = this.running.get(id);
    if (isPaused) running?.controller.abort(PAUSED);
    else running?.goOn();
  }

  private readonly onPause = (file: PortalFile | undefined, isPaused: boolean): void => {
    if (file) this.pause(file.id, isPaused);
  };

  private readonly onPauseAll = (): void => {
    for (const id of this.running.keys()) this.pause(id, this.uppy.getFile(id).isPaused === true);
  };

  private readonly onResumeAll = (): void => {
    for (const id of this.running.keys()) this.pause(id, false);
  };

  /** Out of the list, no more: the server keeps what it has. */
  private readonly onRemoved = ({ id }: PortalFile): void => {
    const running = this.running.get(id);
    if (!running) return;
    this.running.delete(id);
    running.controller.abort(REMOVED);
    running.goOn();
  };
}

function failureOf(error: unknown): Failure {
  if (isSignedOut(error)) return "signed-out";
  if (mayPass(error)) return "network";
  if (error instanceof Refused) return "refused";
  return error instanceof Unreadable ? "unreadable" : "stopped";
}
