import { join } from 'node:path';
import {
  CommandJudge,
  ExecPolicy,
  type HostRule,
  hostRuleLine,
  judgeByRules,
  judgeHost,
  type LoadedRules,
  loadRules,
  type RuleVerdict,
  remember,
  rememberLine,
} from '../approvals/index.ts';
import type { Config } from '../config/index.ts';
import type { Destination, HostRuleVerdict, NetworkProtocol } from '../network/index.ts';
import type { CommandSpec } from '../sandbox/index.ts';

/** What a session knows of commands: their words, and the user's rules about them, read when the first command comes. */
export class SessionRules {
  readonly judge = new CommandJudge();
  readonly #config: Config;
  #loaded: LoadedRules | null = null;
  #policy = new ExecPolicy();
  #hosts: readonly HostRule[] = [];

  constructor(config: Config) {
    this.#config = config;
  }

  /** Resolves when a command can be judged. @returns what is wrong with the rule files, the first time */
  async ready({ argv }: CommandSpec): Promise<readonly string[]> {
    await this.judge.ready(argv);
    if (this.#loaded) return [];
    this.#loaded = loadRules(this.#directories());
    this.#policy = this.#loaded.policy;
    this.#hosts = this.#loaded.hosts;
    return this.#loaded.warnings;
  }

  riskOf({ argv }: CommandSpec): 'safe' | 'plain' | 'dangerous' {
    const { isSafe, isDangerous } = this.judge.judge(argv);
    if (isDangerous) return 'dangerous';
    return isSafe ? 'safe' : 'plain';
  }

  /** A rule that asks or forbids counts for every command that a line mentions or starts; one that allows, only for plain words. */
  ruleOf({ argv }: CommandSpec): RuleVerdict {
    const { commands, mentioned, reached } = this.judge.judge(argv);
    const isPlain = commands?.every((command) => command.every(({ isDynamic }) => !isDynamic)) ?? false;
    const verdict = judgeByRules(this.#policy, argv, mentioned, reached);
    return isPlain || (verdict.type !== 'allowed' && verdict.type !== 'none')
      ? verdict
      : { type: 'none', proposed: null };
  }

  async remember(prefix: readonly string[]): Promise<void> {
    await remember(this.#ownFile, prefix);
    this.#policy = this.#policy.with({ pattern: prefix.map((word) => [word]), decision: 'allow', justification: null });
  }

  /** Rules are read when the first command comes, and so before one can reach for a host. */
  hostRuleOf(destination: Destination): HostRuleVerdict {
    return judgeHost(this.#hosts, destination);
  }

  /** Allows a host from now on, by this protocol and at every port. */
  async rememberHost(host: string, protocol: NetworkProtocol): Promise<void> {
    await rememberLine(this.#ownFile, hostRuleLine(host, protocol));
    this.#hosts = [...this.#hosts, { host, protocol, decision: 'allow', justification: null }];
  }

  get #ownFile(): string {
    return join(this.#config.home, 'rules', 'default.rules');
  }

  /** Lowest layer first; a project's rules count only where the user trusts it. */
  #directories(): string[] {
    const { home, cwd, projectTrust } = this.#config;
    const project = projectTrust === 'trusted' ? [join(cwd, '.keel', 'rules')] : [];
    return ['/etc/keel/rules', join(home, 'rules'), ...project];
  }
}
