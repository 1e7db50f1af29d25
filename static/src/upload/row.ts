import type { PortalFile } from "./portal-upload";
import { hasFailed, isUnderWay, sentBytes, stateOf } from "./progress";
import { Rate } from "./rate";
import { fill, formatPercent, formatRemaining, formatSize, unbroken, word, type Words } from "./words";

/** “remove” takes a file out of the list, “discard” also what was sent of it. */
export type Action = "pause" | "resume" | "retry" | "discard" | "remove";

/** One file in the list; its markup is a copy of the page's template. */
export class Row {
  readonly element: HTMLLIElement;
  private readonly rate = new Rate();
  private shown: PortalFile | null = null;

  constructor(
    template: HTMLTemplateElement,
    private readonly words: Words,
    file: PortalFile,
    act: (action: Action) => void,
  ) {
    const copy = template.content.cloneNode(true) as DocumentFragment;
    this.element = copy.querySelector("li") as HTMLLIElement;
    this.put("folder", file.meta.folder);
    this.put("name", file.name);
    this.put("size", formatSize(words, file.size ?? 0));
    this.part("progress").setAttribute("aria-label", file.name);
    for (const button of this.element.querySelectorAll<HTMLButtonElement>("[data-act]")) {
      button.setAttribute("aria-label", `${button.textContent?.trim()}: ${file.name}`);
      button.addEventListener("click", () => act(button.dataset["act"] as Action));
    }
    this.show(file);
  }

  /** Cheap when nothing of this file has changed. */
  show(file: PortalFile): void {
    if (file === this.shown) return;
    this.shown = file;
    const sent = sentBytes(file);
    const state = stateOf(file);
    this.part("state").className = `state state-${MARKS[state] ?? "waiting"}`;
    this.put("state", word(this.words, state));
    this.put("figures", this.figures(file, sent));
    this.showBar(file, sent);
    this.showSentence(file);
    this.showLink(file);
    this.showButtons(file);
  }

  private figures(file: PortalFile, sent: number): string {
    const size = file.size ?? 0;
    if (file.meta.phase !== "sending" || file.isPaused) {
      this.rate.clear();
      return isUnderWay(file) && sent > 0 ? formatPercent(sent / size) : "";
    }
    this.rate.note(sent, performance.now());
    const seconds = this.rate.secondsFor(size - sent);
    const speed = formatSize(this.words, this.rate.bytesPerSecond);
    return [
      formatPercent(size ? sent / size : 1),
      seconds === null ? "" : fill(this.words, "per_second", { size: speed }),
      seconds === null ? "" : formatRemaining(this.words, seconds),
    ]
      .filter(Boolean)
      .map(unbroken)
      .join(" · ");
  }

  private showSentence(file: PortalFile): void {
    const place = this.part("sentence");
    place.hidden = file.meta.phase !== "failed";
    place.classList.toggle("upload-fault", hasFailed(file));
    place.lang = file.meta.failure === "refused" ? "en" : document.documentElement.lang;
    this.put("sentence", sentenceOf(this.words, file));
  }

  private showBar(file: PortalFile, sent: number): void {
    const bar = this.part("progress") as HTMLProgressElement;
    bar.max = file.size || 1;
    bar.value = file.meta.phase === "sent" ? bar.max : sent;
    bar.classList.toggle("upload-bar-over", !isUnderWay(file));
  }

  private showLink(file: PortalFile): void {
    const link = this.part("name") as HTMLAnchorElement;
    const page = file.meta.completion?.page_url;
    if (page) link.href = page;
  }

  private showButtons(file: PortalFile): void {
    const can: Record<Action, boolean> = {
      pause: isUnderWay(file) && !file.isPaused && file.meta.phase !== "completing",
      resume: isUnderWay(file) && file.isPaused === true,
      retry: hasFailed(file) && file.meta.canBeRetried,
      discard: isUnderWay(file) && file.meta.phase !== "completing",
      remove: file.meta.phase === "failed",
    };
    for (const button of this.element.querySelectorAll<HTMLButtonElement>("[data-act]")) {
      button.hidden = !can[button.dataset["act"] as Action];
    }
  }

  private part(name: string): HTMLElement {
    return this.element.querySelector(`[data-${name}]`) as HTMLElement;
  }

  private put(name: string, text: string): void {
    const place = this.part(name);
    if (place.textContent !== text) place.textContent = text;
  }
}

const MARKS: Record<string, string> = {
  sent: "done",
  duplicate: "done",
  failed: "failed",
  refused: "failed",
  sending: "running",
  completing: "running",
  waiting: "partial",
  "signed-out": "partial",
};

function sentenceOf(words: Words, { meta }: PortalFile): string {
  if (meta.phase !== "failed") return "";
  return meta.failure === "refused" ? meta.sentence : word(words, `failed_${meta.failure}`);
}
