import { type ErrorDetails, ShopFlowError } from "shopflow/errors/mod.ts";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "@hono/zod-openapi";

/** An answer with a 4xx or 5xx status that tells the caller what to do. */
export class HttpProblem extends ShopFlowError {
  /**
   * @param code stable name of the kind of problem, for programs.
   * @param problem one sentence for people.
   */
  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    readonly problem: string,
    details: ErrorDetails = {},
  ) {
    super(problem, details);
  }

  /** The body that every unsuccessful answer of the API has. */
  toJSON() {
    const { code, problem: message, expected, found, remedy } = this;
    return { error: { code, message, expected, found, remedy } };
  }
}

/** The part of a zod issue that an answer needs. */
interface Issue {
  code?: string;
  message: string;
  path: PropertyKey[];
  keys?: string[];
}

interface ValidationResult {
  success: boolean;
  target: string;
  data?: unknown;
  error?: { issues: Issue[] };
}

const PLACES: Record<string, string> = {
  json: "the body",
  query: "the query",
  param: "the path",
};

/**
 * Turns a failed validation into an answer. By the convention of our schemas the message of an issue says
 * what is expected there ("a whole number from 1 to 20").
 *
 * @throws {HttpProblem} 400 for the first thing that is wrong.
 */
export function explainInvalid(result: ValidationResult): void {
  const issue = result.error?.issues[0];
  if (result.success || issue === undefined) return;
  const place = PLACES[result.target] ?? result.target;
  if (issue.code === "unrecognized_keys") {
    throw new HttpProblem(400, "unknown_field", `Unknown field in ${place}`, {
      expected: issue.message,
      found: issue.keys?.join(", "),
      remedy: "Correct the name or leave it out.",
    });
  }
  const field = issue.path.map(String).join(".");
  const found = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    result.data,
  );
  const subject = field === "" ? capitalised(place) : `${field} in ${place}`;
  throw new HttpProblem(
    400,
    "invalid_request",
    `${subject} is ${found === undefined ? "missing" : "not valid"}`,
    {
      expected: issue.message,
      found: found === undefined ? undefined : shortJson(found),
      remedy: "See /docs for examples.",
    },
  );
}

/** A value as JSON of at most 80 characters, to quote in an answer. */
function shortJson(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const ProblemBody = z.object({
  error: z.object({
    code: z.string().openapi({ description: "Stable name of the kind of problem" }),
    message: z.string(),
    expected: z.string().optional(),
    found: z.string().optional(),
    remedy: z.string().optional().openapi({ description: "What to do" }),
  }),
}).openapi("Problem");

const DESCRIPTIONS = {
  400: "Something in the request is missing, unknown or not valid",
  401: "The key is missing or wrong",
  403: "The server does not allow this, or the request came from a page of another site",
  404: "Not found",
  409: "Conflict with the current state; the answer says why",
  413: "The body is too large",
  415: "The body is not declared as JSON",
  422: "The features are too few, unknown to the model, impossible, or contradict each other",
  503: "A pipeline has to run first",
};

type ProblemStatus = keyof typeof DESCRIPTIONS;

/** The unsuccessful answers of an endpoint, for its OpenAPI description. */
export function problemResponses<S extends ProblemStatus>(...statuses: S[]) {
  const response = (status: S) => ({
    description: DESCRIPTIONS[status],
    content: { "application/json": { schema: ProblemBody } },
  });
  return Object.fromEntries(statuses.map((status) => [status, response(status)])) as Record<
    S,
    ReturnType<typeof response>
  >;
}
