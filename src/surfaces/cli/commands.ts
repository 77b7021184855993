import type { CommandSpec } from './command-spec.ts';
import type { CommandIo } from './io.ts';

/** A command: what is known of it, and how it runs with the words after its name; that resolves with the exit code. */
export interface Command {
  readonly spec: CommandSpec;
  readonly run: (io: CommandIo, words: readonly string[], program: Program) => Promise<number>;
}

/** All commands, for those that describe the others. */
export interface Program {
  readonly commands: Readonly<Record<string, CommandEntry>>;
  /** keel without a command: the terminal. */
  readonly loadTerminal: () => Promise<Command>;
}

interface CommandEntry {
  /** What it does, verb first. */
  readonly summary: string;
  /** Loads the command's code: each command is a chunk of its own. */
  readonly load: () => Promise<Command>;
}

/** Every command there is. Help, completion and the man page come from here. */
export const commands: Program['commands'] = {
  exec: {
    summary: 'run a request to completion, non-interactively',
    load: async () => (await import('./commands/exec/exec.ts')).execCommand,
  },
  resume: {
    summary: 'continue a recorded thread in this terminal',
    load: async () => (await import('./commands/terminal/tui.ts')).resumeCommand,
  },
  fork: {
    summary: 'start a new thread in this terminal from another one',
    load: async () => (await import('./commands/terminal/tui.ts')).forkCommand,
  },
  review: {
    summary: 'have a separate reviewer look at a change',
    load: async () => (await import('./commands/exec/review.ts')).reviewCommand,
  },
  demo: {
    summary: 'watch keel fix a small project, with a scripted model',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  config: {
    summary: 'show the settings in force and where each comes from',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  doctor: {
    summary: 'check this machine and the configuration',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  sandbox: {
    summary: 'run a command in the sandbox, explain or check the sandbox',
    load: async () => (await import('./commands/sandbox.ts')).sandboxCommand,
  },
  execpolicy: {
    summary: 'test rules for commands',
    load: async () => (await import('./commands/execpolicy.ts')).execpolicyCommand,
  },
  mcp: {
    summary: 'show, add, remove and test MCP servers',
    load: async () => (await import('./commands/mcp/mcp.ts')).mcpCommand,
  },
  'mcp-server': {
    summary: 'serve keel to an MCP client, as a tool',
    load: async () => (await import('./commands/mcp-server.ts')).mcpServerCommand,
  },
  'app-server': {
    summary: 'serve keel to editors and other programs',
    load: async () => (await import('./commands/app-server.ts')).appServerCommand,
  },
  acp: {
    summary: 'serve keel to an editor, by the Agent Client Protocol',
    load: async () => (await import('./commands/acp.ts')).acpCommand,
  },
  skills: {
    summary: 'list the skills found here',
    load: async () => (await import('./commands/skills.ts')).skillsCommand,
  },
  hooks: {
    summary: 'list the hooks found here, and accept those of a project',
    load: async () => (await import('./commands/hooks/hooks.ts')).hooksCommand,
  },
  plugin: {
    summary: 'add, show and remove plugins',
    load: async () => (await import('./commands/plugin/plugin.ts')).pluginCommand,
  },
  undo: {
    summary: 'take back what the newest turns did to files',
    load: async () => (await import('./commands/undo.ts')).undoCommand,
  },
  threads: {
    summary: 'list, search, name, archive, delete and roll back threads',
    load: async () => (await import('./commands/threads.ts')).threadsCommand,
  },
  export: {
    summary: 'write a thread as one readable page or as Markdown',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  models: {
    summary: 'list the models of the provider, with limits and prices',
    load: async () => (await import('./commands/models/models.ts')).modelsCommand,
  },
  provider: {
    summary: 'check what a provider and a model can do with keel',
    load: async () => (await import('./commands/models/provider.ts')).providerCommand,
  },
  usage: {
    summary: 'show what recorded threads cost, and why caches missed',
    load: async () => (await import('./commands/models/usage.ts')).usageCommand,
  },
  replay: {
    summary: 'run a recorded thread again and compare the requests',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  login: {
    summary: 'store an API key, or show which one is used',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  logout: {
    summary: 'remove the stored API key',
    load: async () => (await import('./commands/login.ts')).logoutCommand,
  },
  import: {
    summary: "bring another agent's settings over",
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  debug: {
    summary: 'print exactly what would be sent to the model',
    load: async () => (await import('./commands/debug.ts')).debugCommand,
  },
  generate: {
    summary: 'write the protocol as JSON Schema or TypeScript',
    load: async () => (await import('./commands/generate/generate.ts')).generateCommand,
  },
  completion: {
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  man: {
    summary: 'print the manual page',
    load: async () => (await import('./commands/man.ts')).manCommand,
  },
  'apply-patch': {
    summary: 'apply a patch in the format of the agent',
    load: async () => (await import('./commands/apply-patch.ts')).applyPatchCommand,
  },
};

/** keel without a command: the terminal. */
export async function loadTerminal(): Promise<Command> {
  return (await import('./commands/terminal/tui.ts')).terminalCommand;
}
