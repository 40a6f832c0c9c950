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

/** What is asked for was not produced yet, or what was produced could not be loaded. */
export function notReady(
  what: string,
  { failed, command = "deno task pipeline run all" }: { failed: boolean; command?: string },
): HttpProblem {
  if (failed) {
    return new HttpProblem(503, "not_readable", `${what} not available: their files could not be read`, {
      remedy: "Ask the operator: the log of this server names the file and what to do.",
    });
  }
  return new HttpProblem(503, "not_ready", `${what} not available yet`, {
    remedy:
      `Check that SHOPFLOW_LAKE names the right lake and that its disk is mounted. Where that is so, run ` +
      `\`${command}\`; the server picks the result up without a restart.`,
  });
}
