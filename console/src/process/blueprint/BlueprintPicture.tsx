import { useMemo } from "react";
import type { Blueprint, BoardColumn } from "@/api/shapes";
import { useFormat } from "@/format";
import { useSay, useTitle } from "@/i18n";
import { BOX, picture } from "./layout";

/** The picture: the tables below it say the same in words, so it is one image for those who cannot see it. */
export function BlueprintPicture({ blueprint, counts }: { blueprint: Blueprint; counts: Map<string, BoardColumn> }) {
  const t = useSay();
  const title = useTitle();
  const format = useFormat();
  const { width, height, boxes, arrows } = useMemo(() => picture(blueprint), [blueprint]);
  return (
    <svg className="blueprint" viewBox={`0 0 ${width} ${height}`} style={{ minWidth: width * 0.9, maxWidth: width * 1.25 }} role="img" aria-label={t("blueprint.picture")}>
      <defs>
        {(["forward", "back", "lost", "reopen"] as const).map((kind) => (
          <marker key={kind} id={`head-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" className={`head ${kind}`} /></marker>
        ))}
      </defs>
      {arrows.map((a) => <path key={`${a.step.name} ${a.from}`} d={a.d} className={`arrow ${a.kind}`} markerEnd={`url(#head-${a.kind})`} />)}
      {boxes.map(({ stage, x, y }) => {
        const column = counts.get(stage.name);
        return (
          <g key={stage.name} transform={`translate(${x} ${y})`} className={`stage ${stage.type}`}>
            <rect width={BOX.width} height={BOX.height} rx="8" />
            <foreignObject width={BOX.width} height={BOX.height}>
              <div className="stage-face">
                <span className="clip">{title(stage.title, stage.name)}</span>
                <strong>{format.number(column?.count ?? 0)}</strong>
                <span className="muted small clip">{column?.sums.map((s) => format.money(s, true)).join(" + ") || " "}</span>
              </div>
            </foreignObject>
          </g>
        );
      })}
      {arrows.map((a) => a.label && (
        <text key={`${a.step.name} ${a.from}`} x={a.label.x} y={a.label.y} className={`arrow-label ${a.kind}`} textAnchor={a.step.to === "lost" || a.kind === "lost" ? "start" : a.kind === "reopen" && a.from === "lost" ? "start" : "middle"}>
          {wrapped(title(a.step.title, a.step.name)).map((line, i, all) => <tspan key={line} x={a.label?.x} dy={i === 0 ? `${-(all.length - 1) * 1.15}em` : "1.15em"}>{line}</tspan>)}
        </text>
      ))}
    </svg>
  );
}

/** Two lines for what is too long for the gap between two stages. */
function wrapped(text: string): string[] {
  if (text.length < 14) return [text];
  const words = text.split(" ");
  const half = Math.ceil(words.length / 2);
  return words.length < 2 ? [text] : [words.slice(0, half).join(" "), words.slice(half).join(" ")];
}
