import type { HttpProblem } from "../problems.ts";
import { Layout, renderPage } from "./layout.tsx";

/** What went wrong and what to do, for people. */
export function renderProblemPage({ status, problem, expected, found, remedy }: HttpProblem): string {
  return renderPage(
    <Layout title={`${problem} · ShopFlow`}>
      <h1>{problem}</h1>
      {expected && <p>Expected: {expected}</p>}
      {found && (
        <p>
          {status === 404 ? "Asked for" : "Found"}: <code>{found}</code>
        </p>
      )}
      {remedy && <p class="lead">{remedy}</p>}
      <p class="soft">Status {status}</p>
      <p>
        <a href="/reports">All reports</a>, <a href="/jobs">all jobs</a>
      </p>
    </Layout>,
  );
}
