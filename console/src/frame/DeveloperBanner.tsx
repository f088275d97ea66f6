import { ChevronDown, ShieldAlert } from "lucide-react";
import { signInAs, useMe, useSignIn, useViewer } from "@/api/me";
import { type Key, useSay } from "@/i18n";
import { isKey } from "@/i18n/words";
import { announce } from "@/ui/announce";
import { Button } from "@/ui/Button";
import { Menu } from "@/ui/Menu";

const ROLES = ["rep", "manager", "director", "marketer", "analyst", "operator", "admin"];

export function useRoleName(): (role: string) => string {
  const t = useSay();
  return (role) => (isKey(`role.${role}`) ? t(`role.${role}` as Key) : role);
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
  const change = (role: string, rep?: string): void => {
    signInAs(role, rep).catch((error: Error) => announce(error.message, "bad"));
  };
  return (
    <aside className="developer no-print" aria-label={t("developer.loud")}>
      <ShieldAlert className="icon" aria-hidden />
      <span className="grow"><strong>{t("developer.loud")}.</strong> {developer ? t("developer.what") : t("developer.none")}</span>
      {developer && (
        <Menu
          trigger={<Button small>{t("developer.eyes", { who: [roles.map(roleName).join(", "), me?.rep_id && (me.name ?? me.rep_id)].filter(Boolean).join(" · ") })}<ChevronDown className="icon" aria-hidden /></Button>}
          groups={[
            { key: "roles", label: t("developer.choose"), entries: (door?.roles ?? ROLES).map((role) => ({
              key: role, label: roleName(role), chosen: roles.includes(role) && !me?.rep_id, onSelect: () => change(role),
            })) },
            ...(door?.people?.length ? [{ key: "people", label: t("developer.people"), entries: door.people.map((person) => ({
              key: person.rep_id, label: person.name ?? person.rep_id, chosen: me?.rep_id === person.rep_id,
              onSelect: () => change(person.roles?.[0] ?? "rep", person.rep_id),
            })) }] : []),
          ]}
        />
      )}
    </aside>
  );
}
