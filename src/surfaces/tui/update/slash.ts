import { assertNever } from '../../../foundation/util/index.ts';
import { filledPrompt, promptArguments, typedPrompts } from '../../prompts/index.ts';
import type { ParsedCommand, SlashCommand } from '../commands/index.ts';
import { atomsOf, draftOf, inserted, VIM_INSERT, withDraft } from '../composer/index.ts';
import { keymapText } from '../keymap/index.ts';
import type { State } from '../state.ts';
import { picker } from '../views/index.ts';
import { skillsCard, statusCard, usageCard } from './cards/cards.ts';
import { modePicker } from './choosing.ts';
import { onAnswered, threadPicker } from './chosen.ts';
import { withCompletion } from './completing.ts';
import { opening } from './opening.ts';
import { withMessage, withNextQueued } from './outbox.ts';
import { onExport, onStop, onTheme } from './outside.ts';
import { onModel } from './settings.ts';
import { withSource } from './source.ts';
import { only, type Step, step, withHint, withNotice, withPager } from './step.ts';

/** Runs what was typed after a slash. `written` has the text still in the composer, `emptied` no more. */
export function onSlash(written: State, emptied: State, parsed: ParsedCommand): Step {
  switch (parsed.type) {
    case 'unknown':
      return only(withNotice(written, 'error', `There is no command /${parsed.name}. Type / to see them all.`));
    case 'prompt':
      return onPrompt(written, emptied, parsed);
    case 'serverPrompt':
      return onServerPrompt(written, emptied, parsed);
    case 'command': {
      const { command, argument } = parsed;
      if (written.turn !== null && !command.duringTurn) {
        return only(
          withNotice(written, 'error', `/${command.name} can't be used while a turn runs. Esc interrupts it.`),
        );
      }
      if (written.thread === null && !WITHOUT_THREAD.has(command.name)) {
        return only(withNotice(written, 'error', `/${command.name} needs a thread, and none is open yet.`));
      }
      return run(emptied, command, argument);
    }
    default:
      return assertNever(parsed, 'command');
  }
}

const WITHOUT_THREAD: ReadonlySet<SlashCommand['name']> = new Set([
  'quit',
  'exit',
  'help',
  'new',
  'resume',
  'theme',
  'keymap',
  'vim',
  'config',
  'doctor',
  'logout',
]);

function onPrompt(
  written: State,
  emptied: State,
  { name, argument }: Extract<ParsedCommand, { type: 'prompt' }>,
): Step {
  const prompt = written.prompts.find((one) => one.name === name);
  if (prompt === undefined) return only(withNotice(written, 'error', `There is no prompt ${name}.`));
  const filled = filledPrompt(name, prompt.body, argument);
  if (filled.type === 'fault') return only(withNotice(written, 'error', filled.reason));
  return withMessage(emptied, atomsOf(filled.text.trim()), 'steer');
}

/** A server is asked for the words of its prompt. */
function onServerPrompt(
  written: State,
  emptied: State,
  { name, argument }: Extract<ParsedCommand, { type: 'serverPrompt' }>,
): Step {
  const prompt = typedPrompts(written.serverPrompts).get(name);
  if (prompt === undefined) return only(withNotice(written, 'error', `There is no prompt /${name}.`));
  const read = promptArguments(prompt, name, argument);
  if (read.type === 'fault') return only(withNotice(written, 'error', read.reason));
  return step(emptied, { type: 'fillServerPrompt', prompt, args: read.args });
}

function run(state: State, { name }: SlashCommand, argument: string): Step {
  switch (name) {
    case 'model':
      return onModel(state, argument);
    case 'approvals':
    case 'permissions':
      return only({ ...state, screen: { type: 'picker', view: modePicker(state) } });
    case 'new':
      return opening(state, { type: 'new' });
    case 'resume':
      return argument === '' ? threadPicker(state, 'resume') : opening(state, { type: 'resume', id: argument });
    case 'fork':
      return opening(state, { type: 'fork', id: state.thread?.id ?? '', userMessages: null });
    case 'rename':
      if (argument !== '') return onAnswered(state, 'rename', argument);
      return only({
        ...state,
        screen: { type: 'prompt', view: { purpose: 'rename', title: 'Name of this thread', text: '' } },
      });
    case 'archive':
      return onArchive(state);
    case 'init':
      return state.thread === null
        ? only(state)
        : step(state, { type: 'checkInit', folder: state.thread.settings.cwd });
    case 'compact':
      return step(state, { type: 'submit', op: { type: 'compact', ...(argument === '' ? {} : { focus: argument }) } });
    case 'undo':
      return step(state, { type: 'submit', op: { type: 'undo' } });
    case 'rollback':
      return onRollback(state, argument);
    case 'diff':
      return step(state, { type: 'readDiff' });
    case 'review':
      if (argument !== '') return onAnswered(state, 'reviewInstructions', argument);
      return only({ ...state, screen: { type: 'picker', view: reviewPicker() } });
    case 'status':
      return only(statusCard(state));
    case 'usage':
      return only(usageCard(state));
    case 'skills':
      return state.skills === null
        ? step({ ...state, wantsSkills: true }, { type: 'readSkills' })
        : only(skillsCard(state, state.skills));
    case 'agents':
      return only(withPager(state, { type: 'agents' }));
    case 'copy':
      return onCopy(state, argument);
    case 'raw':
      return only(withSource(state));
    case 'mention':
      return withCompletion({ ...state, composer: withDraft(state.composer, inserted(draftOf(''), '@')) });
    case 'queue':
      return withNextQueued(state);
    case 'export':
      return onExport(state, argument);
    case 'context':
      return step(state, { type: 'readReport', report: 'context' });
    case 'mcp':
      return step(state, { type: 'readReport', report: 'mcpServers' });
    case 'ps':
      return step(state, { type: 'readReport', report: 'commands' });
    case 'stop':
      return onStop(state, argument);
    case 'theme':
      return onTheme(state, argument);
    case 'keymap':
      return only(withPager(state, { type: 'text', title: 'Keys, by what they do', text: keymapText(state.keymap) }));
    case 'vim': {
      const vim = state.vim === null ? VIM_INSERT : null;
      return only(
        withHint(
          { ...state, vim },
          vim === null ? 'The keys are as usual.' : 'The keys are those of vim: Esc, then i.',
        ),
      );
    }
    case 'config':
      return step(state, { type: 'readConfig' });
    case 'doctor':
      return step(withHint(state, 'Checking…'), { type: 'runDoctor' });
    case 'logout':
      return step(state, { type: 'logOut' });
    case 'help':
      return only(withPager(state, { type: 'help' }));
    case 'quit':
    case 'exit':
      return step({ ...state, isClosing: true }, { type: 'exit', code: 0 });
    default:
      return assertNever(name, 'command');
  }
}

function onArchive(state: State): Step {
  const { thread } = state;
  if (thread === null) return only(state);
  const { effects, state: next } = opening(state, { type: 'new' });
  return { state: next, effects: [...effects, { type: 'archive', threadId: thread.id }] };
}

function onRollback(state: State, argument: string): Step {
  const turns = argument === '' ? 1 : Number(argument);
  if (!Number.isInteger(turns) || turns < 1) {
    return only(withNotice(state, 'error', `"${argument}" is not a number of turns: /rollback N`));
  }
  return step(state, { type: 'submit', op: { type: 'rollback', turns } });
}

function onCopy(state: State, argument: string): Step {
  const answer = state.lastAnswer;
  if (answer === null) return only(withNotice(state, 'info', 'There is no answer to copy yet.'));
  if (argument === '') return step(state, { type: 'copy', text: answer });
  const blocks = [...answer.matchAll(/^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1[ \t]*$/gm)].map(([, , text = '']) => text);
  const block = blocks[Number(argument.replace(/^code\s+/, '')) - 1];
  if (block === undefined) {
    return only(withNotice(state, 'error', `The last answer has ${blocks.length} code blocks: /copy N`));
  }
  return step(state, { type: 'copy', text: block });
}

function reviewPicker() {
  return picker({ type: 'review' }, 'What should be reviewed?', [
    { id: 'uncommitted', label: 'Uncommitted changes', detail: '' },
    { id: 'branch', label: 'What this branch adds to another', detail: '' },
    { id: 'commit', label: 'A commit', detail: '' },
    { id: 'custom', label: 'Something else', detail: 'in your own words' },
  ]);
}
