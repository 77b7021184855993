/**
 * A path as git prints it: relative to the root of the work tree, `/` between its parts, one character a byte (latin1), so
 * that names in any encoding survive and can be keys of a map.
 */
export type BytePath = string;

export function toBytes(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

function fromBytes(bytes: Uint8Array): BytePath {
  return Buffer.from(bytes).toString('latin1');
}

export function fromText(text: string): BytePath {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** For people: bytes that are no UTF-8 become the replacement character. */
export function toText(path: BytePath): string {
  return toBytes(path).toString('utf8');
}

/** The parts of what git prints with `-z`. */
export function splitZero(output: Uint8Array): BytePath[] {
  const parts = fromBytes(output).split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

/** The form that git reads with `-z --stdin`. */
export function joinZero(paths: Iterable<BytePath>): Buffer {
  return toBytes([...paths].map((path) => `${path}\0`).join(''));
}

export function parentOf(path: BytePath): BytePath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function nameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** All directories above it, outermost first, without the root. */
export function ancestorsOf(path: BytePath): BytePath[] {
  const found: BytePath[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}

/** Whether `path` is `directory` or below it; the root, `''`, holds all. */
export function isWithin(path: BytePath, directory: BytePath): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/**
 * An index is a file that anyone may have written: a path that would leave the work tree or reach into a git directory is
 * not followed.
 */
export function isSafePath(path: BytePath): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/^\.git$/i.test(part));
}
