import { CHURN_FEATURES } from "shopflow/features/mod.ts";

/** What the churn model can be told of a customer. */
export function FeatureTable() {
  return (
    <section>
      <h2>Features of the churn model</h2>
      <details>
        <summary>{CHURN_FEATURES.length} features, each known before the as-of date</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>feature</th>
                <th>unit</th>
                <th>meaning</th>
              </tr>
            </thead>
            <tbody>
              {CHURN_FEATURES.map(({ name, unit, description }) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td>{unit}</td>
                  <td>{description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
