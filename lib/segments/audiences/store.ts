import { createHash } from "node:crypto";
import { InputError, LakeError, someOf } from "shopflow/errors/mod.ts";
import { encodeJson, encodeSealedJson, type ObjectStore, readSealedJson } from "shopflow/lake/store/mod.ts";
import { z } from "zod";
import type { CustomerSelection } from "../selection.ts";

/** A named list of customers: who they are, by which definition, as of which day. It never changes once it is saved. */
export interface Audience {
  name: string;
  /** From 1; a list that is saved again under its name is the next version. */
  version: number;
  /** Who they are, in words. */
  description: string;
  /** The conditions by which they were chosen, as a list's address has them; absent of a list of given ids. */
  conditions?: CustomerSelection;
  /** Snapshot of the lake from which they were chosen. */
  snapshot: string;
  /** Customers are as they were before this day. */
  asOf: string;
  savedAt: string;
  savedBy: string;
  customers: number;
  /** Object with the ids, and its SHA-256. */
  membersKey: string;
  sha256: string;
}

const shape = z.object({
  name: z.string(),
  version: z.number().int().positive(),
  description: z.string(),
  conditions: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  snapshot: z.string(),
  asOf: z.string(),
  savedAt: z.string(),
  savedBy: z.string(),
  customers: z.number().int().positive(),
  membersKey: z.string(),
  sha256: z.string(),
});

/** An audience with the ids of its customers, sorted. */
export interface AudienceWithMembers extends Audience {
  members: string[];
}

/** What is saved. */
export interface NewAudience
  extends
    Pick<Audience, "name" | "description" | "conditions" | "snapshot" | "asOf" | "savedAt" | "savedBy"> {
  /** Ids in any order; one that is there twice counts once. */
  members: readonly string[];
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,59}$/;

/** @throws {InputError} when it is no name of an audience: it is part of addresses, files and commands. */
export function checkAudienceName(name: string): string {
  if (NAME.test(name)) return name;
  const similar = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(
    /^[-_]+|-+$/g,
    "",
  ).slice(0, 60);
  throw new InputError("Invalid name of an audience", {
    expected: "1 to 60 small letters, digits, _ and -, the first a letter or a digit",
    found: JSON.stringify(name.slice(0, 80)),
    ...(NAME.test(similar) && { remedy: `Call it ${similar}, for example.` }),
  });
}

const REMEDY = "Restore it from a backup, or save the audience again under another name.";
const cardKey = (name: string, version: number) => `audiences/${name}/${version}.json`;

/**
 * Saves customers under a name. The same customers by the same definition are the version that is there already, so a
 * scheduled notebook may save time and again.
 *
 * @param options.newVersion Whether a name that is taken may get a next version. Versions before it stay.
 * @throws {InputError} when the name is invalid or taken, or there is no customer.
 */
export async function saveAudience(
  store: ObjectStore,
  { members, ...audience }: NewAudience,
  { newVersion = false }: { newVersion?: boolean } = {},
): Promise<Audience> {
  const name = checkAudienceName(audience.name);
  const ids = [...new Set(members)].sort();
  if (ids.length === 0) {
    throw new InputError(`The audience ${name} would be empty`, {
      expected: "at least one customer",
      found: "none",
      remedy: "Choose other conditions.",
    });
  }
  const body = encodeJson(ids);
  const sha256 = createHash("sha256").update(body).digest("hex");
  const latest = (await versionsOf(store, name)).at(-1);
  const before = latest === undefined ? undefined : await readCard(store, name, latest);
  if (before !== undefined && before.sha256 === sha256 && isSameDefinition(before, audience)) return before;
  if (before !== undefined && !newVersion) {
    throw new InputError(`There is an audience ${name} already`, {
      expected: "another name, since an audience never changes",
      found: `version ${before.version}: ${before.description}, saved ${
        before.savedAt.slice(0, 10)
      } by ${before.savedBy}`,
      remedy: "Choose another name, or save it as a new version of this one (`--new-version`).",
    });
  }
  // Members first: an audience is there when its card is.
  const membersKey = `audiences/${name}/members/${sha256}.json`;
  await store.putIfAbsent(membersKey, body);
  const saved: Audience = {
    ...audience,
    name,
    version: (latest ?? 0) + 1,
    customers: ids.length,
    membersKey,
    sha256,
  };
  if (await store.putIfAbsent(cardKey(name, saved.version), encodeSealedJson(saved)) !== undefined) {
    return saved;
  }
  throw new InputError(`Somebody else saved an audience ${name} at the same moment`, {
    expected: "one at a time",
    remedy: "Look at theirs, then save again.",
  });
}

function isSameDefinition(
  a: Audience,
  b: Pick<Audience, "description" | "conditions" | "asOf" | "snapshot">,
): boolean {
  const definition = ({ description, conditions = {}, asOf, snapshot }: typeof b) =>
    JSON.stringify([description, Object.entries(conditions).sort(), asOf, snapshot]);
  return definition(a) === definition(b);
}

/**
 * An audience with its customers.
 *
 * @param reference Its name, the latest version then, or `NAME@VERSION`.
 * @throws {InputError} when there is none of that name or version.
 * @throws {LakeError} when it was changed since it was saved.
 */
export async function loadAudience(store: ObjectStore, reference: string): Promise<AudienceWithMembers> {
  const audience = await findAudience(store, reference);
  const object = await store.get(audience.membersKey);
  const found = object && createHash("sha256").update(object.body).digest("hex");
  if (object === undefined || found !== audience.sha256) {
    throw new LakeError(`The customers of the audience ${audience.name}@${audience.version} are damaged`, {
      expected: `${audience.membersKey} as it was written (sha256 ${audience.sha256.slice(0, 16)}…)`,
      found: object === undefined ? "no such object" : "other content",
      remedy: REMEDY,
    });
  }
  return {
    ...audience,
    members: z.array(z.string()).parse(JSON.parse(new TextDecoder().decode(object.body))),
  };
}

/** An audience without its customers; see {@linkcode loadAudience}. */
export async function findAudience(store: ObjectStore, reference: string): Promise<Audience> {
  const [, name = "", wanted] = reference.match(/^([^@]*)(?:@(\d{1,9}))?$/) ?? [];
  if (!NAME.test(name)) checkAudienceName(reference);
  const versions = await versionsOf(store, name);
  if (versions.length === 0) {
    const names = (await listAudiences(store)).map(({ name }) => name);
    throw new InputError(`There is no audience ${name}`, {
      expected: names.length === 0 ? "one that was saved" : `one of ${someOf(names)}`,
      found: JSON.stringify(reference),
      ...(names.length === 0 && { remedy: "Save one: `deno task audiences save NAME CONDITION…`." }),
    });
  }
  const version = wanted === undefined ? versions.at(-1)! : Number(wanted);
  if (!versions.includes(version)) {
    throw new InputError(`The audience ${name} has no version ${version}`, {
      expected: `one of ${someOf(versions.map(String))}`,
      found: reference,
    });
  }
  return await readCard(store, name, version);
}

/** The audiences by name, the latest version of each; or all versions. */
export async function listAudiences(
  store: ObjectStore,
  { allVersions = false }: { allVersions?: boolean } = {},
): Promise<Audience[]> {
  const versions = new Map<string, number[]>();
  for (const { key } of await store.list("audiences/")) {
    const [, name, version] = key.match(/^audiences\/([^/]+)\/(\d+)\.json$/) ?? [];
    if (name !== undefined) {
      versions.set(
        name,
        [...versions.get(name) ?? [], Number(version)].sort((a, b) => a - b),
      );
    }
  }
  const wanted = [...versions].sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([name, all]) => (allVersions ? all : all.slice(-1)).map((version) => [name, version] as const));
  return await Promise.all(wanted.map(([name, version]) => readCard(store, name, version)));
}

async function versionsOf(store: ObjectStore, name: string): Promise<number[]> {
  const found = (await store.list(`audiences/${name}/`)).flatMap(({ key }) =>
    key.match(/^audiences\/[^/]+\/(\d+)\.json$/)?.[1] ?? []
  );
  return found.map(Number).sort((a, b) => a - b);
}

async function readCard(store: ObjectStore, name: string, version: number): Promise<Audience> {
  const found = await readSealedJson<Audience>(store, cardKey(name, version), { shape, remedy: REMEDY });
  if (found !== undefined) return found.value;
  throw new LakeError(`The audience ${name}@${version} has gone`, {
    expected: cardKey(name, version),
    remedy: REMEDY,
  });
}
