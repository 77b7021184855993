import { escapeHtml } from './html-text.ts';

/** One bar: its label, its parts from the bottom up, and its link. */
export interface Bar {
  readonly label: string;
  readonly tip: string;
  readonly href: string;
  readonly parts: readonly number[];
}

export interface ChartOptions {
  readonly title: string;
  readonly note: string;
  /** Names of the parts with the classes of their colours. */
  readonly keys: readonly { readonly name: string; readonly className: string }[];
  readonly bars: readonly Bar[];
  readonly format: (value: number) => string;
}

const WIDTH = 760;
const HEIGHT = 178;
const LEFT = 62;
const TOP = 8;
const BOTTOM = 30;
const MAX_BAR_WIDTH = 46;

/** Stacked bars as an inline SVG: no script, no style of its own, readable without colours by its tooltips. */
export function barChart({ title, note, keys, bars, format }: ChartOptions): string {
  const highest = bars.reduce((most, bar) => Math.max(most, sum(bar.parts)), 0);
  const top = niceCeiling(highest);
  const legend = keys
    .map(({ name, className }) => `<span class="key ${className}">${escapeHtml(name)}</span>`)
    .join('');
  const marks = [0, 0.5, 1].map((share) => gridLine(share, format(top * share))).join('');
  const slot = (WIDTH - LEFT) / Math.max(1, bars.length);
  const every = Math.max(1, Math.ceil(bars.length / 16));
  const shapes = bars.map((bar, at) =>
    barShape(bar, {
      x: LEFT + at * slot,
      slot,
      top,
      classes: keys.map((key) => key.className),
      labelled: at % every === 0,
    }),
  );
  const summary = escapeHtml(`${title}. ${note}`);
  return `<figure><figcaption><b>${escapeHtml(title)}</b>${legend}<span>${escapeHtml(note)}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${summary}">${marks}${shapes.join('')}</svg></figure>\n`;
}

interface BarPlace {
  readonly x: number;
  readonly slot: number;
  readonly top: number;
  readonly classes: readonly string[];
  readonly labelled: boolean;
}

function barShape(bar: Bar, { x, slot, top, classes, labelled }: BarPlace): string {
  const width = Math.min(MAX_BAR_WIDTH, slot * 0.72);
  const left = x + (slot - width) / 2;
  let y = HEIGHT - BOTTOM;
  const rects = bar.parts.map((part, at) => {
    const height = top === 0 ? 0 : (part / top) * (HEIGHT - TOP - BOTTOM);
    y -= height;
    return height === 0
      ? ''
      : `<rect class="${classes[at] ?? 's2'}" x="${px(left)}" y="${px(y)}" width="${px(width)}" height="${px(height)}"/>`;
  });
  const label = labelled
    ? `<text x="${px(x + slot / 2)}" y="${HEIGHT - 9}" text-anchor="middle">${escapeHtml(bar.label)}</text>`
    : '';
  return `<a href="${escapeHtml(bar.href)}"><title>${escapeHtml(bar.tip)}</title>${rects.join('')}${label}</a>`;
}

function gridLine(share: number, label: string): string {
  const y = px(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM));
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${escapeHtml(label)}</text>`;
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function niceCeiling(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

function sum(parts: readonly number[]): number {
  return parts.reduce((total, part) => total + part, 0);
}

function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
