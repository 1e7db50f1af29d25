import { Refused, Unreachable } from "./failures";

export interface StoredPart {
  readonly number: number;
  readonly size_bytes: number;
  readonly sha256: string | null;
}

export interface BegunUpload {
  readonly id: string;
  readonly part_bytes: number;
  readonly part_count: number;
  readonly parts: readonly StoredPart[];
}

export interface SignedPart {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Completion {
  readonly asset_id: string;
  readonly state: string;
  readonly page_url: string;
}

/** What the server wants to know before it takes a file. */
export interface FileFacts {
  readonly filename: string;
  readonly size_bytes: number;
  readonly head: string;
  readonly last_modified_ms: number;
}

/** The upload API of one event. Every call throws Refused or Unreachable. */
export class UploadApi {
  constructor(private readonly event: string) {}

  begin(facts: FileFacts, signal: AbortSignal): Promise<BegunUpload> {
    return call("POST", "", { body: { ...facts, event: this.event }, signal });
  }

  show(id: string): Promise<BegunUpload> {
    return call("GET", `/${id}`);
  }

  /** Throws Refused as long as nobody is signed in. */
  async askForSession(): Promise<void> {
    await call("GET", `?event=${encodeURIComponent(this.event)}`);
  }

  sign(id: string, number: number, sha256: string, signal: AbortSignal): Promise<SignedPart> {
    return call("POST", `/${id}/parts/${number}/sign`, { body: { sha256 }, signal });
  }

  /** May be repeated: it names the same asset every time. */
  complete(id: string, sha256: string | null, signal: AbortSignal): Promise<Completion> {
    return call("POST", `/${id}/complete`, { body: sha256 ? { sha256 } : {}, signal });
  }

  async discard(id: string): Promise<void> {
    await call("DELETE", `/${id}`);
  }
}

interface Call {
  readonly body?: object;
  readonly signal?: AbortSignal;
}

async function call<Answer>(method: string, path: string, { body, signal }: Call = {}) {
  const response = await request(`/api/v1/uploads${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? null : await read(response)) as Answer;
}

async function request(address: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...options, cache: "no-store" });
  } catch (error) {
    if (error instanceof TypeError) throw new Unreachable(error.message);
    throw error;
  }
}

/** A body that ends too early is a cut connection. */
async function read(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) {
      throw new Unreachable(error.message);
    }
    throw error;
  }
}

async function refusal(response: Response): Promise<Refused> {
  const line = `${response.status} ${response.statusText}`;
  try {
    const { error, detail } = (await response.json()) as { error?: string; detail?: string };
    return new Refused(response.status, detail || line, error);
  } catch {
    return new Refused(response.status, line);
  }
}
