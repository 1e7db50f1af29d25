/** Which captions are shown; the page's words decide, not the browser's languages. */

const TOGGLE_REQUEST = "mediatogglesubtitlesrequest";

/** Show captions of this language instead of those that are shown, if any are. */
export function switchCaptions(media: HTMLMediaElement, language: string): void {
  const tracks = Array.from(media.textTracks);
  if (!tracks.some((track) => track.mode === "showing")) return;
  if (tracks.some((track) => track.language === language)) show(tracks, language);
}

/** Turning captions on shows those in the language of the transcript, else of the page. */
export function chooseOnToggle(controller: HTMLElement, media: HTMLMediaElement): void {
  const toggle = (event: Event): void => {
    event.stopImmediatePropagation();
    const tracks = Array.from(media.textTracks);
    const isShown = tracks.some((track) => track.mode === "showing");
    show(tracks, isShown ? null : preferred(media, tracks));
  };
  controller.addEventListener(TOGGLE_REQUEST, toggle, { capture: true });
}

function preferred(media: HTMLMediaElement, tracks: readonly TextTrack[]): string | null {
  const wishes = [
    media.closest("press-player")?.getAttribute("captions"),
    document.documentElement.lang,
    tracks[0]?.language,
  ];
  return wishes.find((wish) => tracks.some((track) => track.language === wish)) ?? null;
}

function show(tracks: readonly TextTrack[], language: string | null): void {
  const wanted = tracks.find((track) => track.language === language);
  for (const track of tracks) track.mode = track === wanted ? "showing" : "disabled";
}
