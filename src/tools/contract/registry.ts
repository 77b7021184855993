import type { ToolSpec } from '../../models/prompt/index.ts';
import type { Tool, ToolHandler } from './tool.ts';

/** The tools that exist, by the name a model calls them with. A name that is registered twice means the later one. */
export class ToolRegistry {
  readonly #tools = new Map<string, Tool>();
  readonly #onWarning: (message: string) => void;
  #fallback: (name: string) => ToolHandler | null = () => null;

  /** `onWarning` is told of names that are registered twice. */
  constructor(onWarning: (message: string) => void = () => undefined) {
    this.#onWarning = onWarning;
  }

  register(tool: Tool): void {
    const { name } = tool;
    if (this.#tools.has(name)) this.#onWarning(`the tool ${name} is registered twice: the later one is used`);
    this.#tools.set(name, tool);
  }

  handler(name: string): ToolHandler | null {
    return this.#tools.get(name)?.handler ?? this.#fallback(name);
  }

  /** Whether it is a tool of this registry, and not one that only the fallback answers for. */
  has(name: string): boolean {
    return this.#tools.has(name);
  }

  /** A registry of its own with further tools; `fallback` answers by names that none has. */
  with(tools: readonly Tool[], fallback: (name: string) => ToolHandler | null): ToolRegistry {
    const registry = new ToolRegistry(this.#onWarning);
    for (const tool of [...this.#tools.values(), ...tools]) registry.register(tool);
    registry.#fallback = fallback;
    return registry;
  }

  /** What the model is told of a tool; null for one that is never offered. */
  spec(name: string): ToolSpec | null {
    return this.#tools.get(name)?.spec ?? null;
  }

  /** What the model is told of these tools, in this order. */
  specs(names: readonly string[]): ToolSpec[] {
    return names.map((name) => this.spec(name)).filter((spec) => spec !== null);
  }
}
