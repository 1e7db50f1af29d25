import Hls from "hls.js";

/**
 * The sound tracks of a recording, as the menu of the controls wants them. Of browsers only Safari
 * has such a list, and none knows the tracks that come by HLS.
 * https://html.spec.whatwg.org/multipage/media.html#audiotracklist
 */
class SoundTrackList extends EventTarget {
  private tracks: readonly SoundTrack[] = [];

  get length(): number {
    return this.tracks.length;
  }

  [Symbol.iterator](): Iterator<SoundTrack> {
    return this.tracks[Symbol.iterator]();
  }

  replace(tracks: readonly SoundTrack[]): void {
    this.tracks = tracks;
    this.dispatchEvent(new Event("addtrack"));
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * `label` is written for the menu, which splits what it is given at spaces and colons. What is
 * private is so by the language: the menu turns tracks into JSON.
 */
class SoundTrack {
  readonly id: string;
  readonly kind: string;
  readonly #hls: Hls;
  readonly #index: number;

  constructor(
    hls: Hls,
    index: number,
    readonly label: string,
    readonly language: string,
  ) {
    this.#hls = hls;
    this.#index = index;
    this.id = String(index);
    this.kind = index === 0 ? "main" : "alternative";
  }

  get enabled(): boolean {
    return this.#hls.audioTrack === this.#index;
  }

  set enabled(isEnabled: boolean) {
    if (isEnabled) this.#hls.audioTrack = this.#index;
  }
}

/** Give the media element a list of what `hls` has found, now and whenever it finds others. */
export function listSoundTracks(hls: Hls, media: HTMLMediaElement): void {
  const list = new SoundTrackList();
  Object.defineProperty(media, "audioTracks", { value: list, configurable: true });
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, (_event, { audioTracks }) => {
    list.replace(
      audioTracks.map(
        ({ name, lang }, index) => new SoundTrack(hls, index, encodeURIComponent(name), lang ?? ""),
      ),
    );
  });
  hls.on(Hls.Events.AUDIO_TRACK_SWITCHING, () => list.dispatchEvent(new Event("change")));
}

/** What a reader calls a track of that label. */
export function trackName(label: string): string {
  return decodeURIComponent(label);
}
