import { ColumnTable } from "arquero";
import { DISPLAY, showTable } from "./displayables.ts";

/**
 * From now on a table of arquero that is the last value of a cell is shown as one, with its first 20 rows;
 * `showTable` does the same with choices. It works for every arquero that `deno.json` resolves to: there is one.
 */
export function showArqueroTables(): void {
  Object.defineProperty(ColumnTable.prototype, DISPLAY, {
    configurable: true,
    value(this: ColumnTable) {
      return showTable(this)[DISPLAY]();
    },
  });
}
