import { Events, send, type LanguageDetail, type TimeDetail } from "./names";
import { addressAt, lineAt, secondsFrom } from "./timeline";

/**
 * A transcript that follows the player. Its lines are links which work on their own; here they
 * seek in place. It scrolls inside its own box, until the reader scrolls it.
 *
 * @attr seconds - where the player is
 * @fires press-seek - TimeDetail
 * @fires press-language - LanguageDetail
 */
export class PressTranscript extends HTMLElement {
  static readonly observedAttributes = ["seconds"];

  private lines: HTMLAnchorElement[] = [];
  private starts: number[] = [];
  private current = -1;
  private isFollowing = true;

  connectedCallback(): void {
    this.addEventListener("click", this.onClick);
    this.addEventListener("wheel", this.onReaderScroll, { passive: true });
    this.addEventListener("touchmove", this.onReaderScroll, { passive: true });
    this.addEventListener("keydown", this.onKey);
    this.collectLines();
    this.reveal(this.lines[this.current]);
  }

  disconnectedCallback(): void {
    this.removeEventListener("click", this.onClick);
    this.removeEventListener("wheel", this.onReaderScroll);
    this.removeEventListener("touchmove", this.onReaderScroll);
    this.removeEventListener("keydown", this.onKey);
  }

  attributeChangedCallback(_name: string, _old: string | null, value: string | null): void {
    const seconds = secondsFrom(value);
    if (seconds !== null) this.markLineAt(seconds);
  }

  private collectLines(): void {
    this.lines = Array.from(this.querySelectorAll<HTMLAnchorElement>("a[data-start]"));
    this.starts = this.lines.map((line) => secondsFrom(line.dataset["start"] ?? null) ?? Infinity);
    this.current = this.lines.findIndex((line) => line.hasAttribute("aria-current"));
  }

  private markLineAt(seconds: number): void {
    const index = lineAt(this.starts, seconds);
    if (index === this.current) return;
    this.lines[this.current]?.removeAttribute("aria-current");
    this.lines[index]?.setAttribute("aria-current", "true");
    this.current = index;
    if (this.isFollowing) this.reveal(this.lines[index]);
  }

  /** Bring a line to the upper third of the box; the page itself does not move. */
  private reveal(line: HTMLElement | undefined): void {
    const box = this.querySelector<HTMLElement>("[data-scroll-box]");
    if (!line || !box || box.scrollHeight <= box.clientHeight) return;
    const offset = line.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTo({ top: box.scrollTop + offset - box.clientHeight / 3, behavior: scrolling() });
  }

  private follow(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    const button = this.querySelector<HTMLElement>("[data-follow]");
    if (button) button.hidden = isFollowing;
    if (isFollowing) this.reveal(this.lines[this.current]);
  }

  private seekTo(line: HTMLAnchorElement): void {
    const seconds = secondsFrom(line.dataset["start"] ?? null) ?? 0;
    history.replaceState(null, "", addressAt(location.href, seconds));
    this.follow(true);
    send<TimeDetail>(this, Events.SEEK, { seconds });
  }

  /** Replace what is inside by the same part of the page in another transcript language. */
  private async switchTo(link: HTMLAnchorElement): Promise<void> {
    const response = await fetch(link.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const other = page.querySelector("press-transcript");
    if (!response.ok || !other) {
      location.assign(link.href);
      return;
    }
    this.replaceChildren(...other.childNodes);
    this.collectLines();
    history.replaceState(null, "", link.href);
    this.isFollowing = true;
    this.markLineAt(secondsFrom(this.getAttribute("seconds")) ?? 0);
    this.querySelector<HTMLElement>("[data-language][aria-current]")?.focus();
    const language = link.dataset["language"];
    if (language) send<LanguageDetail>(this, Events.LANGUAGE, { language });
  }

  private readonly onClick = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-follow]")) this.follow(true);
    const link = target?.closest("a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.dataset["start"] !== undefined) {
      event.preventDefault();
      this.seekTo(link);
    } else if (link.dataset["language"] !== undefined) {
      event.preventDefault();
      void this.switchTo(link);
    }
  };

  private readonly onReaderScroll = (): void => {
    if (this.isFollowing && this.current >= 0) this.follow(false);
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const isAmongLines = event.target instanceof Element && event.target.closest("[data-start]");
    const isScrolling = ["PageUp", "PageDown", "Home", "End"].includes(event.key);
    if (isScrolling || (event.key === "Tab" && isAmongLines)) this.onReaderScroll();
  };
}

function scrolling(): ScrollBehavior {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
}
