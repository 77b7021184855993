import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { CONTINUED, row } from '../../../../src/surfaces/text/row.ts';
import { AppendWriter } from '../../../../src/surfaces/tui/terminal/append-writer.ts';
import { style } from './emulator.ts';

function written(): { writer: AppendWriter; text: () => string } {
  const output = new PassThrough();
  let text = '';
  output.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return { writer: new AppendWriter({ output, style: style('none') }), text: () => text };
}

test('33: in append-only mode no escape sequence is written, and each finished line once', () => {
  const { writer, text } = written();
  writer.render({ finished: [row('one', { role: 'danger' })], live: [row('live')], cursor: { row: 0, column: 2 } });
  writer.render({ finished: [], live: [row('other')], cursor: null });
  writer.resize();
  writer.render({ finished: [row('long'), [CONTINUED, ...row(' line')], row('two')], live: [], cursor: null });
  writer.close();
  expect(text()).toBe('one\r\nlong line\r\ntwo\r\n');
});

test('what finishes while another program is in front follows it', () => {
  const { writer, text } = written();
  writer.suspend();
  writer.render({ finished: [row('one')], live: [], cursor: null });
  expect(text()).toBe('');
  writer.resume();
  expect(text()).toBe('one\r\n');
});
