import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

export interface MenuItem {
  key: string;
  label: ReactNode;
  icon?: ReactNode;
  checked?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}
export interface MenuGroup {
  key: string;
  label?: string;
  items: MenuItem[];
}

interface Props {
  trigger: ReactElement;
  groups: MenuGroup[];
  align?: "start" | "end";
}

/** A dropdown menu. Items with `checked` are options of which one is selected. */
export function Menu({ trigger, groups, align = "end" }: Props) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {groups.map((group, index) => (
            <DropdownMenu.Group key={group.key}>
              {index > 0 && <DropdownMenu.Separator className="menu-line" />}
              {group.label && <DropdownMenu.Label className="menu-label">{group.label}</DropdownMenu.Label>}
              {group.items.map((item) => (
                <Item key={item.key} item={item} />
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const content = (
    <>
      {item.icon}
      <span className="grow">{item.label}</span>
      {item.checked && <span aria-hidden>✓</span>}
    </>
  );
  const props = { className: "menu-item", disabled: item.disabled, onSelect: item.onSelect };
  return item.checked === undefined ? (
    <DropdownMenu.Item {...props}>{content}</DropdownMenu.Item>
  ) : (
    <DropdownMenu.CheckboxItem {...props} checked={item.checked}>
      {content}
    </DropdownMenu.CheckboxItem>
  );
}
