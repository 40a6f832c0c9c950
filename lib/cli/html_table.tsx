import type { Child } from "hono/jsx";

interface TableProps {
  head: string[];
  /** One cell a column. */
  rows: Child[][];
  class?: string;
}

/** A table of a page; where it is too wide, it scrolls and the page does not. */
export function Table({ head, rows, class: name }: TableProps) {
  return (
    <div class="scroll">
      <table class={name}>
        <thead>
          <tr>{head.map((title) => <th>{title}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((cells) => <tr>{cells.map((cell) => <td>{cell}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}
