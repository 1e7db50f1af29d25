import { Events, type LanguageDetail, type TimeDetail } from "./names";
import { PressPlayer } from "./press-player";

/**
 * Holds a player and its transcript together: events come up from one, attributes and seeks go
 * down to the other. Neither knows of the other.
 */
export class PressRecording extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener(Events.TIME, this.onTime);
    this.addEventListener(Events.SEEK, this.onSeek);
    this.addEventListener(Events.LANGUAGE, this.onLanguage);
  }

  disconnectedCallback(): void {
    this.removeEventListener(Events.TIME, this.onTime);
    this.removeEventListener(Events.SEEK, this.onSeek);
    this.removeEventListener(Events.LANGUAGE, this.onLanguage);
  }

  private readonly onTime = (event: Event): void => {
    const { seconds } = (event as CustomEvent<TimeDetail>).detail;
    this.querySelector("press-transcript")?.setAttribute("seconds", String(seconds));
  };

  private readonly onSeek = (event: Event): void => {
    const { seconds } = (event as CustomEvent<TimeDetail>).detail;
    const player = this.querySelector("press-player");
    if (player instanceof PressPlayer) void player.playFrom(seconds);
  };

  private readonly onLanguage = (event: Event): void => {
    const { language } = (event as CustomEvent<LanguageDetail>).detail;
    this.querySelector("press-player")?.setAttribute("captions", language);
  };
}
