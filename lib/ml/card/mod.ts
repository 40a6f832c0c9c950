/** Model cards: what a version is for, how good it is, and where it came from. */
export { type ModelLineage, modelLineage } from "./lineage.ts";
export { type ModelCardContent, modelCardMarkdown } from "./markdown.ts";
