import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What the terminal has to hold, by the numbers that names of tests begin with. */
const PROMISES = {
  '1': '10,000 finished lines and a stream are in the scrollback once, in order',
  '2': 'budgets: bytes a token, nothing written when idle, memory that does not grow',
  '3': 'no CSI 2J or 3J but after a change of the size',
  '4': 'a frame is one write within a synchronized update',
  '5': 'every way out leaves the terminal as it was',
  '6': 'streamed Markdown equals the text rendered at once',
  '7': 'a long code block never makes the live part taller than the screen',
  '8': 'changes of the width during a stream lose and repeat nothing',
  '9': 'small windows draw and show the cursor',
  '10': 'long pastes are elements and are sent whole',
  '11': 'a pasted line end sends nothing; the path of an image attaches it',
  '12': 'bursts send nothing; a command and Enter in one write run',
  '13': 'Backspace removes exactly its image',
  '14': 'recall never replaces a draft',
  '15': 'only the token under the cursor is completed',
  '16': 'old results never replace newer ones',
  '17': 'slash commands: completed, unknown, as text, refused during a turn',
  '18': 'messages queue while a turn runs, and an interrupt loses none',
  '19': 'Esc interrupts, and twice when idle opens backtrack',
  '20': 'backtrack targets the right message, also among equal ones',
  '21': 'answers of approvals, in their order',
  '22': 'what is asked comes behind what streams; no end precedes its begin',
  '23': 'commands that only look are one entry',
  '24': 'output is folded with its count, and whole in the pager',
  '25': 'an interrupt marks what ran; the clock pauses in dialogs',
  '26': 'items at 40, 80 and 120 columns',
  '27': 'what is left of the window',
  '28': 'notifications only while the user looks elsewhere, without control bytes',
  '29': 'NO_COLOR has no colours, an unknown background no tint',
  '30': 'trust is asked once and written for the root',
  '31': 'the list of threads: pages, search over all of them, ways out',
  '32': 'hostile bytes steer nothing',
  '33': 'for screen readers no movement of the cursor',
  '34': 'without a terminal one line says what to use; nothing is left running',
  '35': 'a reader that stalls costs no memory, and sees the right screen afterwards',
  '17.1': 'no scroll regions',
  '17.2': 'a dialog never eats typing',
  '17.3': 'what is finished copies clean',
  '17.4': 'keys coded within pastes; storms of changes of the size',
  '17.5': 'a dialog can be read to its end, the pager works beside it',
  '17.6': 'the queue: numbered, edited in place, moved, kept; drafts belong to threads',
  '17.7': 'links with one id; notifications through tmux',
  '17.8': 'subagents: who waits first, in a stable order',
  '17.9': 'lines for screen readers; contrast',
  '17.10': 'keymap, vim, the real cursor in every field',
  '17.11': 'status line commands, the ways to reset the terminal, jumps between prompts',
  '17.12': 'the list of threads: names, search, all directories, rename and archive in place',
  '17.13': 'a thin renderer: what it writes for a token',
} as const;

const TITLE = /(?:test|describe|it|\))\(\s*(['"`])(\d[^\n]*?)\1\s*,/g;
const root = join(import.meta.dirname, '../..');
const files = globSync(['surfaces/tui/**/*.test.ts', 'surfaces/text/**/*.test.ts', 'e2e/terminal/tui*.test.ts'], {
  cwd: root,
});

/** The numbers at the start of a title: `21, 22: …`, `3, 17.1: …`. */
function numbersOf(title: string): string[] {
  const head = /^(?:\d+(?:\.\d+)?(?:, |: ))+/.exec(title)?.[0] ?? '';
  return head.match(/\d+(?:\.\d+)?/g) ?? [];
}

test('each promise of the terminal has a test that names it, and no test names another', () => {
  const titles = files.flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(TITLE)]);
  const named = new Set(titles.flatMap(([, , title = '']) => numbersOf(title)));
  expect([...named].toSorted()).toEqual(Object.keys(PROMISES).toSorted());
});
