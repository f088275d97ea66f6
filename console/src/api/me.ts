/** Who looks, and what they may. A release without sign-in lets everybody see everything. */
import { useQuery } from "@tanstack/react-query";
import { call, get } from "./client";
import { queries } from "./hooks";
import type { Me } from "./shapes";
import { isLacking, Problem } from "./problem";

export type Viewer = { state: "open" } | { state: "out" } | { state: "in"; me: Me };

async function look(): Promise<Viewer> {
  try {
    return { state: "in", me: await get("/v1/me") };
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return { state: "out" };
    if (isLacking(error)) return { state: "open" };
    throw error;
  }
}

export const viewerQuery = { queryKey: ["/v1/me"], queryFn: look, staleTime: 60_000 };

export function useViewer() {
  return useQuery(viewerQuery);
}

export function useMe(): Me | null {
  const { data } = useViewer();
  return data?.state === "in" ? data.me : null;
}

/** Without a list of permissions nothing is hidden: the server has the last word anyway. */
export function useMay(): (permission: string) => boolean {
  const me = useMe();
  return (permission) => !me?.permissions || me.permissions.includes(permission) || me.permissions.includes("*");
}

export function useSignIn(enabled = true) {
  return useQuery({
    queryKey: ["/v1/sign-in"], enabled, staleTime: 300_000, retry: false,
    queryFn: () => get("/v1/sign-in").catch((error: unknown) => {
      if (isLacking(error)) return null;
      throw error;
    }),
  });
}

export interface DeveloperAs { role: string; rep_id?: string; team?: string }

/** Look through other eyes: everything that was read belonged to the former ones. */
export async function signInAs(as: DeveloperAs): Promise<void> {
  await call("POST", "/v1/sign-in/developer", { body: as });
  await queries.resetQueries();
}

export async function signOut(): Promise<void> {
  await call("POST", "/v1/sign-out");
  await queries.resetQueries();
}
