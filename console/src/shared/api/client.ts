/**
 * Client of the public API: same origin, typed by contracts/published/openapi.yaml, errors as problem+json. Writes carry
 * the header x-triptych, which another site cannot send (CSRF protection).
 */
import { translate } from "@/shared/i18n/catalogue";
import { takePrefetched } from "./prefetched";
import { Problem, parseProblem } from "./problem";
import type { paths } from "./routes.gen";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** The routes of a method, from the OpenAPI document: an unknown route does not compile. */
export type Route<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<Lowercase<M>, { responses: unknown }> ? P : never;
}[keyof paths];
type AnyRoute = { [M in Method]: Route<M> }[Method];
export type Query = Record<string, string | number | readonly string[] | null | undefined>;
export interface RequestOptions {
  path?: Record<string, string>;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}
export interface ApiResponse<T> {
  body: T;
  etag: string | null;
}
/** The body of a route's 200 response to GET. */
export type ResponseOf<P extends Route<"GET">> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer T } } } };
}
  ? T
  : never;
/** The routes that return one page of a list. */
export type ListRoute = { [P in Route<"GET">]: ResponseOf<P> extends ListPage<unknown> ? P : never }[Route<"GET">];
export type ItemOf<P extends ListRoute> = ResponseOf<P> extends ListPage<infer T> ? T : never;
export interface ListPage<T> {
  items: T[];
  next: string | null;
}

/** `/v1/leads/{id}` with its path parameters filled in; a list in the query is repeated. */
export function requestUrl(template: string, { path = {}, query = {} }: RequestOptions = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  const search = params.toString();
  return search ? `${filled}?${search}` : filled;
}

/** Throws `Problem` for every status but 2xx; with status 0 when the system cannot be reached. */
export async function request<T>(
  method: Method,
  template: AnyRoute,
  options: RequestOptions = {},
): Promise<ApiResponse<T>> {
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-language": documentLanguage(),
    ...options.headers,
  };
  if (method !== "GET") headers["x-triptych"] = "console";
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const url = requestUrl(template, options);
  const send = (): Promise<Response> =>
    fetch(url, { method, headers, body, signal: options.signal, credentials: "same-origin" });
  const prefetched = method === "GET" ? takePrefetched(url)?.catch(send) : undefined;
  const response = await (prefetched ?? send()).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    const language = documentLanguage().startsWith("zh") ? "zh" : "en";
    throw new Problem(0, { code: "unreachable", title: translate(language, "error.unreachable") });
  });
  if (!response.ok) throw await parseProblem(response);
  const text = await response.text();
  return { body: (text ? JSON.parse(text) : undefined) as T, etag: response.headers.get("etag") };
}

/** The language of the page, sent as the preferred language of the API's messages. */
function documentLanguage(): string {
  return document.documentElement.lang || "en";
}

export async function get<P extends Route<"GET">>(template: P, options: RequestOptions = {}): Promise<ResponseOf<P>> {
  return (await request<ResponseOf<P>>("GET", template, options)).body;
}
