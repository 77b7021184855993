import { processEntry } from '../../process/index.ts';
import { type NetworkNamespace, namespaceOfCommand } from './network-namespace.ts';

interface Started {
  /** Process id of bubblewrap. */
  readonly pid: number;
  readonly startTicks: number | null;
}

/**
 * Lets the commands of a session that run at the same time share a network: as long as one runs, others are started in its
 * namespace. A command that runs alone has one of its own, which is the cheapest and makes no difference.
 */
export class SharedNetwork {
  readonly #running = new Map<object, Started>();
  #namespace: NetworkNamespace | null = null;
  /** A command could not be started in the namespace of another one here. */
  #fails = false;

  /** Words before a command line that start it in the shared network; none: it gets one of its own. */
  get enter(): readonly string[] {
    return this.#namespace?.enter ?? [];
  }

  /** `command` identifies a command without a way out, from its start to its end. */
  started(command: object, pid: number): void {
    this.#running.set(command, { pid, startTicks: processEntry(pid)?.startTicks ?? null });
  }

  ended(command: object): void {
    if (this.#running.delete(command) && this.#running.size === 0) this.close();
  }

  /** Finds the network that the next command shares. `tryOut`: whether a command starts behind these words. */
  async find(tryOut: (enter: readonly string[]) => Promise<boolean>): Promise<void> {
    if (this.#fails || this.#namespace !== null || this.#running.size === 0) return;
    const [oldest] = this.#running.values();
    const namespace = oldest === undefined || !isSame(oldest) ? null : namespaceOfCommand(oldest.pid);
    if (namespace === null) return;
    this.#fails = !(await tryOut(namespace.enter));
    // Meanwhile the command may have ended, or another look may have come to its end.
    if (this.#fails || this.#running.size === 0 || this.#namespace !== null) namespace.close();
    else this.#namespace = namespace;
  }

  close(): void {
    this.#namespace?.close();
    this.#namespace = null;
  }
}

function isSame({ pid, startTicks }: Started): boolean {
  return startTicks !== null && processEntry(pid)?.startTicks === startTicks;
}
