import { MODELS } from "shopflow/models/mod.ts";
import { sqlName } from "shopflow/warehouse/mod.ts";
import type { Expected, ExpectedOptions } from "./expected_headlines.ts";

interface FeatureOfVersion {
  name: string;
  training: {
    rows: number;
    range: [number, number] | null;
    edges: number[];
    shares: number[];
    unknown: number;
  };
}

/** Headlines of `model_monitoring` after one scoring: the index is computed bin by bin, by queries of its own. */
export async function monitoringHeadlines({ session, store }: ExpectedOptions): Promise<Expected> {
  const watched = MODELS.filter(({ monitoring }) => monitoring !== undefined);
  let days = 0, far = 0;
  for (const { name, scoreTable } of watched) {
    const table = `scores_${scoreTable.name}`;
    const champion = await store.get(`models/${name}/champion.json`);
    const [scored] = await session.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`);
    days += 1;
    if (champion === undefined) continue;
    const { version } = JSON.parse(new TextDecoder().decode(champion.body)) as { version: string };
    const file = await store.get(`models/${name}/${version}/evidence.json`);
    const { features } = JSON.parse(new TextDecoder().decode(file!.body)) as { features: FeatureOfVersion[] };
    const columns = (await session.rows<{ column_name: string }>(`DESCRIBE ${table}`)).map((row) =>
      row.column_name
    );
    for (const { name: feature, training } of features) {
      if (!columns.includes(feature)) continue;
      const [low, high] = training.range ?? [Infinity, -Infinity];
      const value = `CAST(CAST(${sqlName(feature)} AS FLOAT) AS DOUBLE)`;
      const inside = Number.isFinite(low) ? `${value} BETWEEN ${low} AND ${high}` : "false";
      const bounds = [-1e300, ...training.edges, 1e300];
      const bins = training.edges.concat(1e300).map((upper, k) =>
        `count(*) FILTER (${inside} AND ${value} > ${bounds[k]} AND ${value} <= ${upper}) AS b${k}`
      );
      const [now] = await session.rows<Record<string, number>>(
        `SELECT ${bins.join(", ")}, count(*) FILTER (${value} IS NULL) AS missing,
                count(*) FILTER (${value} IS NOT NULL AND NOT (${inside})) AS beyond FROM ${table}`,
      );
      const total = scored!.rows;
      const pairs = [
        ...training.shares.map((share, k) => [share, now![`b${k}`]! / total]),
        [training.unknown, now!.missing! / total],
        [0, now!.beyond! / total],
      ].filter(([then, after]) => then! > 0 || after! > 0);
      const psi = pairs.reduce((sum, [then, after]) => {
        const a = then || 0.5 / training.rows, b = after || 0.5 / total;
        return sum + (b - a) * Math.log(b / a);
      }, 0);
      // With hundreds of rows what chance explains is far below a quarter.
      if (psi >= 0.25) far++;
    }
  }
  return {
    "models watched": { value: watched.length },
    "scored days": { value: days },
    "features that moved far": { value: far },
    "days whose outcomes are known": { value: 0, note: "too early" },
  };
}
