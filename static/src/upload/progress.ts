import type { PortalFile } from "./portal-upload";

/** What of the file has arrived, as far as we know. */
export function sentBytes(file: PortalFile): number {
  if (file.meta.phase === "sent") return file.size ?? 0;
  return Math.min(Number(file.progress.bytesUploaded) || 0, file.size ?? 0);
}

/** It has not come to its end, good or bad. */
export function isUnderWay({ meta }: PortalFile): boolean {
  return meta.phase !== "sent" && meta.phase !== "failed";
}

/** A word's name, also of the row's look. */
export function stateOf({ meta, isPaused }: PortalFile): string {
  if (meta.phase === "sent") return meta.completion?.state === "duplicate" ? "duplicate" : "sent";
  if (meta.phase === "failed") return meta.canBeRetried ? "failed" : "refused";
  return isPaused ? "paused" : meta.phase;
}
