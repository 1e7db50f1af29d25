const PAUSE_MILLISECONDS = 4000;
const PAUSE_MILLISECONDS_MAX = 60_000;

interface Answer {
  readonly state: string;
  readonly hls_url: string | null;
}

/**
 * Around the sentence that something is still being processed: asks how far it is, and loads the
 * page again when there is more to show, unless something is playing.
 *
 * @attr src - address of the asset in the API
 * @attr state - its state as the page shows it
 */
export class PressProgress extends HTMLElement {
  private timer = 0;
  private pause = PAUSE_MILLISECONDS;

  connectedCallback(): void {
    this.wait();
  }

  disconnectedCallback(): void {
    window.clearTimeout(this.timer);
  }

  private wait(): void {
    this.timer = window.setTimeout(() => void this.ask(), this.pause);
  }

  private async ask(): Promise<void> {
    const found = document.hidden ? null : await this.read();
    if (found !== null && found !== this.shown && !isPlaying()) location.reload();
    else this.wait();
  }

  private get shown(): string {
    return summary(this.getAttribute("state") ?? "", document.querySelector("press-player") !== null);
  }

  /** What can be shown now, in a word; null when nobody answers, which makes us more patient. */
  private async read(): Promise<string | null> {
    try {
      const response = await fetch(this.getAttribute("src") ?? "");
      if (!response.ok) throw new TypeError(response.statusText);
      const answer = (await response.json()) as Answer;
      this.pause = PAUSE_MILLISECONDS;
      return summary(answer.state, answer.hls_url !== null);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      this.pause = Math.min(this.pause * 2, PAUSE_MILLISECONDS_MAX);
      return null;
    }
  }
}

function summary(state: string, isPlayable: boolean): string {
  return `${state} ${isPlayable ? "playable" : "not playable"}`;
}

function isPlaying(): boolean {
  const media = Array.from(document.querySelectorAll<HTMLMediaElement>("video, audio"));
  return media.some((element) => !element.paused || element.currentTime > 0);
}
