import { isIP } from 'node:net';
import { monotonicMs } from '../../../foundation/util/index.ts';
import { type AddressKind, addressKind, canonicalAddress, withTranslated } from './addresses.ts';
import type { AskUser, Destination } from './destination.ts';
import { type DomainRules, matchesAny, names } from './domain-rules.ts';
import { formatHostAndPort } from './host.ts';
import { Questions } from './questions.ts';
import { type Resolver, systemResolver } from './resolve.ts';

/**
 * Why a destination is not reached: `denied` by the deny-list, `notAllowed` by no list, `notAllowedLocal` since it leads to
 * no place of the public internet, `methodNotAllowed` under the limited mode, `refusedByUser`, `unresolved` since its name
 * has no address.
 */
export type RefusalReason =
  | 'denied'
  | 'notAllowed'
  | 'notAllowedLocal'
  | 'methodNotAllowed'
  | 'refusedByUser'
  | 'unresolved';

export interface Refusal {
  readonly type: 'refused';
  readonly reason: RefusalReason;
  /** A sentence for whoever reads what a program prints. */
  readonly message: string;
}

/** `addresses` were checked: a connection goes to one of them, and the name is not looked up again. */
export type Verdict = { readonly type: 'open'; readonly addresses: readonly string[] } | Refusal;

/** What a rule of the user's says of a destination beside the lists. A rule that allows names its host. */
export type HostRuleVerdict =
  | { readonly type: 'none' | 'allowed' }
  | { readonly type: 'prompt' | 'forbidden'; readonly reason: string | null };

export interface NetworkRules extends DomainRules {
  /** `limited`: only requests that read, and so neither tunnels nor SOCKS, which nobody can look into. */
  readonly mode: 'full' | 'limited';
  /** Whether an allowed name may lead to this machine or its private network. */
  readonly allowLocalBinding: boolean;
}

export interface GateOptions {
  readonly rules: NetworkRules;
  /** Absent: as the system resolves names. */
  readonly resolve?: Resolver;
  /** Absent: there are no rules but the lists. */
  readonly ruleOf?: ((destination: Destination) => HostRuleVerdict) | undefined;
  /** Absent: nobody is asked. */
  readonly ask?: AskUser;
  /** Milliseconds; for telling refusals of one command from those of another. */
  readonly now?: () => number;
}

interface Refused {
  readonly at: number;
  readonly place: string;
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_TOLD = 64;

/**
 * Decides which destinations are open: what is denied never, what is local only where it is meant, what is allowed, and
 * beyond that what the user is asked about. A name is looked up only once it is allowed, since a look-up already reveals
 * something to whoever serves it; what it leads to is judged as well.
 */
export class Gate {
  readonly #rules: NetworkRules;
  readonly #resolve: Resolver;
  readonly #ruleOf: (destination: Destination) => HostRuleVerdict;
  readonly #questions: Questions | null;
  readonly #now: () => number;
  #refusals: Refused[] = [];

  constructor({ rules, resolve = systemResolver, ruleOf = noRule, ask, now = () => monotonicMs() }: GateOptions) {
    this.#rules = rules;
    this.#ruleOf = ruleOf;
    this.#resolve = resolve;
    this.#questions = ask === undefined ? null : new Questions(ask);
    this.#now = now;
  }

  /** `method`: of a plain request. Never rejects; an abort of `signal` is a refusal. */
  async judge(destination: Destination, signal: AbortSignal, method?: string): Promise<Verdict> {
    const verdict = await this.#judge(destination, signal, method);
    if (verdict.type === 'refused') this.#note(destination);
    return verdict;
  }

  /** Hosts that were refused from a time on (`now`), each once, oldest first. */
  refusedSince(at: number): readonly string[] {
    return [...new Set(this.#refusals.filter((refused) => refused.at >= at).map(({ place }) => place))];
  }

  async #judge(destination: Destination, signal: AbortSignal, method: string | undefined): Promise<Verdict> {
    const { host, port, protocol } = destination;
    const { allowed, mode } = this.#rules;
    if (this.#isDenied(host, port)) return refusal('denied', destination, 'it is on the deny-list');
    const rule = this.#ruleFor(destination);
    if (rule.type === 'forbidden') return refusal('denied', destination, rule.reason ?? 'a rule forbids it');
    if (mode === 'limited' && (protocol !== 'http' || !READING.has(method ?? ''))) {
      const why = 'only GET, HEAD and OPTIONS by plain HTTP pass here (sandbox.network.mode is "limited")';
      return refusal('methodNotAllowed', destination, why);
    }
    const isNamed = rule.type === 'allowed' || names(allowed, host, port);
    const kind = localKind(host);
    if (kind !== 'public' && !isNamed && !this.#mayBeLocal(kind)) {
      return refusal('notAllowedLocal', destination, 'it is no place of the public internet');
    }
    const isAllowed = isNamed || matchesAny(allowed, host, port);
    if (rule.type === 'prompt' || !isAllowed) {
      const reason = rule.type === 'prompt' ? (rule.reason ?? 'a rule wants it asked about') : null;
      const refused = await this.#askAbout(destination, signal, reason);
      if (refused !== null) return refused;
    }
    if (isIP(host) !== 0) return { type: 'open', addresses: [host] };
    if (kind !== 'public') return { type: 'open', addresses: ['127.0.0.1', '::1'] };
    return this.#resolved(destination, signal);
  }

  async #resolved(destination: Destination, signal: AbortSignal): Promise<Verdict> {
    const { host, port } = destination;
    let addresses: readonly string[];
    try {
      // In the one form in which lists have them: a name can lead to an IPv4 address that is mapped into IPv6.
      addresses = (await this.#resolve(host, signal)).map((address) => canonicalAddress(address) ?? address);
    } catch {
      // Why a name has no address makes no difference to who asked for it.
      addresses = [];
    }
    if (addresses.length === 0) return refusal('unresolved', destination, 'its name could not be resolved');
    if (addresses.some((address) => this.#isDenied(address, port))) {
      return refusal('denied', destination, 'its name leads to an address on the deny-list');
    }
    const isOpen = (address: string) => {
      const kind = addressKind(address);
      return kind === 'public' || this.#mayBeLocal(kind);
    };
    // One that is wrong is enough: who answers so is not to be trusted with the rest.
    if (addresses.every(isOpen)) return { type: 'open', addresses };
    return refusal('notAllowedLocal', destination, 'its name leads to an address inside this machine or its network');
  }

  /** What is denied is so by its IPv6 translation too, which leads to the same host. */
  #isDenied(host: string, port: number): boolean {
    return withTranslated(host).some((one) => matchesAny(this.#rules.denied, one, port));
  }

  #ruleFor(destination: Destination): HostRuleVerdict {
    const verdicts = withTranslated(destination.host).map((host) => this.#ruleOf({ ...destination, host }));
    return verdicts.find(({ type }) => type === 'forbidden') ?? verdicts[0] ?? noRule();
  }

  async #askAbout(destination: Destination, signal: AbortSignal, reason: string | null): Promise<Refusal | null> {
    const why = reason ?? 'it is not among sandbox.network.allowed_domains';
    if (this.#questions === null) return refusal('notAllowed', destination, why);
    const answer = await this.#questions.ask(destination, signal, reason);
    if (answer.type === 'allowed') return null;
    const answered = answer.message === null ? '' : `: ${answer.message}`;
    return refusal('refusedByUser', destination, `${why}, and approval was not given${answered}`);
  }

  #mayBeLocal(kind: AddressKind): boolean {
    return this.#rules.allowLocalBinding && (kind === 'loopback' || kind === 'private');
  }

  #note({ host, port }: Destination): void {
    this.#refusals = [...this.#refusals.slice(1 - MAX_TOLD), { at: this.#now(), place: formatHostAndPort(host, port) }];
  }
}

function noRule(): HostRuleVerdict {
  return { type: 'none' };
}

/** What a host is by its name alone; names that have to be looked up count as public here. */
function localKind(host: string): AddressKind {
  if (isIP(host) !== 0) return addressKind(host);
  return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'public';
}

function refusal(reason: RefusalReason, { host, port }: Destination, why: string): Refusal {
  return { type: 'refused', reason, message: `keel refused ${formatHostAndPort(host, port)}: ${why}.` };
}
