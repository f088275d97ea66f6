import { ChevronDown, ShieldAlert } from "lucide-react";
import { type DeveloperAs, signInAs, useMe, useSignIn, useViewer } from "@/api/me";
import type { Me } from "@/api/shapes";
import { type Key, useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Menu } from "@/ui/Menu";

/** Roles that are whole without a person: the others are somebody's own records, or a team's. */
export const ALONE = ["director", "marketer", "analyst", "operator", "admin"];

export function useRoleName(): (role: string) => string {
  const t = useSay();
  return (role) => (isKey(`role.${role}`) ? t(`role.${role}` as Key) : role);
}

/** The team whose people are all that a scope holds: the door answers with the people. */
function teamOf(scope: Me["scope"] | undefined, people: readonly { rep_id: string; team?: string | null }[]): string | undefined {
  const found = new Set(people.filter((p) => scope?.reps?.includes(p.rep_id)).map((p) => p.team));
  return scope?.teams?.[0] ?? (found.size === 1 ? ([...found][0] ?? undefined) : undefined);
}

/** Says loudly that no password is asked here, and lets one look through anybody's eyes. */
export function DeveloperBanner() {
  const t = useSay();
  const roleName = useRoleName();
  const viewer = useViewer();
  const me = useMe();
  const developer = me?.mode === "developer";
  const { data: door } = useSignIn(developer);
  if (!viewer.data || (viewer.data.state === "in" && !developer)) return null;
  const roles = me?.roles ?? [];
  const people = [...(door?.people ?? [])].sort((a, b) => (a.name ?? a.rep_id).localeCompare(b.name ?? b.rep_id));
  const teams = [...new Set(people.map((p) => p.team).filter((x): x is string => Boolean(x)))].sort();
  const team = me?.rep_id ? undefined : teamOf(me?.scope, people);
  const change = (as: DeveloperAs): void => {
    signInAs(as).catch((error: Error) => announce(error.message, "bad"));
  };
  return (
    <aside className="developer no-print" aria-label={t("developer.loud")}>
      <ShieldAlert className="icon" aria-hidden />
      <span className="grow"><strong>{t("developer.loud")}</strong> <span className="what">{developer ? t("developer.what") : t("developer.none")}</span></span>
      {developer && (
        <Menu
          trigger={<Button small>{t("developer.eyes", { who: [roles.map(roleName).join(", "), me?.rep_id ? (me.name ?? me.rep_id) : team].filter(Boolean).join(" · ") })}<ChevronDown className="icon" aria-hidden /></Button>}
          groups={[
            { key: "roles", label: t("developer.choose"), entries: ALONE.map((role) => ({
              key: role, label: roleName(role), chosen: roles.includes(role) && !me?.rep_id, onSelect: () => change({ role }),
            })) },
            ...(teams.length ? [{ key: "teams", label: t("developer.teams"), entries: teams.map((one) => ({
              key: one, label: one, chosen: one === team, onSelect: () => change({ role: "manager", team: one }),
            })) }] : []),
            ...(people.length ? [{ key: "people", label: t("developer.people"), entries: people.map((person) => ({
              key: person.rep_id, label: person.name ?? person.rep_id, chosen: me?.rep_id === person.rep_id,
              onSelect: () => change({ role: "rep", rep_id: person.rep_id }),
            })) }] : []),
          ]}
        />
      )}
    </aside>
  );
}
