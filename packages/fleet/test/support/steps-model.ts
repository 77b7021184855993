import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  functionCall,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
  usage,
} from 'keel/testing';
import type { Place } from '../../src/protocol.ts';

const UNKNOWN = /unknown outcome/;
const CUT_OFF = /cut off|interrupted|aborted/i;

/** What became of a thread's steps, counted in the file that its commands write, and in what the model was answered. */
export interface StepCounts {
  readonly repeated: number;
  /** Neither in the file nor reported as unknown. */
  readonly lost: number;
  readonly unknown: number;
  /** Reported as unknown although the command was never started, or had been answered to the model before. */
  readonly falseUnknown: number;
}

/**
 * A model that has a command run in each of a turn's steps. Each writes its number to `effects` in its work tree. What it answers
 * follows from the request alone, as it must where a request may come twice.
 */
export class StepsModel implements AsyncDisposable {
  readonly server: ModelServer;
  /** By the first words of a thread's prompt: what the model was last answered for each step. */
  readonly #outputs: Map<string, string[]>;

  private constructor(server: ModelServer, outputs: Map<string, string[]>) {
    this.server = server;
    this.#outputs = outputs;
  }

  /** @param command of a step, by its number and the thread's prompt; it is run behind the line that writes the number */
  static async start(
    steps: number | ((text: string) => number),
    command: (step: number, text: string) => string = () => '',
  ): Promise<StepsModel> {
    const stepsOf = typeof steps === 'number' ? () => steps : steps;
    const outputs = new Map<string, string[]>();
    const answer = (request: RecordedRequest) => {
      const done = request.input.filter((item) => item['type'] === 'function_call_output');
      const texts = done.map((item) => JSON.stringify(item['output']));
      const prompt = request.lastUserText;
      outputs.set(prompt, texts);
      const step = texts.length;
      const counted = usage({ input: 100 + step, output: 5 });
      if (step === stepsOf(prompt)) return respond(message(`done after ${step}`), counted);
      const cmd = `echo ${step} >> effects; ${command(step, prompt)}`;
      return respond(functionCall('exec_command', { cmd, yield_time_ms: 30_000 }, `c${step}`), counted);
    };
    return new StepsModel(await startModelServer(answer), outputs);
  }

  /** Whether a turn has begun. */
  isAsked(text: string): boolean {
    return this.#outputs.has(text);
  }

  /** How far a turn is. */
  stepOf(text: string): number {
    return this.#outputs.get(text)?.length ?? 0;
  }

  counts(text: string, { cwd }: Place, steps: number): StepCounts {
    const path = join(cwd, 'effects');
    const effects = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    const outputs = this.#outputs.get(text) ?? [];
    const of = (step: number) => effects.filter((line) => line === `${step}`).length;
    const all = Array.from({ length: steps }, (_, step) => step);
    const isUnknown = (step: number) => UNKNOWN.test(outputs[step] ?? '');
    return {
      repeated: all.filter((step) => of(step) > 1).length,
      lost: all.filter((step) => of(step) === 0 && !isUnknown(step)).length,
      unknown: all.filter(isUnknown).length,
      falseUnknown: all.filter((step) => CUT_OFF.test(outputs[step] ?? '') && !isUnknown(step)).length,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close();
  }
}
