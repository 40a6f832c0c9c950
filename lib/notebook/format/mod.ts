/** Notebook files alone, without what reads a lake: git starts its filter for every notebook that it looks at. */
export { cleanNotebook } from "./clean.ts";
export { formatNotebook, parseNotebook, readNotebook } from "./notebook_file.ts";
