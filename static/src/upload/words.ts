/** The page's own words for what script shows, in its language. */
export type Words = Readonly<Record<string, string>>;

const SIZES = ["bytes", "kilobytes", "megabytes", "gigabytes", "terabytes"];

export function readWords(within: Element): Words {
  return JSON.parse(within.getAttribute("words") ?? "{}") as Words;
}

export function word(words: Words, name: string): string {
  return words[name] ?? name;
}

/** `%(done)s of %(all)s`, as the server's own sentences. */
export function fill(words: Words, name: string, values: Record<string, string | number>): string {
  return word(words, name).replace(/%\((\w+)\)s/g, (_, key: string) => String(values[key] ?? ""));
}

export function format(value: number, digits = 0): string {
  return value.toLocaleString(languages(), { maximumFractionDigits: digits });
}

/** `38%`; never more than there is. */
export function formatPercent(share: number): string {
  return (Math.floor(share * 100) / 100).toLocaleString(languages(), { style: "percent" });
}

/** Chromium knows no Belarusian numbers, which are written as Russian ones are. */
function languages(): string[] {
  return [globalThis.document?.documentElement.lang || "en", "ru"];
}

/** A number stays with its unit where a line is full. */
export function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

/** `3.2 MB`, in thousands. */
export function formatSize(words: Words, bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < SIZES.length - 1) [value, unit] = [value / 1000, unit + 1];
  const shown = format(value, value < 9.95 && unit > 0 ? 1 : 0);
  const form = unit === 0 ? `_${new Intl.PluralRules(languages()).select(value)}` : "";
  return fill(words, `${SIZES[unit]}${form}`, { value: shown });
}

/** `2 min left`; rounded so that it does not tremble. */
export function formatRemaining(words: Words, seconds: number): string {
  if (seconds < 60) {
    return fill(words, "seconds_left", { value: Math.max(5, Math.ceil(seconds / 5) * 5) });
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return fill(words, "minutes_left", { value: minutes });
  return fill(words, "hours_left", { value: format(minutes / 60, 1) });
}
