import { loadConfig } from "shopflow/config/mod.ts";
import { KNOWN as SETTINGS } from "../../lib/config/config.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { metricSet } from "../../lib/jobs/metrics.ts";
import { DEADLINES } from "../../server/connections/connection_table.ts";
import { MOST_CONNECTIONS } from "../../server/listen.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { testWith } from "../requirements.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "documentation", "deployment");
const read = (path: string) => Deno.readTextFile(join(folder, path));
const FILES = [
  "Containerfile",
  "shopflow.env",
  "shopflow-schedule.service",
  "shopflow-serve.service",
  "kubernetes/shopflow.yaml",
  "kubernetes/tick.yaml",
];
/** Pages of documentation that an operator copies commands from. */
const GUIDES = ["documentation/how_to/deploy.md", "documentation/how_to/monitor.md"];

interface Pod {
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  terminationGracePeriodSeconds: number;
  securityContext: { runAsNonRoot: boolean };
  containers: [Container];
  volumes: { name: string }[];
}

interface Container {
  command: string[];
  lifecycle?: { preStop: { exec: { command: string[] } } };
  securityContext: Record<string, unknown>;
  resources: { limits: { memory?: string } };
  volumeMounts: { name: string; mountPath: string }[];
}

type Labels = Record<string, string>;

/** Those parts of manifests of Kubernetes that are looked at here. */
interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: {
    selector?: Labels | { matchLabels: Labels };
    template?: { metadata: { labels: Labels }; spec: Pod };
    jobTemplate?: { spec: { template: { spec: Pod } } };
  };
}

async function manifests(): Promise<Manifest[]> {
  const texts = await Promise.all(["kubernetes/shopflow.yaml", "kubernetes/tick.yaml"].map(read));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
}

const podOf = ({ spec }: Manifest): Pod | undefined =>
  spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;

Deno.test("every task that the files and guides of deployment name is one", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const texts = [
    ...await Promise.all(FILES.map(read)),
    ...await Promise.all(GUIDES.map((path) => Deno.readTextFile(join(root, path)))),
    ...(await manifests()).map((manifest) => podOf(manifest)?.containers[0].command.join(" ") ?? ""),
  ];
  const named = texts.flatMap((text) => {
    const plain = text.replaceAll('", "', " ");
    return [...plain.matchAll(/\bdeno task ([a-z][a-z:]*)/g)].map(([, task]) => task!);
  });
  assert.ok(new Set(named).size >= 3);
  assert.deepEqual([...new Set(named)].filter((task) => !(task in tasks)), []);
});

Deno.test("every setting that the files and guides of deployment name is one", async () => {
  const texts = [
    ...await Promise.all([...FILES, "Containerfile.dockerignore", "alert_rules.yaml"].map(read)),
    ...await Promise.all(GUIDES.map((path) => Deno.readTextFile(join(root, path)))),
  ];
  const named = texts.flatMap((text) => text.match(/\bSHOPFLOW_[A-Z_]+/g) ?? []);
  assert.deepEqual([...new Set(named)].filter((name) => !SETTINGS.includes(name)), []);
});

Deno.test("the example settings of systemd and Kubernetes can be loaded", async () => {
  const env = (await read("shopflow.env")).split("\n").flatMap((line) => {
    const [, name, value] = line.match(/^#?([A-Z_]+)=(.*)$/) ?? [];
    return name === undefined ? [] : [[name, value!.replace(/^"(.*)"$/, "$1")]];
  });
  assert.equal(loadConfig(Object.fromEntries(env), "/").alertChannels.length, 2);
  const all = await manifests();
  const data = all.find(({ kind }) => kind === "ConfigMap")!.data!;
  const secrets = all.find(({ kind }) => kind === "Secret")!.stringData!;
  assert.deepEqual(
    loadConfig({ ...data, ...secrets }, "/").alertChannels.map(({ name, kind }) => [name, kind]),
    [["operations", "webhook"], ["business", "mail"]],
  );
});

Deno.test("the Containerfile copies every folder that programs import from, and Deno of the README's version", async () => {
  const text = await read("Containerfile");
  const copied = [...text.matchAll(/^COPY ([a-z]+) \1$/gm)].map(([, name]) => name);
  assert.deepEqual(copied, ["lib", "notebooks", "pipelines", "schedules", "server"]);
  const readme = await Deno.readTextFile(join(root, "README.md"));
  assert.equal(text.match(/ARG DENO_VERSION=(.+)/)![1], readme.match(/npx -y deno@(\S+)/)![1]);
});

Deno.test("whoever ends a scheduler waits longer than its shutdown timeout", async () => {
  const seconds = (text: string, pattern: RegExp) => Number(text.match(pattern)![1]);
  const unit = await read("shopflow-schedule.service");
  assert.ok(seconds(unit, /TimeoutStopSec=(\d+)s/) > seconds(unit, /--shutdown-timeout (\d+)/) + 30);
  const schedule = (await manifests()).find(({ metadata }) => metadata.name === "shopflow-schedule")!;
  const { terminationGracePeriodSeconds, containers: [{ command }] } = podOf(schedule)!;
  assert.ok(terminationGracePeriodSeconds > Number(command.at(-1)) + 30);
});

Deno.test("whoever ends a server waits longer than its shutdown deadline", async () => {
  const seconds = DEADLINES.shutdownMs / 1000;
  const unit = await read("shopflow-serve.service");
  assert.ok(Number(unit.match(/^TimeoutStopSec=(\d+)s$/m)![1]) > seconds + 10);
  const serve = (await manifests()).find(({ metadata, spec }) =>
    metadata.name === "shopflow-serve" && spec?.template !== undefined
  )!;
  const { terminationGracePeriodSeconds, containers: [{ lifecycle }] } = podOf(serve)!;
  const before = Number(lifecycle!.preStop.exec.command.at(-1));
  assert.ok(terminationGracePeriodSeconds > before + seconds + 10);
});

Deno.test("units, manifest and guide give the programs descriptors for all connections and as many for files", async () => {
  const limits = [
    (await read("shopflow-serve.service")).match(/^LimitNOFILE=(\d+)$/m),
    (await read("shopflow-schedule.service")).match(/^LimitNOFILE=(\d+)$/m),
    (await read("kubernetes/shopflow.yaml")).match(
      /command: \[sh, -c, "ulimit -S -n (\d+) .*exec deno task serve"\]/,
    ),
    (await Deno.readTextFile(join(root, GUIDES[0]!))).match(/--ulimit nofile=(\d+) /),
  ].map((found) => Number(found?.[1]));
  for (const limit of limits) assert.ok(limit >= 2 * MOST_CONNECTIONS + 128, String(limit));
});

Deno.test("pods run without root, without privileges and on a file system that is read only", async () => {
  const pods = (await manifests()).flatMap((manifest) => podOf(manifest) ?? []);
  assert.equal(pods.length, 3);
  for (const { containers: [container], volumes, ...pod } of pods) {
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.enableServiceLinks, false);
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.ok(container.resources.limits.memory);
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    assert.deepEqual(mounted, ["/data", "/tmp"]);
    assert.deepEqual(container.volumeMounts.map(({ name }) => name), volumes.map(({ name }) => name));
  }
});

Deno.test("pods, services and bounds of Kubernetes select what there is", async () => {
  const all = await manifests();
  const labels = all.map(({ spec }): Labels => spec?.template?.metadata.labels ?? {});
  const selectors = all.flatMap(({ spec }): Labels[] => {
    const selector = spec?.selector;
    return selector === undefined
      ? []
      : [(typeof selector.matchLabels === "object" ? selector.matchLabels : selector) as Labels];
  });
  assert.equal(selectors.length, 4);
  for (const selector of selectors) {
    assert.ok(
      labels.some((found) => Object.entries(selector).every(([name, value]) => found[name] === value)),
    );
  }
});

Deno.test("the rules of Prometheus name metrics that there are", async () => {
  const text = await read("alert_rules.yaml");
  const known = metricSet().registry.getMetricsAsArray().map(({ name }) => name);
  const named = text.match(/\bshopflow_[a-z_]+/g)!;
  assert.deepEqual([...new Set(named)].filter((name) => !known.includes(name)), []);
});

testWith(
  ["promtool"],
  "the rules of Prometheus say when schedulers are gone, jobs fail and alerts reach nobody",
  () =>
    withTemporaryFolder(async (place) => {
      const cases = await Deno.readTextFile(new URL("alert_rules_test.yaml", import.meta.url));
      const file = join(place, "cases.yaml");
      await Deno.writeTextFile(file, cases.replace("RULES", join(folder, "alert_rules.yaml")));
      const { success, stdout, stderr } = await new Deno.Command("promtool", {
        args: ["test", "rules", file],
      })
        .output();
      assert.ok(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
    }),
);

testWith(
  ["systemd"],
  "systemd finds nothing wrong with the units",
  () =>
    withTemporaryFolder(async (units) => {
      for (const unit of ["shopflow-schedule.service", "shopflow-serve.service"]) {
        const text = await read(unit);
        assert.match(text, /^ExecStart=\/usr\/local\/bin\/deno task /m);
        // It looks whether the program is there.
        const here = text.replace("/usr/local/bin/deno", Deno.execPath());
        await Deno.writeTextFile(join(units, unit), here);
      }
      const { success, stderr } = await new Deno.Command("systemd-analyze", {
        args: [
          "verify",
          "--man=no",
          join(units, "shopflow-schedule.service"),
          join(units, "shopflow-serve.service"),
        ],
      }).output();
      // It has words about units of the machine, too.
      const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("shopflow"));
      assert.deepEqual(said, []);
      assert.ok(success);
    }),
);
