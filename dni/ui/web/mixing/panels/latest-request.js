// @ts-check
// Tells whether a reply belongs to the newest request: an older one that comes late must not replace it.

export class LatestRequest {
  #count = 0;

  /**
   * Begin a request; all that were begun before it are out of date.
   * @returns {() => boolean} whether it is still the newest one
   */
  begin() {
    this.#count += 1;
    const own = this.#count;
    return () => own === this.#count;
  }
}
