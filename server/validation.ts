import { HttpProblem } from "./problem.ts";

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
