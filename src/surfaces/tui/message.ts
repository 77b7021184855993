import type { ServerPrompt, SessionReport, ThreadOrigin, ThreadPage, ThreadQuery } from '../../engine/threads/index.ts';
import type {
  ApprovalPolicy,
  Op,
  ReasoningEffort,
  SandboxPolicy,
  SessionEvent,
  Turn,
} from '../../foundation/protocol/index.ts';
import type { LocalServerKind } from '../../storage/config/index.ts';
import type { CustomPrompt } from '../prompts/index.ts';
import type { ThemeName } from '../text/index.ts';
import type { Atom } from './composer/index.ts';
import type { Keymap } from './keymap/index.ts';
import type { StatusInput, StatusLine } from './status-parts.ts';
import type { InputEvent, Size } from './terminal/index.ts';

/** The settings of a thread that the screen shows and commands change. */
export interface ThreadSettings {
  readonly model: string;
  readonly effort: ReasoningEffort | null;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly cwd: string;
}

/** Why no model can be reached yet, for people, and whether a key that the user enters would change that. */
export interface MissingModel {
  readonly reason: string;
  readonly takesKey: boolean;
}

/** A server of models that runs on this machine. */
export interface FoundServer {
  readonly kind: LocalServerKind;
  readonly name: string;
  readonly models: readonly string[];
}

/** A model to choose. */
export interface ModelChoice {
  readonly name: string;
  /** The efforts that it takes; null: not known. */
  readonly efforts: readonly string[] | null;
}

/** A model of another provider than the thread's. */
export interface OtherModel {
  readonly provider: { readonly id: string; readonly label: string };
  /** Null: the user has to name it. */
  readonly name: string | null;
  /** The efforts that it takes; null: not known. */
  readonly efforts: readonly string[] | null;
}

/** Another provider to work with. `provider`: its id. */
export interface ProviderChoice {
  readonly provider: string;
  readonly model: string;
}

/** What the user is asked to trust. */
export interface TrustQuestion {
  readonly folder: string;
  /** What of it would count, by paths. */
  readonly counts: readonly string[];
  /** The commands that it asks keel to run, a line each: first those that a yes alone runs, since they were accepted before. */
  readonly runs: readonly string[];
  /** Why its configuration can't be read, so that nobody knows all that it runs; null: it can. */
  readonly fault: string | null;
  /** Whether commands could then write in it that can't now. */
  readonly mayWrite: boolean;
}

/** What is known once the configuration is read. */
export interface Setup {
  readonly version: string;
  readonly settings: ThreadSettings;
  readonly provider: string;
  /** The sandbox policy that writes in the workspace, as configured. */
  readonly workspacePolicy: SandboxPolicy;
  /** Null: the model can be reached, as far as is known. Asked before anything else. */
  readonly connect: MissingModel | null;
  /** Null: the project is trusted or refused, or the command line says what is allowed. */
  readonly trustQuestion: TrustQuestion | null;
  /** Models to choose from, beside the one in use. */
  readonly models: readonly ModelChoice[];
  /** What the user is notified of while they look elsewhere. */
  readonly notifications: readonly ('agent-turn-complete' | 'approval-requested')[];
  readonly userHome: string | null;
  readonly warnings: readonly string[];
  readonly hidesReasoning: boolean;
  /** False: no sign moves by itself. */
  readonly isAnimated: boolean;
  readonly theme: ThemeName;
  readonly keymap: Keymap;
  readonly hasVim: boolean;
  readonly statusLine: StatusLine;
}

/** Something that a name under the cursor can be completed to. */
export interface Candidate {
  readonly text: string;
  readonly detail: string;
}

/** Everything that can happen. `at` is monotonic, in milliseconds. */
export type Message =
  | { readonly type: 'input'; readonly event: InputEvent; readonly at: number }
  | { readonly type: 'resized'; readonly size: Size }
  | { readonly type: 'painted'; readonly at: number }
  /** So many entries are in the scrollback. */
  | { readonly type: 'committed'; readonly entries: number }
  | { readonly type: 'tick'; readonly at: number }
  | { readonly type: 'pagerClosed' }
  /** A whole line, where the terminal itself edits it. */
  | { readonly type: 'line'; readonly line: string; readonly at: number }
  | { readonly type: 'setUp'; readonly setup: Setup }
  /** The list of threads is opened, to choose the first thread from. */
  | { readonly type: 'choose'; readonly verb: 'resume' | 'fork' }
  /** A thread is about to report itself. `changes`: how its settings differ from those it had, a sentence each. */
  | { readonly type: 'opens'; readonly settings: ThreadSettings; readonly changes: readonly string[] }
  | { readonly type: 'session'; readonly event: SessionEvent; readonly at: number }
  /** A thread can't be opened, or what an effect tried has failed. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'succeeded'; readonly text: string }
  | { readonly type: 'historyRead'; readonly texts: readonly string[] }
  | { readonly type: 'named'; readonly threadId: string; readonly name: string | null }
  | { readonly type: 'branchRead'; readonly branch: string | null }
  | { readonly type: 'filesFound'; readonly query: string; readonly files: readonly Candidate[] }
  | { readonly type: 'skillsRead'; readonly skills: readonly Candidate[] }
  | { readonly type: 'serverPromptsRead'; readonly prompts: readonly ServerPrompt[] }
  /** The words of a server's prompt, as the message to send. */
  | { readonly type: 'serverPromptFilled'; readonly text: string }
  | { readonly type: 'promptsRead'; readonly prompts: readonly CustomPrompt[] }
  | {
      readonly type: 'threadsListed';
      readonly query: ThreadQuery;
      readonly page: ThreadPage & { readonly nowMs: number };
    }
  | {
      readonly type: 'reviewTargetsRead';
      readonly kind: 'branches' | 'commits';
      readonly candidates: readonly Candidate[];
    }
  | { readonly type: 'serversFound'; readonly servers: readonly FoundServer[] }
  | { readonly type: 'otherModelsRead'; readonly models: readonly OtherModel[] }
  /** Another provider can be worked with: the configuration for it is read, and taken when the world is asked for that. */
  | {
      readonly type: 'providerReady';
      readonly threadId: string;
      readonly setup: Setup;
      readonly model: string;
      readonly effort: ReasoningEffort | null;
    }
  | { readonly type: 'edited'; readonly text: string }
  /** An image of the clipboard, as a file. */
  | { readonly type: 'imagePasted'; readonly path: string }
  /** The file of a path that was pasted, as `text`. */
  | { readonly type: 'imageFound'; readonly path: string; readonly text: string }
  | { readonly type: 'initChecked'; readonly hasAgentsFile: boolean }
  /** The first line that the command of `tui.status_line` printed. */
  | { readonly type: 'statusLineRead'; readonly text: string }
  | { readonly type: 'diffRead'; readonly text: string }
  | { readonly type: 'turnsRead'; readonly threadId: string; readonly turns: readonly Turn[] }
  | { readonly type: 'reportRead'; readonly report: SessionReport }
  /** A text to read in the pager. */
  | { readonly type: 'textRead'; readonly title: string; readonly text: string }
  | { readonly type: 'draftRestored'; readonly draft: SavedDraft }
  /** A signal or the end of the terminal: keel stops in order. */
  | { readonly type: 'stop'; readonly code: number };

/** A choice that later starts begin with. */
export type KeptSetting =
  | { readonly type: 'model'; readonly model: string; readonly effort: ReasoningEffort | null }
  | { readonly type: 'theme'; readonly theme: ThemeName };

/** What a crash must not lose. */
export interface SavedDraft {
  readonly draft: readonly Atom[];
  readonly queue: readonly (readonly Atom[])[];
}

/** What the world is asked to do; nothing else in the terminal has effects. */
export type Effect =
  | { readonly type: 'submit'; readonly op: Op; readonly id?: string }
  | { readonly type: 'openThread'; readonly origin: ThreadOrigin; readonly settings: ThreadSettings | null }
  | { readonly type: 'rename'; readonly threadId: string; readonly name: string }
  | { readonly type: 'archive'; readonly threadId: string }
  | { readonly type: 'listThreads'; readonly query: ThreadQuery }
  /** Reads a thread's record, for what is kept of it no more. */
  | { readonly type: 'readTurns'; readonly threadId: string }
  | { readonly type: 'trust'; readonly folder: string; readonly level: 'trusted' | 'untrusted' }
  /** Keeps a setting in the user's configuration, for later starts. */
  | { readonly type: 'keep'; readonly setting: KeptSetting }
  | { readonly type: 'findServers' }
  | { readonly type: 'readOtherModels' }
  | {
      readonly type: 'prepareProvider';
      /** The thread that is to continue with it. */
      readonly threadId: string;
      readonly choice: ProviderChoice;
      readonly effort: ReasoningEffort | null;
    }
  /** The provider that is ready is that of threads that are opened from now on. */
  | { readonly type: 'takeProvider' }
  | { readonly type: 'storeKey'; readonly key: string }
  /** Null: the model that is usual for this kind of server. */
  | { readonly type: 'useServer'; readonly kind: LocalServerKind; readonly model: string | null }
  | { readonly type: 'startDemo' }
  | { readonly type: 'pasteImage' }
  /** Looks whether a pasted text is the path of a file. */
  | { readonly type: 'findImage'; readonly path: string; readonly text: string }
  /** Looks whether `/init` has something to write. */
  | { readonly type: 'checkInit'; readonly folder: string }
  | { readonly type: 'runStatusLine'; readonly command: string; readonly input: StatusInput }
  | { readonly type: 'findFiles'; readonly query: string }
  | { readonly type: 'readSkills' }
  | { readonly type: 'readServerPrompts' }
  | {
      readonly type: 'fillServerPrompt';
      readonly prompt: ServerPrompt;
      readonly args: Readonly<Record<string, string>>;
    }
  | { readonly type: 'readReviewTargets'; readonly kind: 'branches' | 'commits' }
  | { readonly type: 'readDiff' }
  | { readonly type: 'readBranch' }
  | { readonly type: 'copy'; readonly text: string }
  /** Writes a thread as a page; the end of the file's name says as what. */
  | { readonly type: 'export'; readonly threadId: string; readonly file: string }
  | { readonly type: 'setTheme'; readonly theme: ThemeName }
  | { readonly type: 'readConfig' }
  | { readonly type: 'runDoctor' }
  | { readonly type: 'readReport'; readonly report: SessionReport['type'] }
  /** Null: all of them. */
  | { readonly type: 'stopCommands'; readonly id: number | null }
  | { readonly type: 'logOut' }
  | { readonly type: 'edit'; readonly text: string }
  | { readonly type: 'suspend' }
  /** In the user's browser. */
  | { readonly type: 'openAddress'; readonly url: string }
  | { readonly type: 'notify'; readonly text: string }
  | { readonly type: 'saveDraft'; readonly draft: SavedDraft }
  | { readonly type: 'exit'; readonly code: number };
