// @ts-types="@types/pg"
import type pg from "pg";
import type { Socket } from "node:net";

/** Times of {@linkcode watchForSilence}, in milliseconds. */
export interface SilenceLimits {
  /** Silence of a server that owes an answer, after which it is asked whether it is there. */
  silentMs: number;
  /** Pause between two such questions. */
  askEveryMs: number;
  /** Questions without an answer after which the connection is given up. */
  questions: number;
}

/** Two to three minutes in all, with the time that a new connection may take. */
const LIMITS: SilenceLimits = { silentMs: 60_000, askEveryMs: 20_000, questions: 3 };

/** The parts of the driver's client that its types leave out. */
interface Insides {
  connection: { stream: Socket };
  readyForQuery: boolean;
}

/**
 * Watches a connection on which a query may be silent for hours, since it waits or works, but on which nothing arrives
 * either when the network went silent: a firewall that forgot it, a proxy that hangs, a machine that is gone. TCP's own
 * keepalive, which not every network passes on, takes up to a quarter of an hour to say so. Where a server owes an answer
 * and nothing came for a minute, a new connection is tried now and then; when several in a row are not answered, this one
 * is given up, and its queries fail as those of a connection that broke.
 *
 * @param answers whether a new connection is answered
 */
export function watchForSilence(
  client: pg.Client,
  answers: () => Promise<boolean>,
  { silentMs, askEveryMs, questions }: SilenceLimits = LIMITS,
): { stop(): void } {
  const insides = client as unknown as Insides;
  const { stream } = insides.connection;
  const started = performance.now();
  let bytes = stream.bytesRead;
  let heardAt = started;
  let unanswered = 0;
  let isAsking = false;
  let timer = setTimeout(look, askEveryMs);
  const stop = () => clearTimeout(timer);
  client.once("end", stop);

  async function look(): Promise<void> {
    const now = performance.now();
    const owes = !insides.readyForQuery && !stream.destroyed;
    if (!owes || stream.bytesRead > bytes) {
      bytes = stream.bytesRead;
      heardAt = now;
      unanswered = 0;
    } else if (now - heardAt >= silentMs && !isAsking) {
      isAsking = true;
      unanswered = await answers() ? 0 : unanswered + 1;
      isAsking = false;
      if (unanswered >= questions && stream.bytesRead === bytes) {
        const seconds = Math.round((performance.now() - heardAt) / 1000);
        const silence = `nothing came from the server for ${seconds} s, and it answers no new connection`;
        stream.destroy(Object.assign(new Error(silence), { code: "ETIMEDOUT" }));
        return;
      }
    }
    if (!stream.destroyed) timer = setTimeout(look, askEveryMs);
  }
  return { stop };
}
