/**
 * What a notebook's kernel may know of our environment: where programs, caches and the lake are. It always
 * runs with every permission, so credentials of the sources stay outside.
 */
const PASSED = [
  "DENO_CERT",
  "DENO_DIR",
  "DENO_TLS_CA_STORE",
  "HOME",
  "LANG",
  "LOCALAPPDATA",
  "NPM_CONFIG_REGISTRY",
  "PATH",
  "SSL_CERT_FILE",
  "SystemRoot",
  "TEMP",
  "TMPDIR",
  "USERPROFILE",
  "XDG_CACHE_HOME",
];

/** The lake that the notebook reads. */
export interface KernelLake {
  home: string;
  lakeUrl: string;
}

/** The whole environment for a kernel; colours are off, since outputs are kept as text. */
export function kernelEnvironment(
  lake: KernelLake,
  env: Record<string, string | undefined> = Deno.env.toObject(),
): Record<string, string> {
  const passed = PASSED.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]!]]);
  return {
    ...Object.fromEntries(passed),
    NO_COLOR: "1",
    SHOPFLOW_HOME: lake.home,
    SHOPFLOW_LAKE: lake.lakeUrl,
  };
}
