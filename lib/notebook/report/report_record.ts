import type { Parameters } from "../format/parameters.ts";
import { declaredIn } from "../format/report_declaration.ts";
import type { Page } from "./page.ts";
import type { ReportedMetric } from "../run/metrics.ts";
import { type RunRecord, snapshotRead, type StartedBy } from "../run/record.ts";

/** A published notebook run: what an index of reports shows of it. */
export interface Report {
  /** The notebook's name; `/reports/<name>` is its page. */
  name: string;
  title: string;
  /** First paragraph of the notebook, as plain text. */
  summary: string;
  runId: string;
  /** When the run started. */
  createdAt: string;
  milliseconds: number;
  /** Snapshot of the lake that the notebook read; empty when it read none. */
  snapshot: string;
  /** Day of the newest order in that snapshot. */
  ordersUntil?: string;
  parameters: Parameters;
  /** What the notebook declares beside title and summary. */
  tags?: string[];
  owner?: string;
  audience?: string;
  /** Whether the notebook declares that it is a report; else it was published by itself nevertheless. */
  isDeclared: boolean;
  /** Where the notebook was, see `RunRecord.path`. */
  path?: string;
  startedBy?: StartedBy;
  /** SHA-256 of the notebook file, and the commit that it was of. */
  notebookSha256: string;
  commit?: string;
  /** Snapshots, model versions and score tables that the run read. */
  lineage: RunRecord["lineage"];
  /** The metrics that the notebook showed, in its order. */
  metrics: Record<string, ReportedMetric>;
  status: RunRecord["status"];
  /** The failing cell's error, on a failed run. */
  error?: string;
  /** Hashes of the page's scripts: those that our renderer put in, not those that are found in the page. */
  scripts?: string[];
  /** SHA-256 of the page. */
  pageSha256: string;
  /** Hash of all that the run depends on, to know when it need not be repeated. */
  inputs: string;
}

/** A run to publish. */
export interface Publication
  extends Pick<Report, "inputs">, Partial<Pick<Report, "metrics" | "ordersUntil">> {
  record: RunRecord;
  page: Page;
  /** Whether it takes the place of the report, or is kept under its own link only. Default true. */
  isCurrent?: boolean;
}

/** What is kept of a run that is published. */
export function reportOf(
  { record, page, inputs, metrics = {}, ordersUntil }: Publication,
  pageSha256: string,
): Report {
  const { failure } = record;
  return {
    name: record.notebook,
    title: page.title,
    summary: page.summary,
    runId: record.runId,
    createdAt: record.startedAt,
    milliseconds: record.milliseconds,
    snapshot: snapshotRead(record) ?? "",
    ...(ordersUntil && { ordersUntil }),
    parameters: record.parameters,
    ...declaredFacts(record),
    ...(record.path && { path: record.path }),
    ...(record.startedBy && { startedBy: record.startedBy }),
    notebookSha256: record.notebookSha256,
    ...(record.commit && { commit: record.commit }),
    lineage: record.lineage,
    metrics,
    status: record.status,
    ...(failure && { error: `${failure.ename}: ${failure.evalue}` }),
    scripts: page.scripts,
    pageSha256,
    inputs,
  };
}

function declaredFacts({ report }: RunRecord): Pick<Report, "tags" | "owner" | "audience" | "isDeclared"> {
  const { tags, owner, audience } = declaredIn(report);
  return {
    ...(tags && tags.length > 0 && { tags }),
    ...(owner && { owner }),
    ...(audience && { audience }),
    isDeclared: report !== undefined,
  };
}
