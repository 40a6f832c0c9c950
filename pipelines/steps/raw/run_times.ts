import type { RawTable } from "shopflow/lake/mod.ts";
import type { RawRun } from "shopflow/lake/raw/mod.ts";

/** Clocks of two machines may differ by so much. */
const CLOCKS_DIFFER_MS = 15 * 60 * 1000;

/** Runs whose clock was ahead. */
interface RunsAhead {
  /** By run the time that its rows should have (ISO 8601), in the order of extraction. */
  corrected: Map<string, string>;
  /** Runs of a time that has not come, of which it is not certain that their clock was at fault and not the present one. */
  doubtful: string[];
}

/** What a clock says, and what PostgreSQL's says at the same time; both ISO 8601. */
interface Clocks {
  now: string;
  sourceTime: string;
}

/**
 * Finds runs of a time that has not come yet by two clocks, this machine's and PostgreSQL's. The rows that they brought
 * would be the latest of their keys, and versions of customers begin, only in the future; every later run would be
 * dated after them. Their time is corrected to that of the transaction they read in, or to just before the present run.
 *
 * It takes more than the two clocks, which may both be behind: PostgreSQL's clock contradicted such a run when it read,
 * or at least as many runs are of the past.
 *
 * @param run The present run, which is dated after those ahead.
 */
export function runsAhead(
  tables: Record<string, Pick<RawTable, "files">>,
  { run: present, now, sourceTime }: Clocks & { run: string },
): RunsAhead {
  const known = distinctRuns(tables).filter(({ run }) => run !== present);
  const limit = Math.max(Date.parse(now), Date.parse(sourceTime)) + CLOCKS_DIFFER_MS;
  const isAhead = ({ extractedAt }: RawRun) => Date.parse(extractedAt) > limit;
  const ahead = known.filter(isAhead);
  const past = known.filter((run) => !isAhead(run));
  const isCertain = ahead.length <= past.length || ahead.every(isContradicted);
  if (ahead.length === 0 || !isCertain) {
    return {
      corrected: new Map(),
      doubtful: ahead.map(({ run }) => run),
    };
  }
  const corrected = new Map<string, string>();
  let before = Math.max(0, ...past.map(({ extractedAt }) => Date.parse(extractedAt)));
  // Room for each of them and the present run after the last one of the past.
  const end = Math.max(Date.parse(now), before + ahead.length + 1);
  for (const [rank, { run, sourceTime: read }] of ahead.entries()) {
    const latest = end - (ahead.length - rank);
    const wanted = read === undefined ? NaN : Date.parse(read);
    const time = wanted > before && wanted < latest ? wanted : latest;
    corrected.set(run, new Date(time).toISOString());
    before = time;
  }
  corrected.set(present, new Date(end).toISOString());
  return { corrected, doubtful: [] };
}

/** Whether PostgreSQL's clock said something else when the run read. */
const isContradicted = ({ extractedAt, sourceTime }: RawRun) =>
  sourceTime !== undefined && Date.parse(extractedAt) - Date.parse(sourceTime) > CLOCKS_DIFFER_MS;

/** The runs of all tables, each once, in the order of extraction. */
function distinctRuns(tables: Record<string, Pick<RawTable, "files">>): RawRun[] {
  const runs = new Map<string, RawRun>();
  for (const { files } of Object.values(tables)) {
    for (const run of files.flatMap((file) => file.runs)) {
      const seen = runs.get(run.run);
      // The tickets' part may not say when PostgreSQL was read.
      runs.set(run.run, { ...seen, ...run });
    }
  }
  return [...runs.values()].sort((a, b) => a.extractedAt < b.extractedAt ? -1 : 1);
}
