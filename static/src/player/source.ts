import Hls, { type ErrorData } from "hls.js";
import { listSoundTracks } from "./sound-tracks";

const HLS_TYPE = "application/vnd.apple.mpegurl";
const BUFFER_SECONDS_BEFORE_PLAY = 6;
const BUFFER_SECONDS = 30;

/** What feeds a media element. */
export interface Source {
  close(): void;
}

/** Take over the media's <source>; browsers without MSE (older iPhones) play HLS themselves. */
export function openSource(media: HTMLMediaElement, start: number): Source {
  const element = media.querySelector("source");
  if (!element) return { close: () => undefined };
  if (!Hls.isSupported() && media.canPlayType(HLS_TYPE) !== "") return openNative(media, start);
  const address = element.src;
  element.remove();
  return openHls(media, address, start);
}

function openNative(media: HTMLMediaElement, start: number): Source {
  media.addEventListener(
    "loadedmetadata",
    () => {
      if (start > 0) media.currentTime = start;
    },
    { once: true },
  );
  media.preload = "metadata";
  return { close: () => media.removeAttribute("src") };
}

function openHls(media: HTMLMediaElement, address: string, start: number): Source {
  const hls = new Hls({
    startPosition: start > 0 ? start : -1,
    capLevelToPlayerSize: true,
    maxBufferLength: BUFFER_SECONDS_BEFORE_PLAY,
    maxMaxBufferLength: BUFFER_SECONDS,
    // Our segments are fMP4 already: nothing is rewritten, so a worker would have nothing to do.
    enableWorker: false,
    // Captions come as <track>, which also work before and without this.
    renderTextTracksNatively: false,
  });
  media.addEventListener(
    "play",
    () => {
      hls.config.maxBufferLength = BUFFER_SECONDS;
    },
    { once: true },
  );
  hls.on(Hls.Events.ERROR, (_event, data) => recover(hls, media, data));
  listSoundTracks(hls, media);
  hls.loadSource(address);
  hls.attachMedia(media);
  return { close: () => hls.destroy() };
}

function recover(hls: Hls, media: HTMLMediaElement, data: ErrorData): void {
  if (!data.fatal) return;
  if (isPreviewGone(data)) {
    reopen(hls, media);
    return;
  }
  if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
    hls.recoverMediaError();
    return;
  }
  hls.stopLoad();
  media.closest("press-player")?.setAttribute("broken", "");
  media.addEventListener("play", () => retry(hls, media), { once: true });
}

/** While a recording is prepared its first seconds play; the whole then takes their place. */
function isPreviewGone(data: ErrorData): boolean {
  return data.details === Hls.ErrorDetails.LEVEL_LOAD_ERROR && data.response?.code === 404;
}

/** Load the recording anew and go on at the same second. */
function reopen(hls: Hls, media: HTMLMediaElement): void {
  if (!hls.url) return;
  const wasPlaying = !media.paused;
  hls.config.startPosition = media.currentTime;
  if (wasPlaying) hls.once(Hls.Events.MANIFEST_PARSED, () => void media.play());
  hls.loadSource(hls.url);
}

function retry(hls: Hls, media: HTMLMediaElement): void {
  media.closest("press-player")?.removeAttribute("broken");
  if (hls.levels.length === 0 && hls.url) hls.loadSource(hls.url);
  hls.startLoad();
}
