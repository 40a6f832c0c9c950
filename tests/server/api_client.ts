import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createApp, type ServerDependencies } from "../../server/app.ts";
import { publishWholeLake, temporaryLake } from "./small_lake.ts";
import { putRun, QUEUED_RUN, saveSmallSchedule } from "./small_schedule.ts";

/** The body of an unsuccessful answer. */
export interface Problem {
  error: { code: string; message: string; expected?: string; found?: string; remedy?: string };
}

/** An app that is asked without a port, with what it logged. */
export interface ApiClient {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a value as JSON; text is sent as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Sends a form as a page of this server does. */
  submit(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  log: string[];
  app: ReturnType<typeof createApp>;
}

export const NOW = new Date("2024-10-02T06:00:00Z");

export function createClient(
  store: ObjectStore,
  { now = () => NOW, ...options }: Omit<ServerDependencies, "store" | "runtime"> & { now?: () => Date } = {},
): ApiClient {
  const log: string[] = [];
  const runtime = createRuntime({
    now,
    log: createLogger((line) => log.push(line)),
    progress: silentProgress,
  });
  const app = createApp({ store, runtime, ...options });
  return {
    get: async (path, headers = {}) => await app.request(path, { headers }),
    post: async (path, body, headers = {}) =>
      await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    submit: async (path, fields = {}, headers = {}) =>
      await app.request(path, {
        method: "POST",
        headers: { origin: "http://localhost", ...headers },
        body: new URLSearchParams(fields),
      }),
    log,
    app,
  };
}

type TemporaryLake = Awaited<ReturnType<typeof temporaryLake>>;
let shared: Promise<{ lake: TemporaryLake; client: ApiClient }> | undefined;

/** Declares a test that asks an app over a lake with everything in it; a file's tests share the two. */
export function testApi(name: string, body: (client: ApiClient) => Promise<void>): void {
  Deno.test(name, async () => {
    shared ??= (async () => {
      const lake = await temporaryLake();
      await publishWholeLake(lake.store);
      await saveSmallSchedule(lake.store, NOW);
      await putRun(lake.store, QUEUED_RUN);
      return { lake, client: createClient(lake.store, { loopbackOnly: true }) };
    })();
    await body((await shared).client);
  });
}

Deno.test.afterAll(async () => {
  await (await shared)?.lake[Symbol.asyncDispose]();
  shared = undefined;
});
