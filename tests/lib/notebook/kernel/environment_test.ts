import assert from "node:assert/strict";
import { kernelEnvironment, wantedVariables } from "../../../../lib/notebook/kernel/environment.ts";
import type { Notebook } from "../../../../lib/notebook/format/nbformat.ts";

Deno.test("the kernel gets the variables that its notebook asks for, and a wrong wish is refused", () => {
  const notebook = (shopflow: unknown): Notebook => ({
    cells: [],
    metadata: { kernelspec: { name: "deno", display_name: "Deno" }, shopflow },
    nbformat: 4,
    nbformat_minor: 5,
  });
  const wanted = wantedVariables(notebook({ env: ["API_TOKEN", "NOT_SET"] }));
  const lake = { home: "/nowhere", lakeUrl: "/nowhere/lake" };
  const seen = kernelEnvironment(lake, { API_TOKEN: "token", OTHER: "other", PATH: "/bin" }, wanted);
  assert.deepEqual(Object.keys(seen).sort(), [
    "API_TOKEN",
    "NO_COLOR",
    "PATH",
    "SHOPFLOW_HOME",
    "SHOPFLOW_LAKE",
  ]);
  assert.deepEqual(wantedVariables(notebook(undefined)), []);
  assert.throws(() => wantedVariables(notebook({ env: "API_TOKEN" })), /a list of names.*found.*API_TOKEN/);
});

Deno.test("the kernel reaches the network as this program does: through its proxy and with its authorities", () => {
  const network = [
    ...["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
    ...["DENO_CERT", "DENO_TLS_CA_STORE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_DIR", "SSL_CERT_FILE"],
  ];
  const env = Object.fromEntries(network.map((name) => [name, `value of ${name}`]));
  const seen = kernelEnvironment({ home: "/nowhere", lakeUrl: "/nowhere/lake" }, { ...env, OTHER: "x" });
  for (const name of network) assert.equal(seen[name], env[name], name);
  assert.equal(seen.OTHER, undefined);
});

Deno.test("the kernel gets the credentials of S3 where the lake is there, and those only", () => {
  const seen = kernelEnvironment({ home: "/nowhere", lakeUrl: "s3://lake" }, {
    SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@db/shop",
    AWS_ACCESS_KEY_ID: "key",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: "http://127.0.0.1:9000",
    AWS_LAMBDA_FUNCTION_NAME: "unrelated",
  });
  assert.deepEqual(Object.keys(seen).sort(), [
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY",
    "NO_COLOR",
    "SHOPFLOW_HOME",
    "SHOPFLOW_LAKE",
  ]);
});
