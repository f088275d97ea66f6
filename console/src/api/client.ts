/** The public API, and nothing else: same origin, problem+json, a header on every write that no other site can send. */
import { takeEarly } from "./early";
import { Problem, problemOf } from "./problem";

import type { paths } from "./routes.gen";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** The routes that answer a method, out of the API's own document: whatever is not in it does not compile. */
export type Route<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<Lowercase<M>, { responses: unknown }> ? P : never;
}[keyof paths];
type AnyRoute = { [M in Method]: Route<M> }[Method];
export type Query = Record<string, string | number | readonly string[] | null | undefined>;
export interface Asked {
  path?: Record<string, string>;
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}
export interface Answer<T> { body: T; etag: string | null }
/** What a route answers to GET, out of the API's own document. */
export type AnswerOf<P extends Route<"GET">> = paths[P] extends { get: { responses: { 200: { content: { "application/json": infer T } } } } } ? T : never;
/** The routes that answer with one page of a list. */
export type ListRoute = { [P in Route<"GET">]: AnswerOf<P> extends Page<unknown> ? P : never }[Route<"GET">];
export type ItemOf<P extends ListRoute> = AnswerOf<P> extends Page<infer T> ? T : never;
export interface Page<T> { items: T[]; next: string | null }

/** `/v1/leads/{id}` with its names filled in; a list in the query is repeated. */
export function address(template: string, { path = {}, query = {} }: Asked = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) words.append(name, String(one));
  }
  const text = words.toString();
  return text ? `${filled}?${text}` : filled;
}

/** Throws Problem for whatever is not 2xx; its status is 0 when nobody answers. */
export async function call<T>(method: Method, template: AnyRoute, asked: Asked = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: "application/json", "accept-language": language(), ...asked.headers };
  if (method !== "GET") headers["x-triptych"] = "console";
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  const place = address(template, asked);
  const ask = (): Promise<Response> => fetch(place, { method, headers, body, signal: asked.signal, credentials: "same-origin" });
  const response = await ((method === "GET" ? takeEarly(place)?.catch(ask) : undefined) ?? ask()).catch((error: unknown) => {
    if (asked.signal?.aborted) throw error;
    throw new Problem(0, { code: "unreachable", title: "The system cannot be reached." });
  });
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return { body: (text ? JSON.parse(text) : undefined) as T, etag: response.headers.get("etag") };
}

/** The language that the page is in: the API's messages come in it. */
function language(): string {
  return document.documentElement.lang || "en";
}

export async function get<P extends Route<"GET">>(template: P, asked: Asked = {}): Promise<AnswerOf<P>> {
  return (await call<AnswerOf<P>>("GET", template, asked)).body;
}
