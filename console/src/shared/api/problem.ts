/** Errors of the API as problem details (RFC 9457). */
import type { components } from "./routes.gen";

export type FieldError = components["schemas"]["FieldErrorBody"];

interface ProblemBody {
  code?: string;
  title?: string;
  detail?: string;
  errors?: FieldError[];
  capability?: string;
  [extension: string]: unknown;
}

export class Problem extends Error {
  readonly code: string;
  readonly errors: FieldError[];

  /** `status` 0: the system cannot be reached. */
  constructor(
    readonly status: number,
    readonly body: ProblemBody = {},
  ) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.code = body.code ?? "error";
    this.errors = body.errors ?? [];
  }

  /** This release, or this installation, does not have the route. */
  get routeMissing(): boolean {
    return this.status === 501 || (this.status === 404 && this.code === "error");
  }
}

export function isNotAvailable(error: unknown): boolean {
  return error instanceof Problem && (error.routeMissing || error.status === 404);
}

export async function parseProblem(response: Response): Promise<Problem> {
  try {
    return new Problem(response.status, (await response.json()) as ProblemBody);
  } catch {
    return new Problem(response.status, { title: response.statusText });
  }
}
