import { Events, send, type TimeDetail } from "./names";
import type { Engine } from "./player/engine";
import { secondsFrom } from "./timeline";

/**
 * A recording. The page brings a plain <video> or <audio> with its own controls, size and poster;
 * once it is in view, the engine (HLS, controls, keys) is loaded and takes it over in place.
 *
 * @attr start - second to begin at
 * @attr captions - language of the captions to prefer
 * @attr sounds - there are several sound tracks to choose from
 * @fires timeupdate - TimeDetail
 */
export class PressPlayer extends HTMLElement {
  static readonly observedAttributes = ["captions"];

  private engine: Promise<Engine> | null = null;
  private observer: IntersectionObserver | null = null;

  connectedCallback(): void {
    this.media?.addEventListener("timeupdate", this.onTime);
    this.addEventListener("pointerdown", this.onInterest);
    this.addEventListener("focusin", this.onInterest);
    this.observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.onInterest();
    });
    this.observer.observe(this);
  }

  disconnectedCallback(): void {
    this.media?.removeEventListener("timeupdate", this.onTime);
    this.removeEventListener("pointerdown", this.onInterest);
    this.removeEventListener("focusin", this.onInterest);
    this.observer?.disconnect();
    void this.engine?.then((engine) => engine.destroy());
    this.engine = null;
  }

  attributeChangedCallback(_name: string, _old: string | null, language: string | null): void {
    if (language) void this.engine?.then((engine) => engine.preferCaptions(language));
  }

  /** Go to a second and play from there; stays paused where a browser forbids to play. */
  async playFrom(seconds: number): Promise<void> {
    const engine = await this.load();
    await engine?.playFrom(seconds);
  }

  private get media(): HTMLMediaElement | null {
    return this.querySelector<HTMLMediaElement>("video, audio");
  }

  private load(): Promise<Engine> | null {
    const media = this.media;
    if (!media) return null;
    this.observer?.disconnect();
    this.engine ??= import("./player/engine").then(({ Engine }) => new Engine(media, this.start));
    return this.engine;
  }

  private get start(): number {
    return secondsFrom(this.getAttribute("start")) ?? 0;
  }

  private readonly onInterest = (): void => {
    void this.load();
  };

  private readonly onTime = (event: Event): void => {
    const { currentTime } = event.currentTarget as HTMLMediaElement;
    send<TimeDetail>(this, Events.TIME, { seconds: currentTime });
  };
}
