import { z } from "@hono/zod-openapi";

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
  403: "The server lets nobody do that, or a page of another site asked for it",
  404: "There is no such thing",
  409: "It cannot be done now; the answer says why",
  413: "The body is too large",
  415: "The body is not declared as JSON",
  422: "The features are too few, not known to the model, not possible or contradict each other",
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
