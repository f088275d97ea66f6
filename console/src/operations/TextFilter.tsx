import { useEffect, useState } from "react";

/** A condition that is typed: taken over when one leaves the field or presses Enter. */
export function TextFilter({ label, value, onChoose }: { label: string; value: string | undefined; onChoose: (value: string) => void }) {
  const [text, setText] = useState(value ?? "");
  useEffect(() => setText(value ?? ""), [value]);
  const take = (): void => {
    if (text.trim() !== (value ?? "")) onChoose(text.trim());
  };
  return <input className="input" style={{ width: "14rem" }} aria-label={label} placeholder={label} value={text} onChange={(e) => setText(e.target.value)} onBlur={take} onKeyDown={(e) => e.key === "Enter" && take()} />;
}
