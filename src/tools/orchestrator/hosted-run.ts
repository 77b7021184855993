/** A call that is at work, as the ledger knows it. Until it starts, a crash leaves nothing of it, and it is worked again. */
export interface HostedRun {
  /** An earlier process ran the call inside the sandbox, which stopped it: that run must not be repeated. */
  readonly wasStopped: boolean;
  /**
   * Notes the start. Called right before the effect, behind every policy and question, so that a call which waits for an
   * answer is not taken for one that ran. Resolves when the start is on the disk.
   * @throws KeelError `storageFailed`: no effect may follow
   */
  start(): Promise<void>;
  /** The run has ended, stopped by the sandbox; another `start` comes before the next one. */
  stopped(): void;
}
