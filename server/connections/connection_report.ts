import prometheus from "prom-client";
import type { Logger } from "shopflow/runtime/mod.ts";

/** Why the server ended a connection that its client would have kept. */
export type CutReason =
  /** The headers of a request did not arrive in time. */
  | "header_deadline"
  /** The body of a request did not arrive in time. */
  | "body_deadline"
  /** The client did not take its answer in time. */
  | "answer_deadline"
  /** It waited while others needed its place. */
  | "made_room"
  /** All places were taken by requests at work. */
  | "refused"
  /** It sent too many requests without waiting for answers. */
  | "ahead"
  /** What arrived was not HTTP. */
  | "malformed"
  /** Its answer was not given when the server had to stop. */
  | "shutdown";

const WORDS: Record<CutReason, string> = {
  header_deadline: "sent their headers too slowly",
  body_deadline: "sent their body too slowly",
  answer_deadline: "did not take their answer",
  made_room: "idle, closed to make room",
  refused: "refused, too many connections",
  ahead: "sent too many requests ahead",
  malformed: "did not send HTTP",
  shutdown: "unanswered at the shutdown deadline",
};

/** Shortest time between two warnings, in milliseconds: whoever opens connections must not fill the log. */
const WARNING_EVERY = 60_000;

/** Counts of connections, for `/metrics` and for the log. */
export interface ConnectionReport {
  opened(): void;
  closed(): void;
  cut(reason: CutReason): void;
  /** Warns of what was cut since the last warning, at most once a minute. */
  warn(): void;
  /** As Prometheus collects it. */
  metrics(): Promise<string>;
}

/** Starts to count. `clock` is monotonic, in milliseconds. */
export function createConnectionReport(
  log: Logger,
  clock: () => number = () => performance.now(),
): ConnectionReport {
  const registry = new prometheus.Registry();
  const registers = [registry];
  const open = new prometheus.Gauge({
    name: "shopflow_server_connections",
    help: "Open connections to the server.",
    registers,
  });
  const cuts = new prometheus.Counter({
    name: "shopflow_server_connections_cut_total",
    help: "Connections that the server closed before the client did, by reason.",
    labelNames: ["reason"],
    registers,
  });
  for (const reason of Object.keys(WORDS)) cuts.inc({ reason }, 0);
  const unsaid = new Map<CutReason, number>();
  let warned = -Infinity;
  return {
    opened: () => open.inc(),
    closed: () => open.dec(),
    cut(reason) {
      cuts.inc({ reason });
      unsaid.set(reason, (unsaid.get(reason) ?? 0) + 1);
    },
    warn() {
      if (unsaid.size === 0 || clock() - warned < WARNING_EVERY) return;
      warned = clock();
      const parts = [...unsaid].map(([reason, count]) => `${count} ${WORDS[reason]}`);
      unsaid.clear();
      log.warn(`connections closed by the server: ${parts.join("; ")}. Totals are in /metrics.`);
    },
    metrics: () => registry.metrics(),
  };
}
