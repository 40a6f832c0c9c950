import { type ErrorDetails, ShopFlowError } from "shopflow/errors/mod.ts";
import type { Session, Value } from "shopflow/warehouse/mod.ts";
import { z } from "zod";
import { isBaseline } from "./registry/list.ts";
import type { ScoreTable } from "./registry/scores.ts";
import type { ModelCard } from "./registry/versions.ts";

/** How the server answers from a model. */
export interface ServingDefinition<Model, Scores> {
  /**
   * Loads the current score table into memory.
   *
   * @param source What to select from in DuckDB.
   */
  loadScores(session: Session, source: string, table: ScoreTable): Promise<Scores>;
  /** Routes of the API; each needs the API key. */
  endpoints: readonly Endpoint<Served<Model, Scores>>[];
  /** Features that requests may send, for /docs. */
  describeInputs?(model: Model | undefined): InputsDescription;
  /** Customers who have a score, for examples that can be sent as they are. */
  scoredCustomers?(scores: Scores): Iterator<string>;
}

/** What one request is answered from; a part is undefined until a pipeline has produced it. */
export interface Served<Model = unknown, Scores = unknown> {
  model?: { card: ModelCard; model: Model };
  scores?: { table: ScoreTable; rows: Scores };
  shop?: ShopIndex;
  /** Parts whose newest version could not be loaded. */
  failed: { model: boolean; scores: boolean; shop: boolean };
}

/** Which customers and products the shop has. */
export interface ShopIndex {
  customers: ReadonlySet<string>;
  products: ReadonlyMap<string, { name: string; category: string | null }>;
}

/** A route of the scoring API. Messages of its schemas say what is expected, e.g. "a whole number from 1 to 20". */
export interface Endpoint<State, Params = unknown, Query = unknown, Body = unknown> {
  method: "get" | "post";
  /** With parameters in braces, e.g. `/recommend/{customer_id}`. */
  path: string;
  summary: string;
  description: string;
  /** The question it answers and a request, for the start page; ids of examples are replaced by the shop's. */
  example: { question: string; path: string; body?: unknown };
  params?: z.ZodObject & z.ZodType<Params>;
  query?: z.ZodObject & z.ZodType<Query>;
  body?: { schema: z.ZodType<Body>; examples: Record<string, { summary: string; value: unknown }> };
  answer: { description: string; schema: z.ZodType };
  /** Statuses of refusals besides those that every endpoint has. */
  refusals: readonly (404 | 422)[];
  /** @throws {RequestError} when there is no answer. */
  respond(state: State, request: { params: Params; query: Query; body: Body }): object;
}

/** An endpoint whose handler is typed by its schemas, in a list of endpoints with others. */
export function defineEndpoint<State, Params = unknown, Query = unknown, Body = unknown>(
  endpoint: Endpoint<State, Params, Query, Body>,
): Endpoint<State> {
  return endpoint as Endpoint<State>;
}

/** A table of features for /docs. */
export interface InputsDescription {
  title: string;
  /** How to send them. */
  note: string;
  features: { name: string; unit: string; description: string; required: boolean; values: string }[];
}

/** Why a request has no answer. */
export class RequestError extends ShopFlowError {
  /**
   * @param code Stable name of the kind of problem, for programs.
   * @param problem One sentence for people.
   */
  constructor(
    readonly status: 404 | 422 | 503,
    readonly code: string,
    readonly problem: string,
    details: ErrorDetails = {},
  ) {
    super(problem, details);
  }
}

/** The error for scores or a model that no pipeline has produced yet, or that could not be loaded. */
export function notReady(
  what: string,
  { failed, command = "deno task pipeline run all" }: { failed: boolean; command?: string },
): RequestError {
  if (failed) {
    return new RequestError(503, "not_readable", `${what} not available: their files could not be read`, {
      remedy: "Ask the operator: the log of this server names the file and what to do.",
    });
  }
  return new RequestError(503, "not_ready", `${what} not available yet`, {
    remedy:
      `Check that SHOPFLOW_LAKE names the right lake and that its disk is mounted. Where that is so, run ` +
      `\`${command}\`; the server picks the result up without a restart.`,
  });
}

const AN_ID = "an id as text of at least one character";

/** Id of a customer or product: any text, as the shop's own ids may be. In a path it is percent-encoded. */
export const EntityId = z.string(AN_ID).min(1, AN_ID);

/** Where an answer comes from; part of every scoring answer. */
export const Versions = z.object({
  as_of: z.string().meta({ description: "Data before this date was used", example: "2024-10-02" }),
  model_kind: z.enum(["model", "baseline"]).meta({
    description:
      "model: the champion; baseline: the simplest method, because no model was good enough or could score " +
      "(churn: recency alone; recommendations: the shop's best sellers for everybody)",
    example: "model",
  }),
  model_version: z.string().meta({
    description: "Version of the model; that of a baseline begins with baseline-",
    example: "8f2a61c0d9e4",
  }),
  data_snapshot: z.string().meta({ description: "Snapshot of the lake", example: "5f4dcc3b5aa765d6" }),
});

export type VersionsOf = z.infer<typeof Versions>;

/** Whether a model of this version answers, or a baseline. */
export const kindOf = (version: string): "model" | "baseline" =>
  isBaseline({ version }) ? "baseline" : "model";

/** Versions of an answer from a score table. */
export const versionsOfScores = (table: ScoreTable): VersionsOf => ({
  as_of: table.asOf,
  model_kind: kindOf(table.modelVersion),
  model_version: table.modelVersion,
  data_snapshot: table.snapshot,
});

/** Versions of an answer that a model computes at the request. */
export const versionsOfModel = (card: ModelCard): VersionsOf => ({
  as_of: card.asOf,
  model_kind: kindOf(card.version),
  model_version: card.version,
  data_snapshot: card.snapshot,
});

/**
 * Reads a query's result a slice of rows at a time, in the query's order, each slice as one array a column.
 * Converting a million rows at once would block every request for a second; between slices they are served.
 */
export async function* columnSlices(
  session: Session,
  query: string,
  rowsPerSlice = 10_000,
): AsyncGenerator<Record<string, Value[]>> {
  await session.run(`CREATE OR REPLACE TEMP TABLE sliced AS ${query}`);
  const [size] = await session.rows<{ rows: number }>("SELECT count(*) AS rows FROM sliced");
  for (let from = 0; from < (size?.rows ?? 0); from += rowsPerSlice) {
    yield await session.columns(
      `SELECT * FROM sliced WHERE rowid >= ${from} AND rowid < ${from + rowsPerSlice} ORDER BY rowid`,
    );
  }
  await session.run("DROP TABLE sliced");
}
