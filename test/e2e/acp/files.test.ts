import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, message, respond, type Script } from '../../../src/testing/index.ts';
import { AcpPlace, ask } from './place.ts';

const ON = 'sandbox_mode = "workspace-write"\napproval_policy = "never"\n[acp]\nclient_fs = true\n';
const place = AcpPlace.ofFile(ON);
const slow = { timeout: 60_000 };
const done = respond(message('Done.'));
const patched = (text: string) =>
  respond(functionCall('shell', { command: ['apply_patch', `*** Begin Patch\n${text}\n*** End Patch`] }, 'c1'));
const UPDATE = '*** Update File: a.txt\n@@\n-unsaved\n+changed';

/** An editor with buffers; what it was asked for, in order. */
class Editor {
  readonly buffers = new Map<string, string>();
  readonly asked: string[] = [];
  readonly readFile = (path: string) => {
    this.asked.push(`read ${path}`);
    return this.buffers.get(path) ?? readFileSync(path, 'utf8');
  };
  readonly writeFile = (path: string, text: string) => {
    this.asked.push(`write ${path}`);
    writeFileSync(path, text);
    this.buffers.set(path, text);
  };
}

async function work(
  script: Script,
  options: { readonly editor: Editor; readonly config?: string; readonly fs?: object },
) {
  const { editor, config = ON, fs = { readTextFile: true, writeTextFile: true } } = options;
  await using client = await place.connect(script, {
    ...{ config, capabilities: { fs }, isOwn: true },
    ...{ readFile: editor.readFile, writeFile: editor.writeFile },
  });
  const sessionId = await place.open(client);
  await ask(client, sessionId, 'go');
  const output = String(place.server.requests[1]?.outputOf('c1'));
  return { output, asked: editor.asked.splice(0) };
}

const at = (name: string) => join(place.repo.path, name);

describe('keel acp with acp.client_fs', () => {
  test('a change is made in the text that the editor has, and written by it', slow, async () => {
    place.repo.write({ 'a.txt': 'saved\n' });
    const editor = new Editor();
    editor.buffers.set(at('a.txt'), 'unsaved\n');
    const { output, asked } = await work([patched(`${UPDATE}\n*** Add File: new/b.txt\n+new`), done], { editor });
    expect(output).toContain('M a.txt');
    expect(asked).toContain(`write ${at('a.txt')}`);
    expect(editor.buffers.get(at('a.txt'))).toBe('changed\n');
    // The editor of this test makes no directories: keel writes what is not on the disk afterwards.
    expect([readFileSync(at('a.txt'), 'utf8'), readFileSync(at('new/b.txt'), 'utf8')]).toEqual(['changed\n', 'new\n']);
  });

  test.each<[string, string, object]>([
    ['the setting is off', ON.replace('true', 'false'), { readTextFile: true, writeTextFile: true }],
    ['the editor offers nothing', ON, {}],
  ])('where %s, keel reads and writes itself', slow, async (_, config, fs) => {
    place.repo.write({ 'a.txt': 'unsaved\n' });
    const editor = new Editor();
    const { asked } = await work([patched(UPDATE), done], { editor, config, fs });
    expect([asked, readFileSync(at('a.txt'), 'utf8')]).toEqual([[], 'changed\n']);
  });
});
