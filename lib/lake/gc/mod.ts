/** What a lake does not need, and its removal. */
export { openWriteRecord, type WriteRecord } from "./write_records.ts";
export { type ForeignObject, type Garbage, objectsBeforeLake, type Retention } from "./garbage.ts";
export { collectGarbage, plannedGarbage } from "./collect.ts";
