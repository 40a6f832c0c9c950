/** What a webhook was sent. */
export interface Posted {
  text: string;
  blocks: { type: string; text: { type: string; text: string } }[];
}

/** A real server that takes messages as Slack does, or answers as `answer` says. */
export async function withWebhook(
  body: (
    webhook: { url: string; posted: Posted[]; answer: { with?: () => Response | Promise<Response> } },
  ) => Promise<void>,
): Promise<void> {
  const posted: Posted[] = [];
  const answer: { with?: () => Response | Promise<Response> } = {};
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const message = await request.json();
    const response = await answer.with?.() ?? new Response("ok");
    if (response.ok) posted.push(message);
    return response;
  });
  try {
    await body({ url: `http://127.0.0.1:${server.addr.port}/services/T0SECRET/B0SECRET`, posted, answer });
  } finally {
    await server.shutdown();
  }
}
