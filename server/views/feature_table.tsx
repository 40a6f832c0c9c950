import { CHURN_FEATURES } from "shopflow/features/mod.ts";
import { type DeclaredFeature, expectedValues } from "shopflow/models/mod.ts";

interface FeatureTableProps {
  /** What the model that scores now takes; undefined before one was trained. */
  declared: DeclaredFeature[] | undefined;
}

/** The features of the churn model, with the values that it takes. */
export function FeatureTable({ declared }: FeatureTableProps) {
  const byName = new Map(declared?.map((feature) => [feature.name, feature]));
  // A baseline does not say what its training saw.
  const isBaseline = declared?.every(({ seen }) => seen === undefined) ?? false;
  const features = CHURN_FEATURES.filter(({ name }) => declared === undefined || byName.has(name));
  return (
    <section>
      <h2>Features of the churn model</h2>
      <p class="soft">
        A score by features needs the required ones.{" "}
        {isBaseline ? "The baseline answers now, which looks at these only." : (
          <>
            What else is not sent, or sent as{" "}
            <code>null</code>, is averaged over the training customers that are most like this one.
          </>
        )} <code>"none"</code>{" "}
        says that there is nothing to measure, such as the share of carts abandoned of a customer who never
        filled one.
      </p>
      <details>
        <summary>{features.length} features, each known before the as-of date</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>feature</th>
                <th>unit</th>
                <th>meaning</th>
                <th>required</th>
                <th>values</th>
              </tr>
            </thead>
            <tbody>
              {features.map(({ name, unit, description }) => {
                const feature = byName.get(name);
                return (
                  <tr key={name}>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td>{unit}</td>
                    <td>{description}</td>
                    <td>{feature?.required ? "yes" : ""}</td>
                    <td>{feature && expectedValues(feature)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
