import { literal, type PlainCommand, type Word } from './words.ts';

const TOKEN = /[ \t]+|&&|\|\||[;|]|[A-Za-z0-9_./:@+,=-]+|'[^'\n]*'/y;
/** Words that look like assignments or numbers are left to the grammar. */
const NAME = /^[A-Za-z_./][A-Za-z0-9_./-]*$/;
const ARGUMENT =
  /^(?:[A-Za-z_./][A-Za-z0-9_./:,-]*|--?[A-Za-z][A-Za-z0-9_-]*(?:=[A-Za-z0-9_./:,-]+)?|--?|-?\d+|\d+(?:,\d+)?p)$/;
/** Words that start something other than a command. */
const RESERVED =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|in|function|select|declare|typeset|export|readonly|local|unset|unsetenv|coproc|let|time|test)$/;

/** A very plain script: its commands in order, and the sign after each but perhaps the last. */
export interface ScannedScript {
  readonly commands: readonly PlainCommand[];
  readonly signs: readonly Sign[];
}
type Sign = '&&' | '||' | ';' | '|';
const SIGNS: readonly Sign[] = ['&&', '||', ';', '|'];

/**
 * The commands of a very plain script, found without the grammar, so that most scripts don't wait for that. The result is the
 * same as the grammar's; undefined: the script is not plain enough.
 */
export function quickScan(script: string): readonly PlainCommand[] | undefined {
  return scanScript(script)?.commands;
}

export function scanScript(script: string): ScannedScript | undefined {
  const commands: Word[][] = [];
  const signs: Sign[] = [];
  let command: Word[] = [];
  let before = '';
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < script.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(script)?.[0];
    if (token === undefined) return undefined;
    const sign = SIGNS.find((each) => each === token);
    if (sign !== undefined) {
      if (command.length === 0) return undefined;
      commands.push(command);
      signs.push(sign);
      command = [];
    } else if (!/^[ \t]/.test(token)) {
      // Words that touch are one word.
      if (isWord(before)) return undefined;
      const word = scanned(token, at, command.length === 0);
      if (word === undefined) return undefined;
      command.push(word);
    }
    before = token;
  }
  if (command.length > 0) commands.push(command);
  else if (commands.length > 0 && !/;[ \t]*$/.test(script)) return undefined;
  return commands.length === 0 && script.trim() !== '' ? undefined : { commands, signs };
}

function isWord(token: string): boolean {
  return token !== '' && !/^[ \t;&|]/.test(token);
}

function scanned(token: string, at: number, isName: boolean): Word | undefined {
  if (isName) return NAME.test(token) && !RESERVED.test(token) ? literal(token, at) : undefined;
  if (token.startsWith("'")) return literal(token.slice(1, -1), at);
  return ARGUMENT.test(token) ? literal(token, at) : undefined;
}
