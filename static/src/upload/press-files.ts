import { fill, formatSize, readWords, word, type Words } from "./words";

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
  readonly page_url: string;
}

const RETRIABLE = new Set(["failed", "partial"]);

/**
 * The list of an event's files, kept up to date by server-sent events; the page brings the list as
 * it was, and templates for a row and a step.
 *
 * @attr src - address of the stream
 * @attr words - names of states, steps and kinds, as JSON
 */
export class PressFiles extends HTMLElement {
  private source: EventSource | null = null;
  private words: Words = {};
  private readonly shown = new Map<string, string>();

  connectedCallback(): void {
    this.words = readWords(this);
    // A browser connects again by itself, and tells what it saw last.
    this.source = new EventSource(this.getAttribute("src") ?? "");
    this.source.addEventListener("asset", this.onAsset);
  }

  disconnectedCallback(): void {
    this.source?.close();
  }

  private readonly onAsset = ({ data }: MessageEvent<string>): void => {
    const news = JSON.parse(data) as AssetNews;
    if (this.shown.get(news.id) === data) return;
    this.shown.set(news.id, data);
    this.show(news);
  };

  private show(news: AssetNews): void {
    const row = this.rowOf(news);
    const state = row.querySelector<HTMLElement>("[data-state]")!;
    mark(state, news.state, word(this.words, `asset_${news.state}`));
    const list = row.querySelector("[data-steps]")!;
    const steps = new Map(
      Array.from(list.children, (item) => [(item as HTMLElement).dataset["step"], item]),
    );
    for (const step of news.steps) {
      const known = steps.get(step.name) as HTMLElement | undefined;
      this.showStep(known ?? list.appendChild(this.newStep()), step, news.id);
    }
  }

  private showStep(item: HTMLElement, step: StepNews, asset: string): void {
    item.dataset["step"] = step.name;
    const isRunning = step.state === "running" && step.progress !== null;
    const words = fill(this.words, "step", {
      name: word(this.words, `step_${step.name}`),
      state: word(this.words, `state_${step.state}`),
      progress: isRunning ? `${Math.floor((step.progress ?? 0) * 100)} %` : "",
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

  private rowOf(news: AssetNews): HTMLElement {
    const known = this.querySelector<HTMLElement>(`[data-asset="${CSS.escape(news.id)}"]`);
    return known ?? this.addRow(news);
  }

  private addRow({ id, page_url, title, filename, kind, size_bytes }: AssetNews): HTMLElement {
    const row = this.copy("row");
    row.dataset["asset"] = id;
    row.querySelector("a")!.href = page_url;
    row.querySelector("a")!.textContent = title;
    const put = (name: string, text: string): void => {
      row.querySelector(`[data-${name}]`)!.textContent = text;
    };
    put("filename", title === filename ? "" : filename);
    put("kind", word(this.words, `kind_${kind}`));
    put("size", size_bytes ? formatSize(this.words, size_bytes) : "");
    this.querySelector("tbody")!.append(row);
    this.querySelector<HTMLElement>("[data-none]")!.hidden = true;
    this.querySelector("[data-count]")!.textContent = String(
      this.querySelectorAll("tbody > [data-asset]").length,
    );
    return row;
  }

  private copy(name: string): HTMLElement {
    const template = this.querySelector<HTMLTemplateElement>(`template[data-${name}]`)!;
    const copy = template.content.cloneNode(true) as DocumentFragment;
    return copy.firstElementChild as HTMLElement;
  }
}

function mark(element: HTMLElement, state: string, words: string): void {
  if (element.textContent === words) return;
  element.className = `state state-${state}`;
  element.textContent = words;
}
