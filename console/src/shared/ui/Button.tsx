import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: "plain" | "primary" | "quiet" | "danger";
  small?: boolean;
  icon?: ReactNode;
  /** The accessible name of a button that shows only its icon. */
  label?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  variant = "plain",
  small = false,
  icon,
  label,
  children,
  className = "",
  type = "button",
  ...rest
}: Props) {
  const iconOnly = label !== undefined && children === undefined;
  const classes = ["button", variant !== "plain" && variant, small && "small", iconOnly && "icon-only", className]
    .filter(Boolean)
    .join(" ");
  return (
    <button
      type={type}
      className={classes}
      aria-label={iconOnly ? label : undefined}
      title={iconOnly ? label : undefined}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}
