import {
  customCall,
  functionCall,
  hang,
  httpError,
  message,
  type RecordedRequest,
  type Response,
  reasoning,
  respond,
  type Script,
  usage,
} from '../../../src/testing/index.ts';

/** How a server is not as it should be. */
export interface Flaws {
  /** It never calls a tool. */
  readonly isDeaf?: boolean;
  readonly refusesPictures?: boolean;
  /** It calls one tool at a time. */
  readonly isSerial?: boolean;
  readonly countsNothing?: boolean;
  /** Texts come in one piece. */
  readonly isBlocked?: boolean;
  readonly answersToAnyName?: boolean;
  /** Fields that it refuses, by a regular expression over the body. */
  readonly refuses?: RegExp;
}

/** A model that does what the checks ask for, on any of the three APIs. */
export function obedientModel(flaws: Flaws = {}): Script {
  return (request) => answerTo(request, flaws);
}

function answerTo(request: RecordedRequest, flaws: Flaws): Response {
  const { body, text, tools } = request;
  const refused = flaws.refuses?.exec(text)?.[0];
  if (refused !== undefined) return httpError(400, { error: { message: `Unknown parameter: ${refused}` } });
  if (body['model'] === 'keel-no-such-model' && flaws.answersToAnyName !== true) {
    return httpError(404, { error: { message: 'no such model', code: 'model_not_found' } });
  }
  if (text.includes('poem')) return respond(message('A line', { unfinished: true }), hang());
  if (text.includes('data:image') || text.includes('"media_type"')) {
    if (flaws.refusesPictures) return httpError(400, { error: { message: 'image input is not supported' } });
    return respond(message('Red.'), ...counted(flaws));
  }
  if (tools.length > 0 && !flaws.isDeaf && !hasResult(text)) {
    return respond(...callsFor(request, flaws), ...counted(flaws));
  }
  const said = tools.length > 0 && hasResult(text) ? 'It is quixotically foggy.' : wordsFor(request);
  const pieces = flaws.isBlocked ? {} : { chunk: 8 };
  const thoughts = /reasoning|thinking|effort/.test(text) ? [reasoning(['three times seven'], { encrypted: 'x' })] : [];
  return respond(...thoughts, message(said, pieces), ...counted(flaws));
}

function hasResult(text: string): boolean {
  return text.includes('quixotically');
}

function counted({ countsNothing }: Flaws) {
  return countsNothing ? [] : [usage({ input: 50, cached: 10, output: 20 })];
}

function callsFor(request: RecordedRequest, { isSerial }: Flaws) {
  if (request.text.includes('write_note')) {
    const isFreeform = request.tools.some(({ type }) => type === 'custom');
    const note = 'BEGIN\nhello\nEND';
    return [isFreeform ? customCall('write_note', note, 'c1') : functionCall('write_note', { input: note }, 'c1')];
  }
  const cities = request.text.includes('Lima') ? ['Oslo', 'Lima'] : ['Oslo'];
  const called = isSerial ? cities.slice(0, 1) : cities;
  return called.map((city) => functionCall('get_weather', { city }, `call_${city}`));
}

function wordsFor({ text }: RecordedRequest): string {
  const [, last] = /from 1 to (\d+)/.exec(text) ?? [];
  if (last !== undefined) return Array.from({ length: Number(last) }, (_, at) => at + 1).join(' ');
  return text.includes('three weeks') ? '21' : 'pong';
}
