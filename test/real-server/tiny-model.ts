import { ggufFile, type MetadataValue, type Tensor } from './gguf.ts';

/** What a tiny model is made to write. */
export interface TinyModelOptions {
  /** Its chat template (Jinja), as a GGUF file has it. It ends a prompt with one of `starts`. */
  readonly template: string;
  /**
   * What follows each start: pieces of text, each different from all others. An answer ends after its last piece, or, where `isEndless`,
   * continues with its first.
   */
  readonly answers: Readonly<Record<string, { readonly pieces: readonly string[]; readonly isEndless?: boolean }>>;
  /** Other markers of the template. */
  readonly markers: readonly string[];
  /** Words that are one token each; other text is one token a character. */
  readonly words: readonly string[];
}

const SIZE = { layers: 2, width: 64, heads: 2, hidden: 64, context: 32_768 } as const;
const TOKEN = { normal: 1, unknown: 2, control: 3, verbatim: 4, byte: 6 } as const;
const END = '</s>';
/** Weights of the layers are noise: large enough to be computed, too small to change which token comes next. */
const NOISE = 0.02;

interface Token {
  readonly text: string;
  readonly type: number;
  /** SentencePiece joins the pair with the highest score first. */
  readonly score: number;
}

/**
 * The bytes of a model of the Llama architecture in the GGUF format, which llama.cpp loads as it loads any other: a tokenizer, a chat
 * template, and two layers with random weights. Its output layer knows one successor for each token of an answer, so that what it
 * writes is known.
 */
export function tinyModel(options: TinyModelOptions): Buffer {
  const tokens = vocabulary(options);
  return ggufFile(metadataOf(tokens, options.template), tensorsOf(tokens, options));
}

function vocabulary({ answers, markers, words }: TinyModelOptions): Token[] {
  const control = [...markers, ...Object.keys(answers)].map((text) => ({ text, type: TOKEN.control, score: 0 }));
  const pieces = Object.values(answers).flatMap((answer) => answer.pieces);
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter((sign) => sign !== ' ');
  return [
    { text: '<unk>', type: TOKEN.unknown, score: 0 },
    { text: '<s>', type: TOKEN.control, score: 0 },
    { text: END, type: TOKEN.control, score: 0 },
    ...bytes.map((text) => ({ text, type: TOKEN.byte, score: 0 })),
    ...control,
    ...pieces.map((text) => ({ text, type: TOKEN.verbatim, score: 0 })),
    ...[...new Set(['▁', ...printable, ...words.flatMap(beginnings)])].map((text) => ({
      ...{ text, type: TOKEN.normal },
      score: text.length - 100,
    })),
  ];
}

/** A word with its space, and all its beginnings: pairs are joined from the left. */
function beginnings(word: string): string[] {
  const text = `▁${word}`;
  return Array.from(text, (_, at) => text.slice(0, at + 1));
}

function metadataOf(tokens: readonly Token[], template: string): Record<string, MetadataValue> {
  const uint32 = (value: number) => ({ type: 'uint32', value }) as const;
  const string = (value: string) => ({ type: 'string', value }) as const;
  return {
    'general.architecture': string('llama'),
    'general.name': string('tiny'),
    'llama.block_count': uint32(SIZE.layers),
    'llama.context_length': uint32(SIZE.context),
    'llama.embedding_length': uint32(SIZE.width),
    'llama.feed_forward_length': uint32(SIZE.hidden),
    'llama.attention.head_count': uint32(SIZE.heads),
    'llama.attention.head_count_kv': uint32(SIZE.heads),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'llama.rope.dimension_count': uint32(SIZE.width / SIZE.heads),
    'llama.vocab_size': uint32(tokens.length),
    'tokenizer.ggml.model': string('llama'),
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens.map(({ text }) => text) },
    'tokenizer.ggml.scores': { type: 'float32s', value: tokens.map(({ score }) => score) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: tokens.map(({ type }) => type) },
    'tokenizer.ggml.unknown_token_id': uint32(0),
    'tokenizer.ggml.bos_token_id': uint32(1),
    'tokenizer.ggml.eos_token_id': uint32(2),
    'tokenizer.chat_template': string(template),
  };
}

function tensorsOf(tokens: readonly Token[], options: TinyModelOptions): Tensor[] {
  const { width, hidden } = SIZE;
  const random = randomNumbers(7);
  const matrix = (name: string, rows: number, columns: number, scale: number): Tensor => ({
    ...{ name, shape: [columns, rows] },
    values: Float32Array.from({ length: rows * columns }, () => (random() - 0.5) * 2 * scale),
  });
  const norm = (name: string): Tensor => ({ name, shape: [width], values: new Float32Array(width).fill(1) });
  const layers = Array.from({ length: SIZE.layers }, (_, at) => `blk.${at}`).flatMap((layer) => [
    norm(`${layer}.attn_norm.weight`),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`${layer}.attn_${part}.weight`, width, width, NOISE)),
    norm(`${layer}.ffn_norm.weight`),
    matrix(`${layer}.ffn_gate.weight`, hidden, width, NOISE),
    matrix(`${layer}.ffn_up.weight`, hidden, width, NOISE),
    matrix(`${layer}.ffn_down.weight`, width, hidden, NOISE),
  ]);
  const embedding = matrix('token_embd.weight', tokens.length, width, NOISE);
  const output = matrix('output.weight', tokens.length, width, 0);
  for (const [dimension, [from, to]] of successors(tokens, options).entries()) {
    if (dimension >= width) throw new Error(`a tiny model has at most ${width} tokens that another one follows`);
    embedding.values[from * width + dimension] = 1;
    output.values[to * width + dimension] = 1;
  }
  return [embedding, norm('output_norm.weight'), output, ...layers];
}

/** Pairs of tokens, the second of which follows the first. */
function successors(tokens: readonly Token[], { answers }: TinyModelOptions): [from: number, to: number][] {
  const idOf = new Map(tokens.map(({ text }, id) => [text, id]));
  const id = (text: string): number => idOf.get(text) ?? 0;
  return Object.entries(answers).flatMap(([start, { pieces, isEndless }]) => {
    const [first = END] = pieces;
    const chain = [start, ...pieces, isEndless ? first : END];
    return chain.slice(1).map((text, at): [number, number] => [id(chain[at] ?? ''), id(text)]);
  });
}

/** Numbers from 0 to 1, the same for a seed (a linear congruential generator). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
