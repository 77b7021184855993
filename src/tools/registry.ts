import type { ToolSpec } from '../model/index.ts';
import type { ToolHandler, ToolRegistration } from './types.ts';

/** The tools that exist, by the name a model calls them with. A name that is registered twice means the later one. */
export class ToolRegistry {
  readonly #tools = new Map<string, ToolRegistration>();
  readonly #onWarning: (message: string) => void;

  /** `onWarning` is told of names that are registered twice. */
  constructor(onWarning: (message: string) => void = () => undefined) {
    this.#onWarning = onWarning;
  }

  register(tool: ToolRegistration): void {
    const { name } = tool;
    if (this.#tools.has(name)) this.#onWarning(`the tool ${name} is registered twice: the later one is used`);
    this.#tools.set(name, tool);
  }

  handler(name: string): ToolHandler | null {
    return this.#tools.get(name)?.handler ?? null;
  }

  /** What the model is told of these tools, in this order. */
  specs(names: readonly string[]): ToolSpec[] {
    return names.map((name) => this.#tools.get(name)?.spec ?? null).filter((spec) => spec !== null);
  }
}
