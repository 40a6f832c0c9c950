import type { Child } from "hono/jsx";

interface TableProps<Row> {
  columns: { title: string; cell(row: Row): Child }[];
  rows: readonly Row[];
  class?: string;
}

/** A table of a page; where it is too wide, it scrolls and the page does not. */
export function Table<Row>({ columns, rows, class: name }: TableProps<Row>) {
  return (
    <div class="scroll">
      <table class={name}>
        <thead>
          <tr>{columns.map(({ title }) => <th key={title}>{title}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>{columns.map(({ title, cell }) => <td key={title}>{cell(row)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
