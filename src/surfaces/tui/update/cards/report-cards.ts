import type { ContextKind, SessionReport } from '../../../../engine/threads/index.ts';
import { assertNever } from '../../../../foundation/util/index.ts';
import type { State } from '../../state.ts';
import { withNotice } from '../step.ts';
import { type Facts, withCard } from './cards.ts';

type ReportOf<T extends SessionReport['type']> = Extract<SessionReport, { type: T }>;

/** What a session says about itself, in the transcript. */
export function reportCard(state: State, report: SessionReport): State {
  switch (report.type) {
    case 'context':
      return withCard(state, 'What fills the window', contextFacts(report));
    case 'mcpServers':
      return report.servers.length === 0
        ? withNotice(state, 'info', 'No MCP server is configured. `keel mcp add NAME -- COMMAND` adds one.')
        : withCard(state, 'MCP servers', serverFacts(report));
    case 'commands':
      return report.commands.length === 0
        ? withNotice(state, 'info', 'No command runs in the background.')
        : withCard(
            state,
            'Commands that run: /stop ends them, /stop N one of them',
            report.commands.map(({ id, command }) => [String(id), command]),
          );
    default:
      return assertNever(report, 'report');
  }
}

const KINDS: Readonly<Record<ContextKind, string>> = {
  instructions: 'Instructions',
  tools: 'Tools',
  mcpTools: 'Tools of MCP servers',
  context: 'Context and notes',
  userMessages: 'Your messages',
  answers: 'Answers',
  reasoning: 'Reasoning',
  calls: 'Tool calls',
  outputs: 'Tool outputs',
};

function contextFacts({ parts, countedTokens, window }: ReportOf<'context'>): Facts {
  const sizes = [...parts, { kind: null, ...sumOf(parts) }];
  const bytes = columnOf(sizes.map((part) => part.bytes));
  const tokens = columnOf(
    sizes.map((part) => part.tokens),
    '~',
  );
  const all = sizes.at(-1)?.tokens ?? 0;
  const lines = sizes.map(({ kind, tokens: own }, index): Facts[number] => {
    const share = `${all === 0 ? 0 : Math.round((100 * own) / all)}%`.padStart(4);
    return [kind === null ? 'Together' : KINDS[kind], `${bytes[index]} bytes  ${tokens[index]} tokens  ${share}`];
  });
  const of = window === null ? '' : ` of ${figure(window)} (${Math.round((100 * countedTokens) / window)}%)`;
  return [...lines, ['In use', `${figure(countedTokens)} tokens${of}, counted by the provider as far as it has`]];
}

function sumOf(parts: ReportOf<'context'>['parts']) {
  const sum = (of: 'bytes' | 'tokens') => parts.reduce((total, part) => total + part[of], 0);
  return { bytes: sum('bytes'), tokens: sum('tokens') };
}

/** Figures of the same width. */
function columnOf(values: readonly number[], sign = ''): string[] {
  const shown = values.map((value) => `${sign}${figure(value)}`);
  const width = Math.max(0, ...shown.map((text) => text.length));
  return shown.map((text) => text.padStart(width));
}

function figure(value: number): string {
  return value.toLocaleString('en-US');
}

const STATES = {
  off: 'switched off',
  idle: 'not started yet',
  starting: 'starting',
  ready: 'runs',
  failed: 'could not be started',
  lost: 'has ended',
  closed: 'closed',
} as const;

function serverFacts({ servers }: ReportOf<'mcpServers'>): Facts {
  return servers.map(({ name, status, tools }) => {
    const reason = 'reason' in status ? `: ${status.reason}` : '';
    const listed = tools.length === 0 ? 'no tools known' : `${tools.length} tools: ${tools.join(', ')}`;
    return [name, `${STATES[status.type]}${reason}; ${listed}`];
  });
}
