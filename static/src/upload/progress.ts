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

/** Signed out, it goes on by itself as soon as somebody has signed in. */
export function awaitsSignIn({ meta }: PortalFile): boolean {
  return meta.phase === "failed" && meta.failure === "signed-out";
}

/** It will not go on by itself. */
export function hasFailed(file: PortalFile): boolean {
  return file.meta.phase === "failed" && !awaitsSignIn(file);
}

/** A word's name, also of the row's look. */
export function stateOf(file: PortalFile): string {
  const { meta, isPaused } = file;
  if (awaitsSignIn(file)) return "signed-out";
  if (meta.phase === "sent") return meta.completion?.state === "duplicate" ? "duplicate" : "sent";
  if (meta.phase === "failed") return meta.canBeRetried ? "failed" : "refused";
  return isPaused ? "paused" : meta.phase;
}
