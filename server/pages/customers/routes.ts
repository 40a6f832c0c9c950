import { type Context, Hono } from "hono";
import { stringify } from "csv-stringify/sync";
import { InputError, withoutRemedy } from "shopflow/errors/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  deletedCustomers,
  findAudience,
  LIST_TABLES,
  listAudiences,
  loadAudience,
  readCustomers,
  saveAudience,
} from "shopflow/segments/audiences/mod.ts";
import {
  type CustomerSelection,
  parseSelection,
  segmentSummaries,
  selectionText,
} from "shopflow/segments/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type OpenSnapshot, openSnapshot } from "shopflow/warehouse/mod.ts";
import { operatorAccess, type OperatorRules, requireOperator } from "../../access/operator.ts";
import { sameSiteOnly } from "../../access/origin.ts";
import { HttpProblem } from "../../problems.ts";
import { LIVE_POLICY } from "../live_script.ts";
import { pageNumber } from "../reports/frame.tsx";
import { renderAudience, renderAudiences } from "./audiences.tsx";
import { CUSTOMERS_PER_PAGE, renderCustomers } from "./list.tsx";

interface CustomerPages {
  store: ObjectStore;
  runtime: Pick<Runtime, "now">;
  operators: OperatorRules;
}

/** Parts of an address that say how a list is looked at, not who is in it. */
const VIEW = ["q", "page", "snapshot"];

/**
 * Lists of customers behind the cells of charts, and the audiences that are saved from them. Who may read reports may
 * read them, since reports list customers too; names and addresses are in neither. Saving needs the operator's key.
 */
export function customerRoutes({ store, runtime, operators }: CustomerPages): Hono {
  function page(c: Context, html: string) {
    c.header("content-security-policy", LIVE_POLICY);
    c.header("cache-control", "no-cache");
    return c.html(html);
  }

  const routes = new Hono();
  routes.use("/audiences", sameSiteOnly({ silent: "refuse" }));
  return routes
    .get("/customers", async (c) => {
      const selection = selectionIn(c.req.query());
      const { q = "", snapshot: named } = c.req.query();
      const search = q.trim().slice(0, 200), asked = pageNumber(c.req.query("page"));
      const { session, note } = await sessionOf(store, named);
      using _ = session;
      const list = await readList(store, session, selection, {
        search,
        skip: (asked - 1) * CUSTOMERS_PER_PAGE,
        limit: CUSTOMERS_PER_PAGE,
      });
      const isAll = Object.keys(selection).every((name) => name === "as_of") && search === "" && asked === 1;
      const snapshot = session.manifest.id;
      return page(
        c,
        renderCustomers({
          view: { selection, search, page: asked, ...(named !== undefined && { snapshot }) },
          list,
          snapshot,
          access: await operatorAccess(c, operators),
          ...(note !== undefined && { note }),
          ...(isAll && { segments: await segmentSummaries(session, list.asOf) }),
        }),
      );
    })
    .get("/customers.csv", async (c) => {
      const { session } = await sessionOf(store, c.req.query("snapshot"));
      using _ = session;
      const { customers } = await readList(store, session, selectionIn(c.req.query()));
      return csv(
        c,
        "customers.csv",
        stringify(customers, { header: true, columns: COLUMNS, escape_formulas: true }),
      );
    })
    .get("/audiences", async (c) => page(c, renderAudiences(await listAudiences(store))))
    .get("/audiences/:name", async (c) => {
      const name = c.req.param("name");
      if (name.endsWith(".csv")) {
        const { version } = c.req.query();
        const reference = name.slice(0, -".csv".length) + (version === undefined ? "" : `@${version}`);
        const { members, ...audience } = await existing(loadAudience(store, reference));
        const deleted = new Set(await deletedByNow(store));
        return csv(
          c,
          `${audience.name}_${audience.version}.csv`,
          stringify(members.filter((id) => !deleted.has(id)).map((id) => [id]), {
            header: true,
            columns: ["customer_id"],
            escape_formulas: true,
          }),
        );
      }
      const { name: found } = await existing(findAudience(store, name));
      const versions = (await listAudiences(store, { allVersions: true })).filter(({ name }) =>
        name === found
      );
      return page(c, renderAudience(versions, c.req.query("did")));
    })
    .post("/audiences", async (c) => {
      const by = await requireOperator(c, operators, "Saving audiences");
      const { name, new_version, ...given } = textsOf(await c.req.parseBody());
      const selection = selectionIn(given);
      const { session } = await sessionOf(store, given.snapshot);
      using _ = session;
      const { asOf, customers } = await readList(store, session, selection);
      const saved = await refused(
        400,
        () =>
          saveAudience(store, {
            name: name?.trim() ?? "",
            description: selectionText(selection),
            conditions: { ...selection, as_of: asOf },
            snapshot: session.manifest.id,
            asOf,
            savedAt: runtime.now().toISOString(),
            savedBy: by,
            members: customers.map(({ customer_id }) => customer_id),
          }, { newVersion: new_version === "yes" }),
      );
      return c.redirect(`/audiences/${saved.name}?did=saved`, 303);
    });
}

/**
 * The customers of a selection, without those whom the shop has deleted by now: an old report's data does not know that.
 *
 * @throws {HttpProblem} 400 when the selection is about days that are not known yet.
 */
async function readList(
  store: ObjectStore,
  session: OpenSnapshot,
  selection: CustomerSelection,
  options: { search?: string; skip?: number; limit?: number } = {},
) {
  const isCurrent = session.manifest.id === await currentSnapshotId(store);
  const deletedSince = isCurrent ? [] : await deletedByNow(store);
  return await refused(400, () => readCustomers(session, selection, { ...options, deletedSince }));
}

async function deletedByNow(store: ObjectStore): Promise<string[]> {
  const current = await currentSnapshotId(store);
  if (current === undefined) return [];
  using session = await openSnapshot(store, current, { tables: ["dim_customers"], threads: 1 });
  return await deletedCustomers(session);
}

const COLUMNS = ["customer_id", "country", "segment", "recency_days", "orders", "net_sales", "r", "f", "m"];

function csv(c: Context, file: string, text: string) {
  c.header("cache-control", "no-cache");
  c.header("content-type", "text/csv; charset=utf-8");
  c.header("content-disposition", `attachment; filename="${file}"`);
  return c.body(text);
}

/** Who is asked for. @throws {HttpProblem} 400 when the conditions make no sense. */
function selectionIn(query: Readonly<Record<string, string | undefined>>): CustomerSelection {
  const conditions = Object.entries(query).filter(([name]) => !VIEW.includes(name));
  try {
    return parseSelection(Object.fromEntries(conditions));
  } catch (error) {
    throw asProblem(error, 400);
  }
}

/** The data that an address names, or the current one where that is gone, and what the reader should know. */
async function sessionOf(
  store: ObjectStore,
  named: string | undefined,
): Promise<{ session: OpenSnapshot; note?: string }> {
  const current = await currentSnapshotId(store);
  if (current === undefined) {
    throw new HttpProblem(503, "not_ready", "There is no data yet", {
      remedy: "Run `deno task pipeline run all`.",
    });
  }
  if (named === undefined || named === "" || named === current) {
    return { session: await opened(store, current) };
  }
  const isKept = /^[0-9a-f]{8,64}$/.test(named) && await store.stat(`snapshots/${named}.json`) !== undefined;
  return {
    session: await opened(store, isKept ? named : current),
    note: !isKept
      ? "The data of the report you come from is no longer kept: this list is by newer data and may differ from it."
      : "This list is by the data of the report you come from; there is newer data.",
  };
}

const opened = (store: ObjectStore, id: string) =>
  openSnapshot(store, id, { tables: LIST_TABLES, threads: 1 });

function textsOf(body: Record<string, unknown>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, typeof value === "string" ? value : undefined]),
  );
}

const existing = <T>(finding: Promise<T>) => refused(404, () => finding);

async function refused<T>(status: 400 | 404, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asProblem(error, status);
  }
}

function asProblem(error: unknown, status: 400 | 404): unknown {
  if (!(error instanceof InputError)) return error;
  const problem = withoutRemedy(error).split(": expected ")[0]!;
  return new HttpProblem(status, status === 404 ? "audience_not_found" : "invalid_request", problem, {
    expected: error.expected,
    found: error.found,
    remedy: error.remedy,
  });
}
