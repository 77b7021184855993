import type { Readable, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { uuidV7 } from '../../foundation/util/index.ts';
import { FullScreen } from './effects/full-screen.ts';
import { World } from './effects/world.ts';
import type { TuiOptions } from './options.ts';
import { InputDecoder } from './pending.ts';
import { Runtime } from './runtime.ts';
import { initialState } from './state.ts';
import { FrameWriter, type Size } from './terminal/index.ts';
import { paletteOf, themeFor } from './text/index.ts';

/** The terminal that keel was started in. */
export interface TuiIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
}

const CLOSE_GRACE_MS = 2_000;

export async function runTui(options: TuiOptions, io: TuiIo): Promise<number> {
  const stdin = io.stdin as ReadStream;
  const stdout = io.stdout as WriteStream;
  const size = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  stdin.setRawMode(true);
  stdout.write('\u001b[?2004h\u001b[?1004h');
  const style = { palette: paletteOf(themeFor('auto', null), '256'), hasLinks: false };
  const painter = new FrameWriter({ output: stdout, size: size(), style, reflow: 'wraps' });
  const fullScreen = new FullScreen(
    {
      write: (b) => stdout.write(b),
      conversation: painter,
      makePainter: (s) => new FrameWriter({ output: stdout, size: s, style, reflow: 'none' }),
    },
    size(),
  );
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const runtime = new Runtime({
    state: initialState(size(), performance.now(), uuidV7(Date.now())),
    painter,
    fullScreen,
    run: (effect) => world.run(effect),
  });
  const world: World = new World(
    options,
    {
      writeSequence: (b) => void stdout.write(b),
      lend: (work) => work(),
      suspend: () => undefined,
      exit: resolve,
    },
    (m) => runtime.dispatch(m),
  );
  runtime.paint();
  const decoder = new InputDecoder();
  stdin.setEncoding('utf8').on('data', (chunk: string) => {
    for (const event of decoder.decode(chunk)) runtime.dispatch({ type: 'input', event, at: performance.now() });
  });
  stdout.on('resize', () => {
    painter.resize(size());
    fullScreen.resize(size());
    runtime.dispatch({ type: 'resized', size: size() });
  });
  await world.start();
  const code = await ended;
  await world.close(CLOSE_GRACE_MS);
  runtime.close();
  painter.close();
  stdin.setRawMode(false);
  stdin.pause();
  stdout.write('\u001b[?2004l\u001b[?1004l');
  return code;
}
