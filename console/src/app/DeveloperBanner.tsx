import { ChevronDown, ShieldAlert } from "lucide-react";
import type { Me } from "@/shared/api/types";
import { type DeveloperIdentity, signInAs, useMe, useSignIn, useViewer } from "@/shared/api/viewer";
import { useNames, useTranslate } from "@/shared/i18n";
import { announce } from "@/shared/ui/announce";
import { Button } from "@/shared/ui/Button";
import { Menu, type MenuGroup } from "@/shared/ui/Menu";

/** Roles that need no person or team; a rep or manager is also a person or a team. */
export const ROLES_WITHOUT_PERSON = ["director", "marketer", "analyst", "operator", "admin"];

interface Person {
  rep_id: string;
  team?: string | null;
}

/** The team of a manager: the one that the scope names, or the only one of the people in the scope. */
function teamOfScope(scope: Me["scope"] | undefined, people: readonly Person[]): string | undefined {
  const teams = new Set(people.filter((person) => scope?.reps?.includes(person.rep_id)).map((person) => person.team));
  return scope?.teams?.[0] ?? (teams.size === 1 ? ([...teams][0] ?? undefined) : undefined);
}

/** Warns that developer sign-in requires no password, and switches the user. */
export function DeveloperBanner() {
  const t = useTranslate();
  const viewer = useViewer();
  const developer = useMe()?.mode === "developer";
  if (!viewer.data || (viewer.data.state === "signed_in" && !developer)) return null;
  return (
    <aside className="developer no-print" aria-label={t("developer.title")}>
      <ShieldAlert className="icon" aria-hidden />
      <span className="grow">
        <strong>{t("developer.title")}</strong>{" "}
        <span className="what">{developer ? t("developer.warning") : t("developer.noSignIn")}</span>
      </span>
      {developer && <IdentityMenu />}
    </aside>
  );
}

function IdentityMenu() {
  const t = useTranslate();
  const roleName = useNames("role");
  const me = useMe();
  const { data: signIn } = useSignIn();
  const roles = me?.roles ?? [];
  const people = [...(signIn?.people ?? [])].sort((a, b) => (a.name ?? a.rep_id).localeCompare(b.name ?? b.rep_id));
  const teams = [...new Set(people.flatMap((person) => person.team ?? []))].sort();
  const team = me?.rep_id ? undefined : teamOfScope(me?.scope, people);
  const person = me?.rep_id ? (me.name ?? me.rep_id) : team;
  const current = [roles.map(roleName).join(t("list.separator")), person].filter(Boolean).join(" · ");
  const change = (identity: DeveloperIdentity): void => {
    signInAs(identity).catch((error: Error) => announce(error.message, "bad"));
  };
  const groups: MenuGroup[] = [
    {
      key: "roles",
      label: t("developer.roles"),
      items: ROLES_WITHOUT_PERSON.map((role) => ({
        key: role,
        label: roleName(role),
        checked: roles.includes(role) && !me?.rep_id,
        onSelect: () => change({ role }),
      })),
    },
    {
      key: "teams",
      label: t("developer.managers"),
      items: teams.map((name) => ({
        key: name,
        label: name,
        checked: name === team,
        onSelect: () => change({ role: "manager", team: name }),
      })),
    },
    {
      key: "people",
      label: t("developer.reps"),
      items: people.map(({ rep_id, name }) => ({
        key: rep_id,
        label: name ?? rep_id,
        checked: me?.rep_id === rep_id,
        onSelect: () => change({ role: "rep", rep_id }),
      })),
    },
  ];
  return (
    <Menu
      trigger={
        <Button small>
          {t("developer.viewAs", { who: current })}
          <ChevronDown className="icon" aria-hidden />
        </Button>
      }
      groups={groups.filter((group) => group.items.length > 0)}
    />
  );
}
