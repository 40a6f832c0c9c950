import type { ExampleIds } from "../serving/example_ids.ts";

interface ExamplesProps {
  origin: string;
  example: ExampleIds;
}

/** Commands to copy, with ids that exist in this shop. */
export function ScoringExamples({ origin, example: { customers: [customerId], product } }: ExamplesProps) {
  const examples = [
    {
      title: "Will this customer leave?",
      command: `curl ${origin}/predict/churn -H 'content-type: application/json' \\\n` +
        `  -d '{"customer_id": "${customerId}"}'`,
    },
    { title: "What to offer?", command: `curl '${origin}/recommend/${encodeURIComponent(customerId)}?n=5'` },
    { title: "What to order?", command: `curl ${origin}/inventory/${encodeURIComponent(product)}` },
  ];
  return (
    <section>
      <h2>Scoring API</h2>
      <div class="card">
        {examples.map(({ title, command }) => (
          <div key={title}>
            <h3>{title}</h3>
            <pre><code>{command}</code></pre>
          </div>
        ))}
      </div>
      <p class="soft note">
        All endpoints with their answers are at <a href="/docs">/docs</a>, as OpenAPI at{" "}
        <a href="/openapi.json">/openapi.json</a>.
      </p>
    </section>
  );
}
