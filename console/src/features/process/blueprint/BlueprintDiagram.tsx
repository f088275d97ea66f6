import { useMemo } from "react";
import type { Blueprint, BoardColumn } from "@/shared/api/types";
import { useFormat } from "@/shared/format";
import { useTitle, useTranslate } from "@/shared/i18n";
import { BOX, diagramLayout } from "./diagramLayout";

/** Stages and transitions as a diagram. To assistive technology it is an image; the tables below hold the same data. */
export function BlueprintDiagram({ blueprint, counts }: { blueprint: Blueprint; counts: Map<string, BoardColumn> }) {
  const t = useTranslate();
  const title = useTitle();
  const format = useFormat();
  const { width, height, boxes, arrows } = useMemo(() => diagramLayout(blueprint), [blueprint]);
  return (
    <svg
      className="blueprint"
      viewBox={`0 0 ${width} ${height}`}
      style={{ minWidth: width * 0.9, maxWidth: width * 1.25 }}
      role="img"
      aria-label={t("blueprint.diagram")}
    >
      <defs>
        {(["forward", "back", "lost", "reopen"] as const).map((kind) => (
          <marker
            key={kind}
            id={`head-${kind}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" className={`head ${kind}`} />
          </marker>
        ))}
      </defs>
      {arrows.map((arrow) => (
        <path
          key={`${arrow.transition.name} ${arrow.from}`}
          d={arrow.d}
          className={`arrow ${arrow.kind}`}
          markerEnd={`url(#head-${arrow.kind})`}
        />
      ))}
      {boxes.map(({ stage, x, y }) => {
        const column = counts.get(stage.name);
        return (
          <g key={stage.name} transform={`translate(${x} ${y})`} className={`stage ${stage.type}`}>
            <rect width={BOX.width} height={BOX.height} rx="8" />
            <foreignObject width={BOX.width} height={BOX.height}>
              <div className="stage-face">
                <span className="clip">{title(stage.title, stage.name)}</span>
                <strong>{format.number(column?.count ?? 0)}</strong>
                <span className="muted small clip">
                  {column?.sums.map((sum) => format.money(sum, true)).join(" + ") || " "}
                </span>
              </div>
            </foreignObject>
          </g>
        );
      })}
      {arrows.map(
        (arrow) =>
          arrow.label && (
            <text
              key={`${arrow.transition.name} ${arrow.from}`}
              x={arrow.label.x}
              y={arrow.label.y}
              className={`arrow-label ${arrow.kind}`}
              textAnchor={arrow.label.anchor}
            >
              {wrapLabel(title(arrow.transition.title, arrow.transition.name)).map((line, index, lines) => (
                <tspan key={line} x={arrow.label?.x} dy={index === 0 ? `${-(lines.length - 1) * 1.15}em` : "1.15em"}>
                  {line}
                </tspan>
              ))}
            </text>
          ),
      )}
    </svg>
  );
}

/** Splits a long label into two lines. */
function wrapLabel(text: string): string[] {
  if (text.length < 14) return [text];
  const words = text.split(" ");
  const half = Math.ceil(words.length / 2);
  return words.length < 2 ? [text] : [words.slice(0, half).join(" "), words.slice(half).join(" ")];
}
