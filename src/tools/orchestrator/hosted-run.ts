/** A running call, as the ledger knows it. A call that had not started before a crash runs again. */
export interface HostedRun {
  /** An earlier process ran the call inside the sandbox, which stopped it: that run must not be repeated. */
  readonly wasStopped: boolean;
  /**
   * Records the start. Called right before the effect, after every policy and question, so that a call which waits for an
   * answer is not taken for one that ran. Resolves when the start is on the disk.
   * @throws KeelError `storageFailed`: no effect may follow
   */
  start(): Promise<void>;
  /** The sandbox stopped the run, which has ended; `start` is called again before the next one. */
  stopped(): void;
}
