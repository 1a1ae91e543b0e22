/** Prints the demo: lines with the time since its start, and one progress line that stays in place on a terminal. */
export class DemoScreen {
  readonly #startedAt = Date.now();
  #progress = '';

  /** A line with its time, seconds since the start; now unless told. */
  line(text: string, at = Date.now()): void {
    this.#clear();
    console.log(`${this.#time(at)}  ${text}`);
  }

  plain(text: string): void {
    this.#clear();
    console.log(text);
  }

  /** Shown while it changes; without a terminal it is printed when it differs. */
  progress(text: string): void {
    if (text === this.#progress) return;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${this.#time()}  ${text}`);
    else console.log(`${this.#time()}  ${text}`);
    this.#progress = text;
  }

  #clear(): void {
    if (this.#progress !== '' && process.stdout.isTTY) process.stdout.write('\n');
    this.#progress = '';
  }

  #time(at = Date.now()): string {
    return `${((at - this.#startedAt) / 1000).toFixed(2).padStart(7)} s`;
  }
}
