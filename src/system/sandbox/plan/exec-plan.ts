import type { SpawnSpec } from '../../process/index.ts';

/** What confines a command. */
export type SandboxBackend = 'none' | 'bwrap' | 'landlock' | 'seatbelt';

/** How far a run may reach: confined by the policy, or with the user's own rights, which the user has to have granted. */
export type Scope = 'sandboxed' | 'unsandboxed';

/** A command as a tool wants it run, before anything is decided about its sandbox. Paths are absolute. */
export interface CommandSpec {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * How far the network reaches. `none`: nowhere, there are no sockets. `loopback`: to servers in the network namespace of the
 * command, and nothing else. `proxy`: the same, and one of those servers is keel's proxy.
 */
export type NetworkReach = 'full' | 'none' | 'loopback' | 'proxy';

/** How commands come to the proxy of a session, where lists of hosts are configured. */
export type ProxyWay =
  | {
      /** In the session's network namespace. */
      readonly type: 'namespace';
      /** Words before a command line that start it in there. */
      readonly enter: readonly string[];
      /** On 127.0.0.1 in there. */
      readonly port: number;
      /** What is listed, for people. */
      readonly hosts: readonly string[];
    }
  /** Commands then have no network at all. */
  | { readonly type: 'none'; readonly reason: string };

/** What a plan really enforces. */
export interface Enforced {
  /** Nothing is written outside the writable places. */
  readonly fileWrites: boolean;
  /** What lies protected inside them stays as it is. */
  readonly protectedPaths: boolean;
  /** Files with credentials can't be read. */
  readonly fileReads: boolean;
  readonly network: boolean;
  /** Other processes can't be reached, and none is left behind. */
  readonly processes: boolean;
}

/** One place of the file system as a command sees it; everything else is there to be read. */
export interface Mount {
  /**
   * `writable`: may be written. `pinned`: the same, and can't be renamed. `readOnly`: stays as it is. `hidden`: can't be read.
   */
  readonly type: 'writable' | 'pinned' | 'readOnly' | 'hidden';
  /** Absolute, without symlinks. */
  readonly path: string;
  /** For a root: device and inode of the directory that it is, see `identityOf`. Nothing else is mounted in its name. */
  readonly identity?: string;
}

/** Ready to spawn: nobody further down knows about policies. */
export interface ExecPlan {
  readonly backend: SandboxBackend;
  readonly spawn: SpawnSpec;
  readonly enforced: Enforced;
  /** In the order in which they are laid on each other. */
  readonly mounts: readonly Mount[];
  readonly network: NetworkReach;
  /** What a person should know of this plan beyond its data. */
  readonly notes: readonly string[];
}

/** How a command would be confined, or why it can't be and so does not run. `reason` says how to fix it. */
export type Planned =
  | { readonly type: 'ready'; readonly plan: ExecPlan }
  | { readonly type: 'unavailable'; readonly reason: string };

/** What a backend can do on this machine, found out by running it. */
export type BackendFacts =
  | {
      readonly type: 'bwrap';
      /** Absolute path of the program. */
      readonly path: string;
      /** Whether it may give a command a /proc of its own; without, the host's is there, read-only. */
      readonly ownProc: boolean;
      /** Whether it mounts what a descriptor names (`--bind-fd`); releases without the security fixes of 2024 don't. */
      readonly bindsDescriptors: boolean;
    }
  | {
      readonly type: 'landlock';
      /** The kernel's version of Landlock. */
      readonly abi: number;
      /** Why it is not bubblewrap, which confines more. */
      readonly reason: string;
    }
  | { readonly type: 'seatbelt' }
  | { readonly type: 'unavailable'; readonly reason: string };
