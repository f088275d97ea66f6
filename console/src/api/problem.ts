/** Errors as the API tells them (RFC 9457), and as the console carries them. */
import type { components } from "./routes.gen";

export type Fault = components["schemas"]["Fault"];

interface Body {
  code?: string; title?: string; detail?: string; errors?: Fault[]; capability?: string;
  [more: string]: unknown;
}

export class Problem extends Error {
  readonly code: string;
  readonly errors: Fault[];

  /** `status` 0: the system cannot be reached. */
  constructor(readonly status: number, readonly body: Body = {}) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.code = body.code ?? "error";
    this.errors = body.errors ?? [];
  }

  /** The release, or this installation, does not answer this question. */
  get lacking(): boolean {
    return this.status === 501 || (this.status === 404 && this.code === "error");
  }
}

export function isLacking(error: unknown): boolean {
  return error instanceof Problem && (error.lacking || error.status === 404);
}

export async function problemOf(response: Response): Promise<Problem> {
  try {
    return new Problem(response.status, (await response.json()) as Body);
  } catch {
    return new Problem(response.status, { title: response.statusText });
  }
}
