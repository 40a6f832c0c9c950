/**
 * Keeps the `k` candidates with the highest scores; among equal scores the lower index wins, so that the
 * result does not depend on the order of offers.
 */
export class TopK {
  readonly #indexes: Uint32Array;
  readonly #scores: Float64Array;
  #size = 0;

  constructor(readonly k: number) {
    this.#indexes = new Uint32Array(k);
    this.#scores = new Float64Array(k);
  }

  offer(index: number, score: number): void {
    if (this.#size < this.k) {
      this.#place(this.#size++, index, score);
      this.#rise(this.#size - 1);
    } else if (this.k > 0 && this.#worse(this.#indexes[0]!, this.#scores[0]!, index, score)) {
      this.#place(0, index, score);
      this.#sink(0);
    }
  }

  /** Hands out what was kept, best first, and starts anew. */
  drain(): { index: number; score: number }[] {
    const best = Array.from(
      { length: this.#size },
      (_, i) => ({ index: this.#indexes[i]!, score: this.#scores[i]! }),
    );
    this.#size = 0;
    return best.sort((a, b) => b.score - a.score || a.index - b.index);
  }

  #worse(index: number, score: number, thanIndex: number, thanScore: number): boolean {
    return score < thanScore || (score === thanScore && index > thanIndex);
  }

  #place(at: number, index: number, score: number): void {
    this.#indexes[at] = index;
    this.#scores[at] = score;
  }

  #isWorseAt(a: number, b: number): boolean {
    return this.#worse(this.#indexes[a]!, this.#scores[a]!, this.#indexes[b]!, this.#scores[b]!);
  }

  #swap(a: number, b: number): void {
    const index = this.#indexes[a]!, score = this.#scores[a]!;
    this.#place(a, this.#indexes[b]!, this.#scores[b]!);
    this.#place(b, index, score);
  }

  /** The heap has the worst candidate at its root, where a better one replaces it. */
  #rise(at: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorseAt(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(at: number): void {
    for (;;) {
      const left = 2 * at + 1, right = left + 1;
      let worst = at;
      if (left < this.#size && this.#isWorseAt(left, worst)) worst = left;
      if (right < this.#size && this.#isWorseAt(right, worst)) worst = right;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }
}
