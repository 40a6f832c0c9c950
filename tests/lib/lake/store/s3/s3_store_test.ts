import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { objectStoreContract } from "../../../../contracts/object_store_contract.ts";
import { openS3Lake, type S3Lake } from "../../../../fixtures/s3_lake.ts";

const lakes = new Map<ObjectStore, S3Lake>();

async function open() {
  const lake = await openS3Lake();
  lakes.set(lake.store, lake);
  return lake;
}

objectStoreContract("S3 store", open, (store) => lakes.get(store)!.client(), { needs: ["s3"] });
