import { sqlName } from "./session.ts";

/** SQL name of a model. */
export function relationOf(model: string): string {
  return sqlName(model);
}

/** SQL name of a source table. */
export function sourceRelationOf({ schema, table }: { schema: string; table: string }): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}
