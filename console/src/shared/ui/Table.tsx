import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";

export interface Column<Row> {
  id: string;
  header: ReactNode;
  cell: (row: Row) => ReactNode;
  numeric?: boolean;
  /** The value by which the column sorts; without it the column is not sortable. */
  sortValue?: (row: Row) => string | number | null | undefined;
}

interface Props<Row> {
  /** The accessible name of the table. */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/**
 * A table that sorts in the browser. The roles are explicit because the phone layout sets `display: block`, which would
 * remove them.
 */
export function Table<Row>({ label, columns, rows, rowKey }: Props<Row>) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const data = useMemo(() => [...rows], [rows]);
  const definitions = useMemo<ColumnDef<Row>[]>(
    () =>
      columns.map(
        (c) =>
          ({
            id: c.id,
            header: () => c.header,
            cell: ({ row }) => c.cell(row.original),
            enableSorting: Boolean(c.sortValue),
            accessorFn: c.sortValue ? (row: Row) => c.sortValue?.(row) ?? undefined : undefined,
            sortUndefined: "last",
            sortDescFirst: c.numeric ?? false,
          }) as ColumnDef<Row>,
      ),
    [columns],
  );
  const table = useReactTable({
    data,
    columns: definitions,
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowKey,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const headers = new Map(columns.flatMap((c) => (typeof c.header === "string" ? [[c.id, c.header] as const] : [])));
  const numericIds = new Set(columns.filter((c) => c.numeric).map((c) => c.id));
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={label}>
      <table className="stacks" role="table">
        <caption className="visually-hidden">{label}</caption>
        <thead role="rowgroup">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} role="row">
              {group.headers.map(({ column, getContext }) => {
                const order = column.getIsSorted();
                const header = flexRender(column.columnDef.header, getContext());
                return (
                  <th
                    key={column.id}
                    scope="col"
                    role="columnheader"
                    className={numericIds.has(column.id) ? "number" : undefined}
                    aria-sort={order ? (order === "asc" ? "ascending" : "descending") : undefined}
                  >
                    {column.getCanSort() ? (
                      <button type="button" onClick={column.getToggleSortingHandler()}>
                        {header}
                        {order === "asc" && <ArrowUp className="icon" aria-hidden />}
                        {order === "desc" && <ArrowDown className="icon" aria-hidden />}
                      </button>
                    ) : (
                      header
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody role="rowgroup">
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} role="row">
              {row.getVisibleCells().map((cell, index) => (
                <td
                  key={cell.id}
                  role="cell"
                  data-head={index > 0 ? headers.get(cell.column.id) : undefined}
                  className={numericIds.has(cell.column.id) ? "number" : undefined}
                >
                  <div>{flexRender(cell.column.columnDef.cell, cell.getContext())}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
