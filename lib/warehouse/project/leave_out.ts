import { type ShopFlowError, WarehouseError } from "shopflow/errors/mod.ts";

/** A model or file that a build goes on without, and why. */
export interface LeftOut {
  /** Name of the model; the path of a file that is none. */
  name: string;
  reason: string;
}

/** A model as far as leaving it out is concerned. */
interface Dependent {
  name: string;
  refs: string[];
  isRequired: boolean;
}

/**
 * Models that a build goes on without: those that are wrong, and those that read them. A model that is required is never
 * left out: what is wrong with it stops the build.
 */
export class LeftOutModels<T extends Dependent = Dependent> {
  readonly #models: T[];
  readonly #reasons = new Map<string, string>();

  constructor(models: T[], before: LeftOut[] = []) {
    this.#models = models;
    for (const { name, reason } of before) this.#reasons.set(name, reason);
  }

  has(name: string): boolean {
    return this.#reasons.has(name);
  }

  /** Why a model was left out; undefined when it was not. */
  reasonOf(name: string): string | undefined {
    return this.#reasons.get(name);
  }

  /** @throws `error` when the model, or one that reads it, is required. */
  leave(name: string, error: ShopFlowError): void {
    if (this.#reasons.has(name)) return;
    const model = this.#models.find((model) => model.name === name);
    if (model === undefined || model.isRequired) throw error;
    this.#reasons.set(name, error.message);
    for (const reader of this.#models) {
      if (!reader.refs.includes(name)) continue;
      this.leave(
        reader.name,
        reader.isRequired ? error : new WarehouseError(`${reader.name} reads ${name}, which was left out`),
      );
    }
  }

  /** Notes a file that is none of a model, or whose model is not known. */
  leaveFile(file: string, error: ShopFlowError): void {
    if (!this.#reasons.has(file)) this.#reasons.set(file, error.message);
  }

  /** Those of these models that a build can do without. */
  optional(names: (string | undefined)[]): string[] {
    const found = this.#models.filter(({ name, isRequired }) => !isRequired && names.includes(name));
    return found.map(({ name }) => name);
  }

  kept<M extends { name: string }>(models: M[]): M[] {
    return models.filter(({ name }) => !this.#reasons.has(name));
  }

  list(): LeftOut[] {
    return [...this.#reasons].map(([name, reason]) => ({ name, reason }));
  }
}
