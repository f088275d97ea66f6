import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

export interface MenuEntry {
  key: string;
  label: ReactNode;
  icon?: ReactNode;
  chosen?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}
export interface MenuGroup { key: string; label?: string; entries: MenuEntry[] }

/** A menu behind a button; arrow keys and first letters move in it. Entries with `chosen` are radio buttons. */
export function Menu({ trigger, groups, align = "end" }: { trigger: ReactElement; groups: MenuGroup[]; align?: "start" | "end" }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {groups.map((group, at) => (
            <DropdownMenu.Group key={group.key}>
              {at > 0 && <DropdownMenu.Separator className="menu-line" />}
              {group.label && <DropdownMenu.Label className="menu-label">{group.label}</DropdownMenu.Label>}
              {group.entries.map((entry) => <Entry key={entry.key} entry={entry} />)}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  const inside = <>{entry.icon}<span className="grow">{entry.label}</span>{entry.chosen && <span aria-hidden>✓</span>}</>;
  const shared = { className: "menu-item", disabled: entry.disabled, onSelect: entry.onSelect };
  return entry.chosen === undefined
    ? <DropdownMenu.Item {...shared}>{inside}</DropdownMenu.Item>
    : <DropdownMenu.CheckboxItem {...shared} checked={entry.chosen}>{inside}</DropdownMenu.CheckboxItem>;
}
