import "media-chrome/media-controller.js";
import "media-chrome/media-captions-button.js";
import "media-chrome/media-control-bar.js";
import "media-chrome/media-fullscreen-button.js";
import "media-chrome/media-loading-indicator.js";
import "media-chrome/media-mute-button.js";
import "media-chrome/media-play-button.js";
import "media-chrome/media-playback-rate-button.js";
import "media-chrome/media-seek-backward-button.js";
import "media-chrome/media-time-display.js";
import "media-chrome/media-time-range.js";
import "media-chrome/media-volume-range.js";
import "media-chrome/menu/media-audio-track-menu.js";
import "media-chrome/menu/media-audio-track-menu-button.js";
import "media-chrome/menu/media-captions-menu.js";
import "media-chrome/menu/media-captions-menu-button.js";
import "media-chrome/menu/media-chrome-menu-item.js";
import { chooseOnToggle } from "./captions";
import { trackName } from "./sound-tracks";
import { useTranslations } from "./translations";

type Attributes = Readonly<Record<string, string>>;

/** What one can choose from, known before any of it is loaded, so that nothing jumps later. */
interface Offers {
  readonly captionCount: number;
  readonly hasSounds: boolean;
}

/** Put controls around a media element, in its place and of its size. */
export function mountControls(media: HTMLMediaElement): void {
  useTranslations(document.documentElement.lang);
  const isAudio = media instanceof HTMLAudioElement;
  const offers: Offers = {
    captionCount: media.querySelectorAll("track[kind=captions]").length,
    hasSounds: media.closest("press-player")?.hasAttribute("sounds") ?? false,
  };
  const controller = element("media-controller", {
    keyboardforwardseekoffset: "5",
    keyboardbackwardseekoffset: "5",
    ...(isAudio ? { audio: "" } : {}),
  });
  chooseOnToggle(controller, media);
  media.replaceWith(controller);
  media.removeAttribute("controls");
  media.slot = "media";
  controller.append(media, ...(isAudio ? audioParts(offers) : videoParts(offers)));
}

function videoParts({ captionCount, hasSounds }: Offers): Element[] {
  const loading = element("media-loading-indicator", { slot: "centered-chrome", noautohide: "" });
  const timeline = element("media-control-bar", { class: "player-timeline" }, [
    element("media-time-range"),
  ]);
  const buttons = element("media-control-bar", { class: "player-buttons" }, [
    element("media-play-button"),
    element("media-seek-backward-button", { seekoffset: "10" }),
    element("media-mute-button"),
    element("media-volume-range"),
    element("media-time-display", { showduration: "" }),
    element("span", { class: "player-space" }),
    element("media-playback-rate-button", { rates: "1 1.25 1.5 2 0.75" }),
    ...soundParts(hasSounds),
    ...captionParts(captionCount),
    element("media-fullscreen-button"),
  ]);
  const menus = [...soundMenus(hasSounds), ...captionMenus(captionCount)];
  return [startButton(), loading, ...menus, timeline, buttons];
}

/** A second way to the play button of the bar, for pointers only, so others meet just one. */
function startButton(): Element {
  const button = element("button", {
    class: "player-start",
    slot: "centered-chrome",
    type: "button",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  button.innerHTML = '<svg viewBox="0 0 24 24" fill="currentColor"><path d="M8 5v14l11-7z"/></svg>';
  button.addEventListener("click", () => {
    const play = button.parentElement?.querySelector<HTMLElement>("media-play-button");
    play?.click();
    play?.focus({ preventScroll: true });
  });
  return button;
}

/** Captions are one step away, as EN 301 549 clause 7.3 asks; choosing a language is one more. */
function captionParts(count: number): Element[] {
  if (count === 0) return [];
  const toggle = element("media-captions-button");
  if (count === 1) return [toggle];
  const menuButton = element("media-captions-menu-button", { class: "player-languages" });
  const sign = element("span", { slot: "icon", class: "player-languages-sign" });
  sign.textContent = "▾";
  menuButton.append(sign);
  return [toggle, menuButton];
}

function captionMenus(count: number): Element[] {
  if (count < 2) return [];
  // In place of a CC sign beside every language: all of these are captions.
  const noSign = element("span", { slot: "captions-indicator" });
  return [element("media-captions-menu", { hidden: "", anchor: "auto" }, [noSign])];
}

/** Languages of the floor and its interpretation, where there are several. */
function soundParts(hasSounds: boolean): Element[] {
  return hasSounds ? [element("media-audio-track-menu-button", { class: "player-sounds" })] : [];
}

function soundMenus(hasSounds: boolean): Element[] {
  if (!hasSounds) return [];
  const menu = element("media-audio-track-menu", { hidden: "", anchor: "auto" });
  Object.assign(menu, { formatMenuItemText: trackName });
  return [menu];
}

function audioParts({ hasSounds }: Offers): Element[] {
  const bar = element("media-control-bar", { class: "player-audio" }, [
    element("media-play-button"),
    element("media-seek-backward-button", { seekoffset: "10" }),
    element("media-time-display", { showduration: "" }),
    element("media-time-range"),
    element("media-playback-rate-button", { rates: "1 1.25 1.5 2 0.75" }),
    ...soundParts(hasSounds),
    element("media-mute-button"),
    element("media-volume-range"),
  ]);
  return [...soundMenus(hasSounds), bar];
}

function element(
  name: string,
  attributes: Attributes = {},
  children: readonly Element[] = [],
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
