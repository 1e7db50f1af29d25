/** What the digest worker is asked and answers; shared by both sides. */
export interface PartQuestion {
  readonly id: number;
  readonly file: string;
  readonly part: Blob;
  /** Whether the digest of the whole file is wanted, so its parts come in order. */
  readonly isOfWhole: boolean;
}

export interface WholeQuestion {
  readonly id: number;
  readonly file: string;
  readonly part: null;
}

export type Question = PartQuestion | WholeQuestion;

export interface Answer {
  readonly id: number;
  /** Null when the bytes could not be read. */
  readonly sha256: string | null;
  /** What else went wrong: then what the worker knows of the file's whole is worth nothing. */
  readonly fault: string | null;
}
