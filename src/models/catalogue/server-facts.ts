import type { ModelProvider } from '../../storage/config/index.ts';
import { chosenQuirks, type QuirkName, quirkNamed } from './quirk-rules.ts';
import { knownQuirks, type WireQuirks } from './wire-quirks.ts';

/** What a session learned of its provider from what it refused; kept for the life of the session, by model. */
export class ServerFacts {
  readonly #provider: Pick<ModelProvider, 'id' | 'baseUrl' | 'quirks'>;
  readonly #quirks = new Map<string, WireQuirks>();
  readonly #windows = new Map<string, number>();

  constructor(provider: Pick<ModelProvider, 'id' | 'baseUrl' | 'quirks'>) {
    this.#provider = provider;
  }

  /** The same object until something is learned. */
  quirksOf(slug: string): WireQuirks {
    const known = this.#quirks.get(slug) ?? { ...knownQuirks(this.#provider, slug), ...chosenQuirks(this.#provider) };
    this.#quirks.set(slug, known);
    return known;
  }

  learnQuirk(slug: string, name: QuirkName): void {
    this.#quirks.set(slug, { ...this.quirksOf(slug), ...quirkNamed(name) });
  }

  /** The context window in tokens, where the provider named one when it refused a request; null before. */
  windowOf(slug: string): number | null {
    return this.#windows.get(slug) ?? null;
  }

  learnWindow(slug: string, tokens: number): void {
    this.#windows.set(slug, tokens);
  }
}
