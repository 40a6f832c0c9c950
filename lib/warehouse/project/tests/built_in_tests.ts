import { WarehouseError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { sqlName, sqlString } from "../../session.ts";

/** What dbt's own four generic tests take: the relation and column under test, and arguments. */
type BuiltIn = (relation: string, column: string, args: Record<string, unknown>) => string;

const none = z.strictObject({});
const acceptedValues = z.strictObject({
  values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
  quote: z.boolean().default(true),
});
const relationships = z.strictObject({ to: z.string(), field: z.string() });

/** The generic tests every dbt project has. */
export const BUILT_IN_TESTS: Record<string, BuiltIn> = {
  unique(relation, column, args) {
    none.parse(args);
    return `select ${column}, count(*) as copies from ${relation} where ${column} is not null
     group by ${column} having count(*) > 1`;
  },
  not_null(relation, column, args) {
    none.parse(args);
    return `select * from ${relation} where ${column} is null`;
  },
  accepted_values(relation, column, args) {
    const { values, quote } = acceptedValues.parse(args);
    const list = values.map((value) => quote ? sqlString(String(value)) : String(value)).join(", ");
    return `select ${column}, count(*) as "rows" from ${relation}
      where ${column} is not null and ${column} not in (${list}) group by ${column}`;
  },
  relationships(relation, column, args) {
    const { to, field } = relationships.parse(args);
    return `select child.${column}, count(*) as "rows" from ${relation} as child
      left join ${to} as parent on child.${column} = parent.${sqlName(field)}
      where child.${column} is not null and parent.${sqlName(field)} is null group by child.${column}`;
  },
};

/**
 * SQL of one of dbt's own generic tests.
 *
 * @throws {WarehouseError} when its arguments are not what it takes.
 */
export function builtInTestSql(
  kind: string,
  place: { file: string; relation: string; column: string | undefined },
  args: Record<string, unknown>,
): string {
  // dbt lets the column be an argument of a test of the whole model.
  const { column_name, ...others } = args;
  const column = place.column ?? (typeof column_name === "string" ? column_name : undefined);
  if (column === undefined) {
    throw new WarehouseError(`${place.file} declares ${kind} for a whole model`, {
      expected: `${kind} beneath one of its columns`,
    });
  }
  try {
    return BUILT_IN_TESTS[kind]!(place.relation, /^\w+$/.test(column) ? sqlName(column) : column, others);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const { path = [], message } = cause.issues[0] ?? {};
    throw new WarehouseError(`${place.file}: ${kind} of column ${column} is malformed`, {
      found: `${path.join(" > ") || "its arguments"}: ${message}`,
      cause,
    });
  }
}
