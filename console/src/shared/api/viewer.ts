/** Who uses the console, and with which permissions. A system without sign-in shows everything to everybody. */
import { useQuery } from "@tanstack/react-query";
import { get, request } from "./client";
import { isNotAvailable, Problem } from "./problem";
import { queryClient } from "./queries";
import type { Me } from "./types";

export type Viewer = { state: "no_sign_in" } | { state: "signed_out" } | { state: "signed_in"; me: Me };

async function fetchViewer(): Promise<Viewer> {
  try {
    return { state: "signed_in", me: await get("/v1/me") };
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return { state: "signed_out" };
    if (isNotAvailable(error)) return { state: "no_sign_in" };
    throw error;
  }
}

export const viewerQuery = { queryKey: ["/v1/me"], queryFn: fetchViewer, staleTime: 60_000 };

export function useViewer() {
  return useQuery(viewerQuery);
}

export function useMe(): Me | null {
  const { data } = useViewer();
  return data?.state === "signed_in" ? data.me : null;
}

/** Hides what the user may not do. Without a list of permissions nothing is hidden; the API decides in any case. */
export function usePermission(): (permission: string) => boolean {
  const me = useMe();
  return (permission) => !me?.permissions || me.permissions.includes(permission) || me.permissions.includes("*");
}

export function useSignIn(enabled = true) {
  return useQuery({
    queryKey: ["/v1/sign-in"],
    enabled,
    staleTime: 300_000,
    retry: false,
    queryFn: () =>
      get("/v1/sign-in").catch((error: unknown) => {
        if (isNotAvailable(error)) return null;
        throw error;
      }),
  });
}

export interface DeveloperIdentity {
  role: string;
  rep_id?: string;
  team?: string;
}

/** Signs in as another user in developer mode. All cached data belonged to the previous user and is discarded. */
export async function signInAs(identity: DeveloperIdentity): Promise<void> {
  await request("POST", "/v1/sign-in/developer", { body: identity });
  await queryClient.resetQueries();
}

export async function signOut(): Promise<void> {
  await request("POST", "/v1/sign-out");
  await queryClient.resetQueries();
}
