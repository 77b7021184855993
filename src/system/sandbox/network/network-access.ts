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
import { type Processes, runCommand } from '../../process/index.ts';
import { bwrapCommand } from '../backends/bubblewrap.ts';
import type { BackendFacts, ProxyWay } from '../plan/exec-plan.ts';
import { filterArch } from '../plan/plan.ts';
import { seccompProgram } from '../seccomp/program.ts';
import { type NetworkNamespace, openNetworkNamespace } from './network-namespace.ts';

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

const LIMIT_MS = 5_000;

/** A session's proxy, the namespace in which commands reach it and nothing else, closed with the session. */
export class NetworkAccess {
  readonly #options: NetworkAccessOptions;
  readonly #gate: Gate;
  readonly #proxy: NetworkProxy;
  #namespace: NetworkNamespace | null = null;
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

  /** Makes the way to the proxy, and tries it. Call it until it was made. */
  async open(facts: BackendFacts, signal: AbortSignal): Promise<ProxyWay> {
    if (facts.type === 'landlock') {
      return none('Landlock distinguishes connections by port and not by address, so it can confine nobody to a proxy');
    }
    if (facts.type !== 'bwrap') return none('only bubblewrap can confine commands to a proxy yet');
    const { processes } = this.#options;
    const opened = await openNetworkNamespace({ processes, bwrap: facts.path, signal });
    if (opened.type === 'fails') return none(`no network of its own could be made for commands (${opened.cause})`);
    const { namespace } = opened;
    const cause = await this.#tryOut(facts, namespace, signal);
    if (cause !== null || this.#isClosed) {
      namespace.server.close();
      namespace.close();
      return none(`a command could not be started in the network made for it (${cause ?? 'the session has ended'})`);
    }
    this.#namespace = namespace;
    this.#proxy.serve(namespace.server);
    const hosts = this.#options.rules.allowed.map(formatPattern);
    return { type: 'namespace', enter: namespace.enter, port: namespace.port, hosts };
  }

  /** Hosts that were refused from a time on (`performance.now`). */
  refusedSince(at: number): readonly string[] {
    return this.#gate.refusedSince(at);
  }

  close(): void {
    this.#isClosed = true;
    this.#proxy.close();
    this.#namespace?.close();
    this.#namespace = null;
  }

  /** @returns why a command does not start in a namespace as commands will; null if it does */
  async #tryOut(facts: Extract<BackendFacts, { type: 'bwrap' }>, namespace: NetworkNamespace, signal: AbortSignal) {
    const arch = filterArch();
    if (arch === null) return 'no filter is known for this machine';
    const filter = seccompProgram({ arch, network: 'proxy', allowUnixSockets: false });
    const spec = { argv: ['true'], cwd: '/', env: { PATH: '/usr/bin:/bin' } };
    const trial = bwrapCommand({ facts, spec, mounts: [], network: 'proxy', enter: namespace.enter, filter });
    const { processes } = this.#options;
    const options = { processes, timeoutMs: LIMIT_MS, signal, onText: () => undefined, spill: null };
    const { end, output } = await runCommand(trial, options);
    if (end.type === 'exited' && end.exitCode === 0) return null;
    return end.type === 'spawnFailed' ? end.message : output.trim().slice(0, 200) || end.type;
  }
}

function none(reason: string): ProxyWay {
  return { type: 'none', reason };
}
