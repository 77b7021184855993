import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ConfinedChild } from './confined/confined-thread.ts';
import { ConfinedThreads } from './confined/confined-threads.ts';
import type { Confinement } from './confined/confinement.ts';
import type { ConfinedStdio } from './confined/messages.ts';
import { endPolitely } from './process-tree/end-politely.ts';
import { GroupJournal } from './process-tree/group-journal.ts';
import { Orphans } from './process-tree/orphans.ts';
import { processEntry } from './process-tree/process-table.ts';
import {
  type Group,
  isSame,
  MARK_VARIABLE,
  markedBy,
  markedFrom,
  processTreeOf,
  sendSignal,
  type TreeOptions,
} from './process-tree/process-tree.ts';
import { sealDescriptors } from './start/descriptors.ts';
import { InputFiles } from './start/input-files.ts';
import { type NativeChild, NativeStarter } from './start/native-starter.ts';
import { outlivingEnvironment } from './start/own-children.ts';
import type { SpawnSpec } from './start/spawn-spec.ts';
import { startProgram } from './start/start-program.ts';
import { ownTerminalArgv } from './terminal/own-terminal.ts';

/** What commands get to end by themselves before they are killed, ms. */
const DEFAULT_GRACE_MS = 500;
/** A process may fork while it is being looked for: the last look has to find nothing, but there is an end to it. */
const MAX_SWEEPS = 4;

type Stdio = 'ignore' | 'inherit' | 'pipe' | 'ipc' | number;

/**
 * What becomes of processes whose parent, a command or something that it started, has ended.
 * `leave`: they are init's, and only found by group, session and mark. For keel inside another program.
 * `collect`: they are re-parented to this process, and another owner ends them. For a child session.
 * `end`: they are re-parented to this process, and end with everything else of this owner.
 */
export type OrphanCare = 'leave' | 'collect' | 'end';

export interface ProcessesOptions {
  /** Where the commands are noted that a crash would leave running; what an earlier owner left is ended at once. */
  readonly journalPath?: string | null;
  /** Asked when it matters; `leave` by default. What else is only for a process that is keel's own. */
  readonly orphans?: () => OrphanCare;
  /** What a command that is asked to end gets for it before it is killed, ms. */
  readonly graceMs?: number;
}

/**
 * Owns the processes of a session. Each command leads a group of its own and carries a mark in its environment; ending a
 * command ends the group, what descends from it, and whatever else carries its mark. Ending everything also ends orphans, where
 * the owner is to (`OrphanCare`).
 */
export class Processes {
  readonly #inputFiles = new InputFiles();
  readonly #token: string;
  readonly #journal: GroupJournal | null;
  readonly #graceMs: number;
  /** By process id: those that run, and those whose leader has ended but which may have left something running. */
  readonly #groups = new Map<number, Group>();
  readonly #survivors = new Set<Readable>();
  readonly #confined = new ConfinedThreads();
  #started = 0;
  readonly #care: () => OrphanCare;
  /** Something was started since all was ended that the kernel does not end as a whole, as it does a PID namespace. */
  #mayLeaveRunning = false;
  /** Commands that a confined thread is about to start. */
  #starting = 0;
  /** When the first command started, in clock ticks since boot. */
  #firstTicks: number | null = null;
  #closed = false;

  /** `token` is unique to the session, also among other processes of keel. */
  constructor(token: string, options: ProcessesOptions = {}) {
    this.#token = token;
    this.#graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
    this.#care = options.orphans ?? (() => 'leave');
    this.#journal = options.journalPath ? new GroupJournal(options.journalPath) : null;
    this.#journal?.endLeftovers();
  }

  /** A mark for a command that is about to start. */
  newMark(): string {
    this.#started += 1;
    return `${this.#token}/${this.#started}`;
  }

  /**
   * Starts a program with empty input, as the leader of a new session and process group, the fastest way there is. `outputs`
   * are still the caller's. Null: it has to be started by `spawn`.
   */
  startDirectly(spec: SpawnSpec, mark: string, outputs: readonly [number, number]): NativeChild | null {
    this.admit(spec);
    const starter = NativeStarter.shared();
    if (starter === null) return null;
    sealDescriptors();
    const inputs = this.#openInputs(spec);
    try {
      const child = starter.start({ ...spec, env: this.#environment(spec, mark) }, [...outputs, ...inputs]);
      if (child !== null) this.adopt(child.pid, mark, spec);
      return child;
    } finally {
      for (const fd of inputs) closeSync(fd);
    }
  }

  /** Starts a program as the leader of a new session and process group. A failure may also come as the child's `error`. */
  spawn(spec: SpawnSpec, mark: string, stdio: readonly [Stdio, Stdio, Stdio]): ChildProcess {
    this.admit(spec);
    const [program = '', ...args] = spec.argv;
    const argv0 = spec.argv0 === undefined ? {} : { argv0: spec.argv0 };
    const inputs = this.#openInputs(spec);
    try {
      const child = startProgram(program, args, {
        cwd: spec.cwd,
        env: this.#environment(spec, mark),
        detached: true,
        stdio: [...stdio, ...inputs],
        ...argv0,
      });
      if (child.pid !== undefined) this.adopt(child.pid, mark, spec);
      return child;
    } finally {
      for (const fd of inputs) closeSync(fd);
    }
  }

  /** Starts a program on a terminal, still the caller's, as its input and output, which becomes the program's own. */
  spawnOnTerminal(spec: SpawnSpec, mark: string, terminalFd: number): ChildProcess {
    this.admit(spec);
    const [program = '', ...args] = ownTerminalArgv(spec.argv);
    const inputs = this.#openInputs(spec);
    try {
      const env = { TERM: 'dumb', ...this.marked(spec.env, mark) };
      const child = startProgram(program, args, {
        cwd: spec.cwd,
        env,
        stdio: [terminalFd, terminalFd, terminalFd, ...inputs],
      });
      if (child.pid !== undefined) this.adopt(child.pid, mark, spec);
      return child;
    } finally {
      for (const fd of inputs) closeSync(fd);
    }
  }

  /** Starts a program from a confined thread. `spec` is marked here. @throws what keeps it from being started */
  async startConfined(spec: SpawnSpec, confinement: Confinement, stdio: ConfinedStdio): Promise<ConfinedChild> {
    this.#prepare(spec);
    const mark = this.newMark();
    const marked = { ...spec, env: this.marked(spec.env, mark) };
    sealDescriptors();
    const inputs = this.#openInputs(spec);
    this.#starting += 1;
    try {
      const child = await this.#confined.start(confinement, marked, stdio, inputs);
      this.adopt(child.pid, mark, spec);
      // The session may have ended while it was being started.
      if (this.#closed) this.kill(child.pid);
      return child;
    } finally {
      this.#starting -= 1;
      for (const fd of inputs) closeSync(fd);
    }
  }

  /**
   * Called before a program is started that runs with keel's own rights.
   * @throws if the session has ended, or the program has to be confined
   */
  admit(spec: SpawnSpec): void {
    // From here it would run with keel's own rights.
    if (spec.confinement !== undefined) throw new Error('a confined program is started by startConfined');
    this.#prepare(spec);
  }

  /** An environment that carries the mark, for what is started elsewhere. */
  marked(env: SpawnSpec['env'], mark: string): Record<string, string> {
    return { ...env, [MARK_VARIABLE]: mark };
  }

  /** Takes over a group that was started elsewhere (a terminal's). */
  adopt(pid: number, mark: string, { isSupervisor: isSupervised = false, outlives = false, onStart }: SpawnSpec): void {
    const group = { pid, startTicks: processEntry(pid)?.startTicks ?? null, mark };
    this.#firstTicks ??= group.startTicks ?? 0;
    this.#groups.set(pid, { ...group, isSupervised, outlives });
    if (!outlives) this.#journal?.note(group);
    onStart?.(pid);
  }

  /** The leader has ended by itself. What it left running is ended with the session. */
  release(pid: number): void {
    if (!sendSignal(-pid, 0)) this.#groups.delete(pid);
  }

  /** Keeps reading what survivors of a command print, so that a server in the background is not ended by a full pipe. */
  keepDraining(stream: Readable): void {
    if (this.#closed || stream.destroyed) {
      stream.destroy();
      return;
    }
    this.#survivors.add(stream);
    stream.once('close', () => this.#survivors.delete(stream));
    stream.removeAllListeners('data');
    stream.resume();
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  }

  /** Sends a signal to the command's own group, as a terminal does for Ctrl-C. */
  signal(pid: number, signal: NodeJS.Signals): void {
    if (this.#groups.has(pid)) sendSignal(-pid, signal);
  }

  /** Asks a command and all it started to end, and kills what is left after the grace. */
  async end(pid: number): Promise<void> {
    const group = this.#groups.get(pid);
    if (group === undefined) return;
    const { startTicks, mark } = group;
    await endPolitely([group], { marks: [markedBy(mark)], since: startTicks ?? 0, graceMs: this.#graceMs });
    this.#kill(group);
  }

  /** Asks everything that still runs to end, and kills what is left after the grace. */
  async endAll(): Promise<void> {
    this.#forgetEnded();
    const groups = this.#ending();
    if (this.#mayRun()) await endPolitely(groups, { ...this.#treeOptions(), graceMs: this.#graceMs });
    this.killAll();
  }

  /** Ends a command with all it started, at once. Safe to call for one that has ended. */
  kill(pid: number): void {
    const group = this.#groups.get(pid);
    if (group !== undefined) this.#kill(group);
  }

  /** Ends everything the session started, at once; usable from an exit handler. */
  killAll(): void {
    this.#forgetEnded();
    const groups = this.#ending();
    for (const group of groups) killGroup(group);
    if (this.#mayRun()) sweep(() => processTreeOf(groups, this.#treeOptions()));
    this.#mayLeaveRunning = false;
    this.#groups.clear();
    this.#journal?.clear();
  }

  /** Ends everything and releases its resources; nothing can be started any more. */
  close(): void {
    this.#closed = true;
    this.killAll();
    this.#confined.close();
    this.#inputFiles.close();
    for (const stream of this.#survivors) stream.destroy();
  }

  /** Before the start: a program may have left an orphan when it returns. */
  #prepare({ isSupervisor = false }: SpawnSpec): void {
    if (this.#closed) throw new Error('the session has ended');
    // bubblewrap's own children as well, which nobody else may collect: many containers have an init that does not.
    if (this.#care() !== 'leave') Orphans.collect();
    if (!isSupervisor) this.#mayLeaveRunning = true;
  }

  /**
   * A group may still be ending when its command is released: the kernel takes some time to end what bubblewrap leaves. A program
   * on a terminal of its own leads no group yet right after its start.
   */
  #forgetEnded(): void {
    for (const pid of this.#groups.keys()) {
      if (!sendSignal(-pid, 0) && !sendSignal(pid, 0)) this.#groups.delete(pid);
    }
  }

  /** Whether anything may be left to end. Where keel gets the orphans, it knows that without a look at every process. */
  #mayRun(): boolean {
    if (this.#ending().length > 0 || this.#starting > 0) return true;
    const orphans = this.#care() === 'leave' ? null : Orphans.collected;
    return orphans?.mayExist() ?? this.#mayLeaveRunning;
  }

  /** What ends with the session. */
  #ending(): Group[] {
    return [...this.#groups.values()].filter(({ outlives = false }) => !outlives);
  }

  /** The mark finds what is to end with the session; what is to outlive it carries another one. */
  #environment({ env, outlives = false }: SpawnSpec, mark: string): Record<string, string> {
    return outlives ? outlivingEnvironment({ ...env }) : this.marked(env, mark);
  }

  #treeOptions(): TreeOptions {
    const orphans = this.#care() === 'end' ? Orphans.collected : null;
    return { marks: [markedFrom(`${this.#token}/`)], since: this.#firstTicks ?? 0, orphans };
  }

  /** Descriptors that whoever starts the program closes. */
  #openInputs({ inputs = [] }: SpawnSpec): number[] {
    return this.#inputFiles.openAll(inputs);
  }

  #kill(group: Group): void {
    killGroup(group);
    sweep(() => processTreeOf([group], { marks: [markedBy(group.mark)], since: group.startTicks ?? 0 }));
    this.#groups.delete(group.pid);
  }
}

function killGroup(group: Group): void {
  if (isSame(group, processEntry(group.pid)?.startTicks)) sendSignal(-group.pid, 'SIGKILL');
}

function sweep(find: () => readonly { readonly pid: number }[]): void {
  for (let round = 0; round < MAX_SWEEPS; round += 1) {
    const found = find();
    if (found.length === 0) return;
    for (const { pid } of found) sendSignal(pid, 'SIGKILL');
  }
}
