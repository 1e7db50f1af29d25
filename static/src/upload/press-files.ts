import { fill, formatPercent, formatSize, readWords, word, type Words } from "./words";

interface StepNews {
  readonly name: string;
  readonly state: string;
  readonly detail: string | null;
  readonly progress: number | null;
}

interface AssetNews {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly filename: string;
  readonly state: string;
  readonly size_bytes?: number | null;
  readonly steps: readonly StepNews[];
  readonly notes: readonly string[];
  readonly desk_url: string;
}

const PAUSE_MILLISECONDS = 10_000;
/** A stream that comes again sooner was not missed. */
const SILENCE_MILLISECONDS = 4000;
const RETRIABLE = new Set(["failed", "partial"]);

/**
 * The list of an event's files, kept up to date by server-sent events; the page brings the list as
 * it was, and templates for a row and a step.
 *
 * @attr src - address of the stream
 * @attr steps - names of all steps, in the order of the page
 * @attr words - names of states, steps and kinds, as JSON
 */
export class PressFiles extends HTMLElement {
  private source: EventSource | null = null;
  private timer = 0;
  private silence = 0;
  private words: Words = {};
  private readonly shown = new Map<string, string>();

  connectedCallback(): void {
    this.words = readWords(this);
    this.filter.addEventListener("change", this.onFilter);
    this.onFilter(); // a browser that comes back to a page remembers its boxes
    this.connect();
  }

  disconnectedCallback(): void {
    window.clearTimeout(this.timer);
    window.clearTimeout(this.silence);
    this.filter.removeEventListener("change", this.onFilter);
    this.source?.close();
  }

  private get filter(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("[data-filter]")!;
  }

  private readonly onFilter = (): void => {
    this.toggleAttribute("filtered", this.filter.checked);
  };

  private connect(): void {
    const source = new EventSource(this.getAttribute("src") ?? "");
    source.addEventListener("listing", this.onListing);
    source.addEventListener("asset", this.onAsset);
    source.addEventListener("removed", this.onRemoved);
    // After a cut a browser comes again by itself, but after a refusal, as to someone who was
    // signed out, never.
    source.addEventListener("open", () => this.onSpeech());
    source.addEventListener("error", () => {
      this.silence ||= window.setTimeout(() => this.showSilence(true), SILENCE_MILLISECONDS);
      if (source.readyState !== EventSource.CLOSED) return;
      this.timer = window.setTimeout(() => this.connect(), PAUSE_MILLISECONDS);
    });
    this.source = source;
  }

  private onSpeech(): void {
    window.clearTimeout(this.silence);
    this.silence = 0;
    this.showSilence(false);
  }

  private showSilence(isSilent: boolean): void {
    this.querySelector<HTMLElement>("[data-silent]")!.hidden = !isSilent;
  }

  /** All files of the event; the others were removed while nobody here was listening. */
  private readonly onListing = ({ data }: MessageEvent<string>): void => {
    const ids = new Set((JSON.parse(data) as { readonly ids: readonly string[] }).ids);
    for (const row of this.querySelectorAll<HTMLElement>("tbody > [data-asset]")) {
      const id = row.dataset["asset"] ?? "";
      if (!ids.has(id)) this.drop(id);
    }
  };

  private readonly onAsset = ({ data }: MessageEvent<string>): void => {
    const news = JSON.parse(data) as AssetNews;
    if (this.shown.get(news.id) === data) return;
    this.shown.set(news.id, data);
    this.show(news);
  };

  private readonly onRemoved = ({ data }: MessageEvent<string>): void => {
    this.drop((JSON.parse(data) as Pick<AssetNews, "id">).id);
  };

  private drop(id: string): void {
    this.shown.delete(id);
    this.find(id)?.remove();
    this.count();
  }

  private show(news: AssetNews): void {
    const row = this.find(news.id) ?? this.addRow(news);
    this.showFacts(row, news);
    if (row.dataset["is"] !== news.state) {
      row.dataset["is"] = news.state;
      this.count();
    }
    const state = row.querySelector<HTMLElement>("[data-state]")!;
    mark(state, news.state, word(this.words, `asset_${news.state}`));
    this.showSteps(row.querySelector("[data-steps]")!, news);
    this.showNotes(row.querySelector("[data-notes]")!, news.notes);
  }

  private showFacts(row: HTMLElement, news: AssetNews): void {
    const { title, filename, kind, size_bytes } = news;
    write(row.querySelector("a")!, title);
    const put = (name: string, text: string): void => write(row.querySelector(`[data-${name}]`)!, text);
    put("filename", title === filename ? "" : filename);
    put("kind", word(this.words, `kind_${kind}`));
    put("size", size_bytes ? formatSize(this.words, size_bytes) : "");
  }

  private showSteps(list: Element, news: AssetNews): void {
    const known = new Map(
      Array.from(list.children, (item) => [(item as HTMLElement).dataset["step"], item]),
    );
    this.inOrder(news.steps).forEach((step, place) => {
      const item = (known.get(step.name) as HTMLElement | undefined) ?? this.newStep();
      if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
      this.showStep(item, step, news.id);
    });
  }

  private showNotes(list: Element, notes: readonly string[]): void {
    const shown = Array.from(list.children, (note) => note.textContent);
    if (shown.join("\n") === notes.join("\n")) return;
    const spans = notes.map((text) => {
      const note = this.copy("note");
      note.textContent = text;
      return note;
    });
    list.replaceChildren(...spans);
  }

  /** The page's own order, so that nothing moves when the stream begins. */
  private inOrder(steps: readonly StepNews[]): StepNews[] {
    const names = (this.getAttribute("steps") ?? "").split(" ");
    const place = ({ name }: StepNews): number => names.indexOf(name);
    return [...steps].sort((one, other) => place(one) - place(other));
  }

  private showStep(item: HTMLElement, step: StepNews, asset: string): void {
    item.dataset["step"] = step.name;
    const isRunning = step.state === "running" && step.progress !== null;
    const words = fill(this.words, "step", {
      name: word(this.words, `step_${step.name}`),
      state: word(this.words, `state_${step.state}`),
      progress: isRunning ? formatPercent(step.progress ?? 0) : "",
    });
    mark(item.querySelector<HTMLElement>("[data-state]")!, step.state, words.trim());
    const detail = item.querySelector<HTMLElement>("[data-detail]")!;
    detail.textContent = step.detail ?? "";
    detail.hidden = !step.detail;
    this.offerRetry(item, step, asset);
  }

  private offerRetry(item: HTMLElement, step: StepNews, asset: string): void {
    const offered = item.querySelector("form");
    if (!RETRIABLE.has(step.state)) offered?.remove();
    else if (!offered) {
      const form = this.copy("step-item").querySelector("form")!;
      form.querySelector<HTMLInputElement>("[name=asset]")!.value = asset;
      form.querySelector<HTMLInputElement>("[name=step]")!.value = step.name;
      item.append(form);
    }
  }

  private newStep(): HTMLElement {
    const item = this.copy("step-item");
    item.querySelector("form")?.remove();
    return item;
  }

  private find(id: string): HTMLElement | null {
    return this.querySelector<HTMLElement>(`[data-asset="${CSS.escape(id)}"]`);
  }

  private addRow({ id, desk_url }: AssetNews): HTMLElement {
    const row = this.copy("row");
    row.dataset["asset"] = id;
    row.dataset["is"] = "";
    row.querySelector("a")!.href = desk_url;
    this.querySelector("tbody")!.append(row);
    return row;
  }

  private count(): void {
    const { length } = this.querySelectorAll("tbody > [data-asset]");
    const ready = this.querySelectorAll("tbody > [data-is=ready]").length;
    this.querySelector("[data-count]")!.textContent = String(length);
    this.querySelector("[data-unready]")!.textContent = String(length - ready);
    this.querySelector<HTMLElement>("[data-none]")!.hidden = length > 0;
  }

  private copy(name: string): HTMLElement {
    const template = this.querySelector<HTMLTemplateElement>(`template[data-${name}]`)!;
    const copy = template.content.cloneNode(true) as DocumentFragment;
    return copy.firstElementChild as HTMLElement;
  }
}

/** Only what differs: markup that says the same, with its language, stays. */
function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function mark(element: HTMLElement, state: string, words: string): void {
  if (element.textContent === words) return;
  element.className = `state state-${state}`;
  element.textContent = words;
}
