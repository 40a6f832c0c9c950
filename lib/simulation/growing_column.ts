/** A column of whole numbers (32 bits) that grows: millions of rows at four bytes each. */
export class GrowingColumn {
  length = 0;
  #values = new Int32Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** The rows so far, as a view that stays valid until the next push. */
  values(): Int32Array {
    return this.#values.subarray(0, this.length);
  }
}
