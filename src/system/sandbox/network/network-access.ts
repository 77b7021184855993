import {
  type AskUser,
  formatPattern,
  type Gate,
  type GateOptions,
  loadProxy,
  type NetworkProxy,
  type NetworkRules,
  type Resolver,
} from '../../network/index.ts';
import type { Processes } from '../../process/index.ts';
import type { ProxyWay } from '../plan/exec-plan.ts';
import { listenInNamespace } from './listen-in-namespace.ts';
import type { OpenedNamespace } from './network-namespace.ts';

export interface NetworkAccessOptions {
  readonly rules: NetworkRules;
  readonly processes: Processes;
  /** Absent: as the system resolves names. */
  readonly resolve?: Resolver | undefined;
  /** Called with faults of the proxy itself. */
  readonly onCrash: (error: unknown) => void;
  readonly ruleOf?: GateOptions['ruleOf'];
  /** Asked about hosts that no list names. */
  readonly ask: AskUser;
}

/** Where proxies usually are; nothing else of keel's listens in there. */
const PORT = 3128;

/** A session's proxy, in the namespace in which commands reach it and nothing else; closed with the session. */
export class NetworkAccess {
  readonly #options: NetworkAccessOptions;
  readonly #gate: Gate;
  readonly #proxy: NetworkProxy;
  #isClosed = false;

  private constructor(options: NetworkAccessOptions, gate: Gate, proxy: NetworkProxy) {
    this.#options = options;
    this.#gate = gate;
    this.#proxy = proxy;
  }

  static async load(options: NetworkAccessOptions): Promise<NetworkAccess> {
    const { Gate, NetworkProxy } = await loadProxy();
    const { rules, resolve, ruleOf, onCrash, ask } = options;
    const gate = new Gate({ rules, ruleOf, ask, ...(resolve === undefined ? {} : { resolve }) });
    return new NetworkAccess(options, gate, new NetworkProxy({ gate, onCrash }));
  }

  /** Makes the way to the proxy in a session's namespace. Call it until it was made. */
  async open(found: OpenedNamespace, signal: AbortSignal): Promise<ProxyWay> {
    if (found.type === 'fails') return none(found.cause);
    const { namespace } = found;
    const { processes, rules } = this.#options;
    const opened = await listenInNamespace(namespace, PORT, { processes, signal });
    if (opened.type === 'fails') return none(`no proxy could be opened for commands (${opened.cause})`);
    if (this.#isClosed) {
      opened.server.close();
      return none('the session has ended');
    }
    this.#proxy.serve(opened.server);
    return { type: 'namespace', enter: namespace.enter, port: PORT, hosts: rules.allowed.map(formatPattern) };
  }

  /** Hosts that were refused from a time on (`monotonicMs`). */
  refusedSince(at: number): readonly string[] {
    return this.#gate.refusedSince(at);
  }

  close(): void {
    this.#isClosed = true;
    this.#proxy.close();
  }
}

function none(reason: string): ProxyWay {
  return { type: 'none', reason };
}
