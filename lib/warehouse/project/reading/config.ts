/** The settings of dbt that a model, seed or data test may have: which work, which change nothing, which are refused. */
import { WarehouseError } from "shopflow/errors/mod.ts";
import { z } from "zod";

/** What a setting belongs to. */
export type Kind = "model" | "seed" | "data test";

/** Settings as they are written, and where, e.g. `dbt_project.yml line 12`. */
export interface WrittenSettings {
  settings: Record<string, unknown>;
  placeOf(key: string): string;
}

const tags = z.union([z.string(), z.array(z.string())]).transform((value) =>
  typeof value === "string" ? [value] : value
);
const meta = z.record(z.string(), z.unknown());

/** Settings that only an incremental model has. It is built whole in every run, which gives what `--full-refresh` gives. */
const INCREMENTAL = [
  "unique_key",
  "incremental_strategy",
  "incremental_predicates",
  "on_schema_change",
  "full_refresh",
] as const;

const MATERIALIZED = ["view", "table", "incremental", "ephemeral"] as const;
const COMMON = { enabled: z.boolean(), tags, meta };
const CONDITION = z.string().regex(
  /^\s*(=|!=|<>|<=?|>=?)\s*\d+\s*$/,
  "expected a comparison with a number, e.g. >10",
);

/** Settings that work, by what they belong to. */
const SHAPES = {
  model: z.strictObject({
    ...COMMON,
    alias: z.string(),
    materialized: z.enum(MATERIALIZED),
    contract: z.union([z.boolean(), z.object({ enforced: z.boolean() })])
      .transform((value) => typeof value === "boolean" ? value : value.enforced),
    ...Object.fromEntries(INCREMENTAL.map((key) => [key, z.unknown()])),
  }).partial(),
  seed: z.strictObject({
    ...COMMON,
    alias: z.string(),
    column_types: z.record(z.string(), z.string()),
    delimiter: z.string().length(1),
    quote_columns: z.boolean(),
    full_refresh: z.unknown(),
  }).partial(),
  "data test": z.strictObject({
    ...COMMON,
    severity: z.string().toLowerCase().pipe(z.enum(["warn", "error"])),
    where: z.string().nullable(),
    limit: z.int().positive().nullable(),
    warn_if: CONDITION,
    error_if: CONDITION,
    fail_calc: z.string(),
  }).partial(),
};

/** Settings of dbt that change no row of a table, and are passed over. */
const WITHOUT_EFFECT = new Set([
  "access",
  "description",
  "docs",
  "event_time",
  "file_format",
  "group",
  "indexes",
  "persist_docs",
  "static_analysis",
]);

const ONE_NAMESPACE = "the tables of a snapshot have one namespace: use `alias` for another name";
const HOOK = "no statements run beside the models: write what it does as a model, or as a data test";

/** Settings of dbt that are refused, and what to do instead. */
const REFUSED: Record<string, string> = {
  schema: ONE_NAMESPACE,
  database: ONE_NAMESPACE,
  post_hook: HOOK,
  pre_hook: HOOK,
  "post-hook": HOOK,
  "pre-hook": HOOK,
  sql_header: HOOK,
  grants: "who may read the lake is said where the lake is stored",
  store_failures: "rows that fail a data test are always kept: see `deno task lake quarantine`",
  store_failures_as: "rows that fail a data test are always kept: see `deno task lake quarantine`",
  external_location: "the lake chooses the files",
  location: "the lake chooses the files",
  format: "the lake chooses the files",
};

/** Why a setting is refused, if it is. */
export function refusalOf(key: string, kind: Kind): string | undefined {
  if (key in SHAPES[kind].shape || WITHOUT_EFFECT.has(key)) return undefined;
  const why = REFUSED[key] ??
    `a ${kind} has ${Object.keys(SHAPES[kind].shape).join(", ")}; your own settings go into meta`;
  return `the setting ${key} is not supported here: ${why}`;
}

/** Settings of a model after all that is said of it was put together. */
export interface ModelSettings {
  enabled?: boolean | undefined;
  alias?: string | undefined;
  materialized?: typeof MATERIALIZED[number] | undefined;
  contract?: boolean | undefined;
  tags?: string[] | undefined;
  meta?: Record<string, unknown> | undefined;
}

/** Settings of a seed. */
export interface SeedSettings extends Omit<ModelSettings, "materialized" | "contract"> {
  column_types?: Record<string, string> | undefined;
  delimiter?: string | undefined;
}

/** Settings of a data test. */
export interface TestSettings {
  enabled?: boolean | undefined;
  tags?: string[] | undefined;
  severity?: "warn" | "error" | undefined;
  where?: string | null | undefined;
  limit?: number | null | undefined;
  warn_if?: string | undefined;
  error_if?: string | undefined;
  fail_calc?: string | undefined;
}

interface Settings {
  model: ModelSettings;
  seed: SeedSettings;
  "data test": TestSettings;
}

/**
 * Puts together what is said at several places, the later one wins: tags of all of them count, and `meta` is merged.
 *
 * @throws {WarehouseError} for a setting that is refused or has a value of the wrong type; its place is named.
 */
export function combineSettings<K extends Kind>(kind: K, places: WrittenSettings[]): Settings[K] {
  let combined: Record<string, unknown> = {};
  for (const { settings, placeOf } of places) {
    for (const [key, value] of Object.entries(settings)) {
      const refusal = refusalOf(key, kind);
      if (refusal !== undefined) throw new WarehouseError(`${placeOf(key)}: ${refusal}`);
      if (WITHOUT_EFFECT.has(key)) continue;
      combined = { ...combined, [key]: merged(key, combined[key], checked(kind, key, value, placeOf)) };
    }
  }
  if (combined.materialized !== "incremental") refuseIncremental(kind, combined, places);
  return combined as Settings[K];
}

function merged(key: string, before: unknown, value: unknown): unknown {
  if (before === undefined) return value;
  if (key === "tags") return [...new Set([...before as string[], ...value as string[]])];
  if (key === "meta") return { ...before as object, ...value as object };
  return value;
}

function checked(kind: Kind, key: string, value: unknown, placeOf: WrittenSettings["placeOf"]): unknown {
  const result = (SHAPES[kind] as z.ZodType).safeParse({ [key]: value });
  if (result.success) return (result.data as Record<string, unknown>)[key];
  throw new WarehouseError(`${placeOf(key)}: the setting ${key} of a ${kind} has a wrong value`, {
    expected: expectedOf(result.error),
    found: JSON.stringify(value),
  });
}

function expectedOf({ issues: [issue] }: z.ZodError): string {
  if (issue?.code === "invalid_value") return `one of ${issue.values.join(", ")}`;
  return issue?.code === "invalid_type" ? issue.expected : issue?.message ?? "another value";
}

function refuseIncremental(kind: Kind, combined: Record<string, unknown>, places: WrittenSettings[]): void {
  if (kind !== "model") return;
  const key = INCREMENTAL.find((key) => key in combined && key !== "full_refresh");
  if (key === undefined) return;
  const { placeOf } = places.findLast(({ settings }) => key in settings)!;
  throw new WarehouseError(`${placeOf(key)}: the setting ${key} belongs to an incremental model`, {
    remedy: "Leave it out, or set materialized to incremental.",
  });
}
