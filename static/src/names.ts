/** Events that our elements send; they bubble, and a parent passes them on as attributes. */
export const Events = {
  /** From press-player, with every step of its clock; detail: TimeDetail. */
  TIME: "timeupdate",
  /** From press-transcript, when a line was chosen; detail: TimeDetail. */
  SEEK: "press-seek",
  /** From press-transcript, when its language was switched; detail: LanguageDetail. */
  LANGUAGE: "press-language",
} as const;

export interface TimeDetail {
  readonly seconds: number;
}

export interface LanguageDetail {
  readonly language: string;
}

export function send<Detail>(from: Element, name: string, detail: Detail): void {
  from.dispatchEvent(new CustomEvent<Detail>(name, { bubbles: true, detail }));
}
