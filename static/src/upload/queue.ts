import Uppy from "@uppy/core";
import type { Body } from "@uppy/core/utils";
import {
  PortalUpload,
  type FileMeta,
  type Options,
  type PortalFile,
  type PortalUppy,
} from "./portal-upload";

const LEFT_BY_SYSTEMS = new Set(["thumbs.db", "desktop.ini"]);
/** A browser gives a folder's files in no order at all. */
const ORDER = new Intl.Collator(undefined, { numeric: true });
const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
const BEGINNING: FileMeta = {
  folder: "",
  uploadId: null,
  phase: "queued",
  failure: null,
  sentence: "",
  canBeRetried: false,
  completion: null,
};

/** An Uppy whose files go to one event of the portal. */
export function makeUppy(options: Options): PortalUppy {
  const uppy = new Uppy<FileMeta, Body>({ logger: silent }).use(PortalUpload, options);
  uppy.on("restriction-failed", (file) => {
    if (file) goOnWith(uppy, file.id);
  });
  return uppy;
}

export function addFiles(uppy: PortalUppy, files: readonly File[]): void {
  const known = new Set(uppy.getFiles().map((file) => file.id));
  const described = files.filter(isMeant).map((file) => ({ file, ...placeOf(file) }));
  described.sort((one, other) => ORDER.compare(one.relativePath, other.relativePath));
  uppy.addFiles(
    described.map(({ file, ...place }) => ({
      source: "editor",
      name: file.name,
      type: file.type,
      data: file,
      meta: { ...BEGINNING, name: file.name, type: file.type, ...place },
    })),
  );
  for (const { id } of uppy.getFiles()) if (!known.has(id)) begin(uppy, id);
}

/** Each file by itself: Uppy's `upload()` would make new ones wait for those that failed. */
export function begin(uppy: PortalUppy, id: string): void {
  void uppy.retryUpload(id);
}

/** Files that failed for a reason that has passed. */
export function retryAll(uppy: PortalUppy, isDue: (meta: FileMeta) => boolean): void {
  for (const { id, meta } of uppy.getFiles()) {
    if (meta.phase === "failed" && isDue(meta)) begin(uppy, id);
  }
}

/** Choosing a file again that is in the list means: try it again. */
function goOnWith(uppy: PortalUppy, id: string): void {
  const file = uppy.getFile(id) as PortalFile | undefined;
  if (file?.meta.phase === "failed") begin(uppy, id);
}

function isMeant({ name }: File): boolean {
  return !name.startsWith(".") && !LEFT_BY_SYSTEMS.has(name.toLowerCase());
}

/** `relativePath` is what Uppy tells files of one name apart by. */
function placeOf(file: File): { folder: string; relativePath: string } {
  const dropped = (file as { relativePath?: string | null }).relativePath;
  const path = (file.webkitRelativePath || dropped || file.name).replace(/^\//, "");
  return { folder: path.slice(0, path.lastIndexOf("/") + 1), relativePath: path };
}
