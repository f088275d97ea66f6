import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "quiet" | "danger";
  small?: boolean;
  icon?: ReactNode;
  /** Only the icon is seen; `label` is what it is called. */
  label?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", small = false, icon, label, children, className = "", type = "button", ...rest }: Props) {
  const only = label !== undefined && children === undefined;
  const classes = ["button", look !== "plain" && look, small && "small", only && "icon-only", className].filter(Boolean).join(" ");
  return (
    <button type={type} className={classes} aria-label={only ? label : undefined} title={only ? label : undefined} {...rest}>
      {icon}
      {children}
    </button>
  );
}
