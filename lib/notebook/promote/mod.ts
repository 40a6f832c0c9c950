/** Cells that become modules of lib/. */
export { findRedefinitions, libraryNames } from "./plan.ts";
export { promoteCells, type Promotion } from "./promote_cells.ts";
