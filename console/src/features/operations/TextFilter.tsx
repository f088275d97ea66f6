import { useEffect, useState } from "react";

interface Props {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** A text filter, applied when the field loses the focus or with Enter. */
export function TextFilter({ label, value = "", onChange }: Props) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const apply = (): void => {
    const trimmed = text.trim();
    if (trimmed !== value) onChange(trimmed || undefined);
  };
  return (
    <input
      className="input"
      style={{ width: "14rem" }}
      aria-label={label}
      placeholder={label}
      value={text}
      maxLength={200}
      onChange={(event) => setText(event.target.value)}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
    />
  );
}
