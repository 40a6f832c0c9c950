import { type ErrorDetails, ShopFlowError } from "shopflow/errors/mod.ts";
import type { ContentfulStatusCode } from "hono/utils/http-status";

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

/** What is asked for needs a pipeline that has not run yet. */
export function notReady(what: string, command = "deno task pipeline run all"): HttpProblem {
  return new HttpProblem(503, "not_ready", `${what} not available yet`, {
    remedy: `Run \`${command}\`; the server picks the result up without a restart.`,
  });
}
