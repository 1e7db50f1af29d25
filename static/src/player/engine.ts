import { switchCaptions } from "./captions";
import { mountControls } from "./controls";
import { openSource, type Source } from "./source";

/** Plays one media element: its HLS source, its controls, its captions. */
export class Engine {
  private readonly source: Source;

  constructor(
    private readonly media: HTMLMediaElement,
    start: number,
  ) {
    this.source = openSource(media, start);
    mountControls(media);
    if (start > 0 && cameFromThisSite()) void this.playFrom(start);
  }

  async playFrom(seconds: number): Promise<void> {
    await whenSeekable(this.media);
    this.media.currentTime = seconds;
    try {
      await this.media.play();
    } catch (error) {
      // Browsers forbid to play before someone touched the page; it then waits at the second.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  /** Show captions of this language instead of those that are shown, if any are. */
  preferCaptions(language: string): void {
    switchCaptions(this.media, language);
  }

  destroy(): void {
    this.source.close();
  }
}

/** Someone followed a quote on one of our pages, and so asked to hear it. */
function cameFromThisSite(): boolean {
  return document.referrer.startsWith(`${location.origin}/`);
}

function whenSeekable(media: HTMLMediaElement): Promise<void> {
  if (media.readyState >= HTMLMediaElement.HAVE_METADATA) return Promise.resolve();
  return new Promise((resolve) => {
    media.addEventListener("loadedmetadata", () => resolve(), { once: true });
  });
}
