import { Events, type TimeDetail } from "./names";

/**
 * Around a player and the form that chooses its poster: a button puts the player's time into the
 * field. Without script the field takes a time that is written down.
 */
export class PressPoster extends HTMLElement {
  private seconds = 0;

  connectedCallback(): void {
    this.addEventListener(Events.TIME, this.onTime);
    this.button.hidden = this.querySelector("press-player") === null;
    this.button.addEventListener("click", this.onClick);
  }

  disconnectedCallback(): void {
    this.removeEventListener(Events.TIME, this.onTime);
    this.button.removeEventListener("click", this.onClick);
  }

  private get button(): HTMLButtonElement {
    return this.querySelector<HTMLButtonElement>("[data-now]")!;
  }

  private readonly onTime = (event: Event): void => {
    // The media element's own event of that name passes by, too.
    if (event instanceof CustomEvent) this.seconds = (event.detail as TimeDetail).seconds;
  };

  private readonly onClick = (): void => {
    this.querySelector<HTMLInputElement>("input[name=at]")!.value = clock(this.seconds);
  };
}

/** `00:01:02.500` */
function clock(seconds: number): string {
  return new Date(Math.floor(seconds * 1000)).toISOString().slice(11, 23);
}
