/** The server (or the store) said no: `message` is its sentence, or else its status line. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    sentence: string,
    readonly code = "",
  ) {
    super(sentence);
  }
}

/** Nobody answered: no network, a cut connection, a server that starts again. */
export class Unreachable extends Error {}

/** The file cannot be read any more: it was changed, moved or taken away with its card. */
export class Unreadable extends Error {}

/** The digest worker failed or was replaced: digests of this file must begin anew. */
export class DigestsLost extends Error {}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const UNKNOWN = new Set([404, 410]);
const SIGNED_OUT = 401;
const DISK_FULL = 507;

/** Trying again by itself may help. */
export function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && PASSING.has(error.status));
}

/** The session has ended; whoever signs in again can go on. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Refused && error.status === SIGNED_OUT;
}

/** The upload was given up on the other side; its file can begin anew. */
export function isForgotten(error: unknown): boolean {
  return error instanceof Refused && UNKNOWN.has(error.status);
}

/** Pressing “Try again” makes sense: the cause is not the file itself. */
export function canBeRetried(error: unknown): boolean {
  return !(error instanceof Refused) || mayPass(error) || isOfTheServer(error);
}

function isOfTheServer(error: Refused): boolean {
  return [SIGNED_OUT, 403, 404, 409, 410, DISK_FULL].includes(error.status);
}
