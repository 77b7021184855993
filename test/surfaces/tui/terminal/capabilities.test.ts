import { expect, test } from 'vitest';
import { terminalAbilities } from '../../../../src/surfaces/tui/terminal/abilities.ts';
import { capabilitiesOf } from '../../../../src/surfaces/tui/terminal/capabilities.ts';

test.each([
  ['nothing known', { TERM: 'xterm' }, '16'],
  ['256 colours', { TERM: 'xterm-256color' }, '256'],
  ['tmux', { TERM: 'tmux-256color', TMUX: '/tmp/x' }, '256'],
  ['true colour', { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'truecolor'],
  ['VS Code', { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode' }, 'truecolor'],
  ['Windows Terminal', { WT_SESSION: 'x' }, 'truecolor'],
  ['NO_COLOR', { TERM: 'xterm-256color', COLORTERM: 'truecolor', NO_COLOR: '1' }, 'none'],
  ['an empty NO_COLOR', { TERM: 'xterm-256color', NO_COLOR: '' }, '256'],
  ['a dumb terminal', { TERM: 'dumb', COLORTERM: 'truecolor' }, 'none'],
])('colours with %s', (_, env, colours) => {
  expect(capabilitiesOf(env).colours).toBe(colours);
});

test('dumb terminals and screen readers get lines only', () => {
  expect(capabilitiesOf({ TERM: 'dumb' }).painting).toBe('append');
  expect(capabilitiesOf({}).painting).toBe('append');
  expect(capabilitiesOf({ TERM: 'xterm', ACCESSIBLE: '1' }).painting).toBe('append');
  expect(capabilitiesOf({ TERM: 'xterm' }).painting).toBe('inline');
});

test('what a multiplexer passes on is known', () => {
  expect(capabilitiesOf({ TERM: 'screen-256color', TMUX: '/tmp/x' }).passthrough).toBe('tmux');
  expect(capabilitiesOf({ TERM: 'screen-256color', STY: '1.x' })).toMatchObject({
    passthrough: 'none',
    reflow: 'none',
  });
  expect(capabilitiesOf({ TERM: 'xterm-256color', ZELLIJ: '0' }).hasAlternateScreen).toBe(false);
});

test.each([
  [{ TERM: 'xterm-256color' }, true],
  [{ TERM: 'xterm-kitty' }, true],
  [{ TERM: 'alacritty' }, true],
  [{ TERM: 'screen-256color', TMUX: '/tmp/x' }, true],
  [{ WT_SESSION: 'x' }, true],
  [{ TERM: 'linux' }, false],
  [{ TERM: 'screen', STY: '1.x' }, false],
  [{ TERM: 'vt100' }, false],
  [{ TERM: 'eterm-color' }, false],
])('12: of %o it is known whether it marks pastes', (env, marks) => {
  expect(capabilitiesOf(env).marksPastes).toBe(marks);
});

test('17.11: what the terminal can do is there in words for keel doctor', () => {
  expect(terminalAbilities({ TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm' })).toEqual({
    name: 'xterm-256color in WezTerm',
    abilities: [
      'true colour',
      'a live region',
      'hyperlinks',
      'marked pastes',
      'prompt marks',
      'desktop notifications',
      'progress in the taskbar',
    ],
    missing: [],
  });
  expect(terminalAbilities({ TERM: 'linux' }).missing).toContain('marked pastes');
  expect(terminalAbilities({}).name).toBe('no TERM');
});
