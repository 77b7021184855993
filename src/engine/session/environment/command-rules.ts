import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { KnownWays, ownerOf } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { namesDrivers, readingEnvironment } from '../../../system/git/index.ts';
import type { Destination, HostRuleVerdict, NetworkProtocol } from '../../../system/network/index.ts';
import { type CommandSpec, type PlanRequest, writableRoots } from '../../../system/sandbox/index.ts';
import {
  CommandJudge,
  ExecPolicy,
  type HostRule,
  hostRuleLine,
  judgeByRules,
  judgeHost,
  type LoadedRules,
  loadRules,
  type PlainCommand,
  ProgramPlaces,
  type RuleSource,
  type RuleVerdict,
  remember,
  rememberLine,
} from '../../../tools/approvals/index.ts';

/** A line that changes through more directories is not examined. */
const MAX_DIRECTORIES = 16;

/** Judges the commands of a session: by their words, and by the user's rules, which are read for the first command. */
export class SessionRules {
  readonly judge = new CommandJudge();
  readonly #config: Config;
  #loaded: LoadedRules | null = null;
  #policy = new ExecPolicy();
  #hosts: readonly HostRule[] = [];
  readonly #programs = new SessionPrograms();

  constructor(config: Config) {
    this.#config = config;
  }

  /** Resolves when a command can be judged. @returns what is wrong with the rule files, the first time */
  async ready({ argv }: CommandSpec): Promise<readonly string[]> {
    await this.judge.ready(argv);
    if (this.#loaded) return [];
    this.#loaded = loadRules(this.#sources());
    this.#policy = this.#loaded.policy;
    this.#hosts = this.#loaded.hosts;
    return this.#loaded.warnings;
  }

  /** A command that only reads is run as `reading` has it. */
  riskOf({ argv, cwd, env }: CommandSpec, turn: Place): 'safe' | 'plain' | 'dangerous' {
    const { isSafe, isDangerous, commands } = this.judge.judge(argv);
    if (isDangerous) return 'dangerous';
    if (!isSafe || commands === null) return 'plain';
    const programs = this.#programs.of({ cwd, env }, turn);
    const isPlanted = ([name]: PlainCommand) => name !== undefined && isWritableProgram(name.text, programs);
    if (isWritableProgram(argv[0] ?? '', programs) || commands.some(isPlanted)) return 'plain';
    const directories = gitDirectories(commands, cwd);
    return directories === null || directories.some(namesDrivers) ? 'plain' : 'safe';
  }

  /** git might do more than read without the settings of `readingEnvironment`. */
  reading(spec: CommandSpec): CommandSpec {
    const { commands } = this.judge.judge(spec.argv);
    const namesGit = commands?.some((words) => words.some(({ text }) => text.includes('git'))) ?? true;
    return namesGit || readsStartFiles(spec) ? { ...spec, env: readingEnvironment(spec.env) } : spec;
  }

  ruleOf({ argv, cwd, env }: CommandSpec, turn: Place): RuleVerdict {
    const judgement = this.judge.judge(argv);
    return judgeByRules(this.#policy, { argv, judgement, programs: this.#programs.of({ cwd, env }, turn) });
  }

  async remember(prefix: readonly string[]): Promise<void> {
    await remember(this.#ownFile, prefix);
    this.#policy = this.#policy.with({ pattern: prefix.map((word) => [word]), decision: 'allow', justification: null });
  }

  /** Rules are read for the first command, and so before one can connect to a host. */
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
  #sources(): RuleSource[] {
    const { home, trustedFolder: project } = this.#config;
    const own = { dir: join(home, 'rules'), limits: () => ({ trusted: ownerOf(home), below: home }), project: null };
    const system = { dir: '/etc/keel/rules', limits: () => ({}), project: null };
    if (project === null) return [system, own];
    return [
      system,
      own,
      { dir: join(project, '.keel', 'rules'), limits: () => ({ trusted: ownerOf(project) }), project },
    ];
  }
}

/** Such files may give any name of a program another meaning. */
function readsStartFiles({ argv: [program = '', option], env }: CommandSpec): boolean {
  return option === '-lc' || program.endsWith('zsh') || env['BASH_ENV'] !== undefined;
}

const USUAL_REACH: Extract<SandboxPolicy, { mode: 'workspace-write' }> = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

/** The places where a turn's commands are allowed to write. */
type Place = Pick<PlanRequest, 'cwd' | 'policy'>;

/** Looks programs up for the commands of a session. */
class SessionPrograms {
  readonly #ways = new KnownWays();
  #reach: Reach | null = null;

  /**
   * Confined commands of an earlier turn could write below the project, whatever this turn allows. A program that they could
   * write there is not the one that is meant by a bare name.
   */
  of({ cwd, env }: Pick<CommandSpec, 'cwd' | 'env'>, turn: Place): ProgramPlaces {
    const rootsOf = () => this.#rootsOf(turn, env);
    return new ProgramPlaces({
      searchPath: env['PATH'] ?? '',
      cwd,
      ways: this.#ways,
      // Few commands need them, and finding them takes twenty looks at the disk.
      get writableRoots() {
        return rootsOf();
      },
    });
  }

  /** Found once for as long as the place and the policy stay the same: what a name leads to is not for commands to change. */
  #rootsOf({ cwd, policy: own }: Place, env: CommandSpec['env']): readonly string[] {
    const policy = own.mode === 'workspace-write' ? own : USUAL_REACH;
    const tmpdir = env['TMPDIR'];
    const last = this.#reach;
    if (last !== null && last.policy === policy && last.cwd === cwd && last.tmpdir === tmpdir) return last.roots;
    const roots = writableRoots({ policy, cwd, env });
    const scratch = tmpdir === undefined || policy.exclude_tmpdir_env_var ? [] : [tmpdir];
    // A directory that is missing now may be made later, and is looked for until then.
    const areAllThere = [...(policy.writable_roots ?? []), ...scratch].every((name) => existsSync(resolve(cwd, name)));
    this.#reach = areAllThere ? { policy, cwd, tmpdir, roots } : null;
    return roots;
  }
}

interface Reach extends Place {
  readonly tmpdir: string | undefined;
  readonly roots: readonly string[];
}

function isWritableProgram(name: string, programs: ProgramPlaces): boolean {
  return !programs.isBuiltin(name) && (programs.find(name)?.isWritable ?? false);
}

/** Where git may be started in a line of plain commands; null if that can't be known, empty without git. */
function gitDirectories(commands: readonly PlainCommand[], cwd: string): readonly string[] | null {
  if (!commands.some(([program]) => program?.text.endsWith('git'))) return [];
  const found = new Set([cwd]);
  for (const [program, ...args] of commands) {
    if (program?.text === 'cd') {
      const [target] = args.filter(({ text }) => !/^-[LPe@]*$|^--$/.test(text));
      if (target === undefined || target.isDynamic || target.text.startsWith('~')) return null;
      for (const from of [...found]) found.add(resolve(from, target.text));
    }
    for (const [at, { text }] of args.entries()) {
      if (args[at - 1]?.text !== '-C' || !program?.text.endsWith('git')) continue;
      if (text.startsWith('~')) return null;
      for (const from of [...found]) found.add(resolve(from, text));
    }
    if (found.size > MAX_DIRECTORIES) return null;
  }
  return [...found];
}
