import { type ColumnDef, flexRender, getCoreRowModel, getSortedRowModel, type SortingState, useReactTable } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";

export interface Column<Row> {
  id: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  number?: boolean;
  /** What the rows are ordered by when this head is pressed; without it they cannot be. */
  value?: (row: Row) => string | number | null | undefined;
}

interface Props<Row> {
  /** What the table shows, for those who cannot see it. */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/** Rows that lie here whole, and can be ordered by a press on a head. Roles are said, since on a phone no row is laid out as one. */
export function Table<Row>({ label, columns, rows, rowKey }: Props<Row>) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const data = useMemo(() => [...rows], [rows]);
  const made = useMemo<ColumnDef<Row>[]>(() => columns.map((c) => ({
    id: c.id, header: () => c.head, cell: ({ row }) => c.cell(row.original), enableSorting: Boolean(c.value),
    accessorFn: c.value ? (row: Row) => c.value?.(row) ?? undefined : undefined, sortUndefined: "last", sortDescFirst: c.number ?? false,
  } as ColumnDef<Row>)), [columns]);
  const table = useReactTable({
    data, columns: made, state: { sorting }, onSortingChange: setSorting, getRowId: rowKey,
    getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel(),
  });
  const heads = new Map(columns.flatMap((c) => (typeof c.head === "string" ? [[c.id, c.head] as const] : [])));
  const numbers = new Set(columns.filter((c) => c.number).map((c) => c.id));
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={label}>
      <table className="stacks" role="table">
        <caption className="visually-hidden">{label}</caption>
        <thead role="rowgroup">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} role="row">
              {group.headers.map(({ column, getContext }) => {
                const order = column.getIsSorted();
                const head = flexRender(column.columnDef.header, getContext());
                return (
                  <th key={column.id} scope="col" role="columnheader" className={numbers.has(column.id) ? "number" : undefined} aria-sort={order ? (order === "asc" ? "ascending" : "descending") : undefined}>
                    {column.getCanSort() ? (
                      <button type="button" onClick={column.getToggleSortingHandler()}>
                        {head}{order === "asc" && <ArrowUp className="icon" aria-hidden />}{order === "desc" && <ArrowDown className="icon" aria-hidden />}
                      </button>
                    ) : head}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody role="rowgroup">
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} role="row">
              {row.getVisibleCells().map((cell, i) => (
                <td key={cell.id} role="cell" data-head={i > 0 ? heads.get(cell.column.id) : undefined} className={numbers.has(cell.column.id) ? "number" : undefined}><div>{flexRender(cell.column.columnDef.cell, cell.getContext())}</div></td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
