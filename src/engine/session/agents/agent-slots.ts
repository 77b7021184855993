/** The subagents that are allowed to be open at once in a thread of the user's and all threads below it. */
export class AgentSlots {
  readonly max: number;
  #taken = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** @returns false if all are taken. Whoever takes one gives it back once. */
  take(): boolean {
    if (this.#taken >= this.max) return false;
    this.#taken += 1;
    return true;
  }

  giveBack(): void {
    this.#taken -= 1;
  }
}
