import { NotebookError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import type { Notebook } from "../format/nbformat.ts";

/**
 * What a notebook's kernel may know of our environment: where programs, caches and the lake are, and how
 * the network is reached. It always runs with every permission, so credentials of the sources stay outside.
 */
const PASSED = [
  "ALL_PROXY",
  "DENO_CERT",
  "DENO_DIR",
  "DENO_TLS_CA_STORE",
  "HOME",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "LANG",
  "LOCALAPPDATA",
  "NODE_EXTRA_CA_CERTS",
  "NO_PROXY",
  "NPM_CONFIG_REGISTRY",
  "PATH",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "SystemRoot",
  "TEMP",
  "TMPDIR",
  "USERPROFILE",
  "XDG_CACHE_HOME",
  // Most programs know these in small letters.
  "all_proxy",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** What reading a lake in S3 takes beside its address; give notebooks a role that may only read, if there is one. */
const PASSED_FOR_S3 = [
  "AWS_ACCESS_KEY_ID",
  "AWS_CONFIG_FILE",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_ROLE_ARN",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "SHOPFLOW_CACHE_BYTES",
];

/** The lake that the notebook reads, and what the business says of itself. */
export interface KernelLake {
  home: string;
  lakeUrl: string;
  /** Default `<home>/business.json`. */
  businessFile?: string | undefined;
}

/**
 * The complete environment of a kernel; colours are off, since outputs are kept as text.
 *
 * @param wanted further variables that the notebook asks for
 */
export function kernelEnvironment(
  lake: KernelLake,
  env: Record<string, string | undefined> = Deno.env.toObject(),
  wanted: string[] = [],
): Record<string, string> {
  const names = [...PASSED, ...lake.lakeUrl.startsWith("s3://") ? PASSED_FOR_S3 : [], ...wanted];
  const passed = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    NO_COLOR: "1",
    SHOPFLOW_HOME: lake.home,
    SHOPFLOW_LAKE: lake.lakeUrl,
    ...(lake.businessFile !== undefined && { SHOPFLOW_BUSINESS_FILE: lake.businessFile }),
  };
}

const wish = z.object({ env: z.array(z.string().regex(/^[A-Za-z_]\w*$/)).default([]) });

/**
 * The variables that a notebook asks for in its metadata: `"shopflow": { "env": ["NAME"] }`.
 *
 * @throws {NotebookError} when that is no list of names.
 */
export function wantedVariables({ metadata }: Notebook, name = "The notebook"): string[] {
  const parsed = wish.safeParse(metadata.shopflow ?? {});
  if (parsed.success) return parsed.data.env;
  throw new NotebookError(`${name} does not say which variables of the environment it wants`, {
    expected: 'a list of names in its metadata, e.g. "shopflow": { "env": ["API_TOKEN"] }',
    found: JSON.stringify(metadata.shopflow),
  });
}
