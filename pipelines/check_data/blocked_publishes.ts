import { listSnapshots, type ObjectStore } from "shopflow/lake/mod.ts";
import { type QuarantinedRun, quarantinedRuns } from "shopflow/warehouse/mod.ts";

/** What data tests kept from being published. */
export interface BlockedPublishes {
  problems: string[];
  warnings: string[];
  summary: string;
}

/**
 * Publishes that data tests blocked since the last check. One that no publish has followed is a problem, however old:
 * readers still see the data from before it.
 *
 * @param since Time of the last check; without one all of them count.
 */
export async function blockedPublishes(
  store: ObjectStore,
  since: string | undefined,
): Promise<BlockedPublishes> {
  const runs = await quarantinedRuns(store);
  const published = (await listSnapshots(store)).map(({ createdAt }) => createdAt).toSorted().at(-1) ?? "";
  const [latest] = runs;
  const isOpen = (run: QuarantinedRun) => run === latest && run.createdAt > published;
  const recent = runs.filter((run) => since === undefined || run.createdAt > since);
  return {
    problems: runs.filter(isOpen).map((run) =>
      `The newest data is not published: ${testsOf(run)}. ` +
      `What is published is of ${published}; \`deno task lake quarantine\` shows the rows`
    ),
    warnings: recent.filter((run) => !isOpen(run)).map((run) =>
      `A publish was blocked, and a later one succeeded: ${testsOf(run)}`
    ),
    summary: `${recent.length === 1 ? "1 publish" : `${recent.length} publishes`} blocked ${
      since === undefined ? "so far" : `since ${since}`
    }`,
  };
}

const testsOf = ({ run, createdAt, tests }: QuarantinedRun) =>
  `at ${createdAt} ${tests.map(({ name, failures }) => `${name} failed for ${failures} rows`).join(", ")} ` +
  `(run ${run})`;
