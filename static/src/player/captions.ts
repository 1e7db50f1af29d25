/** Which captions are shown; the page's words decide, not the browser's languages. */

const TOGGLE_REQUEST = "mediatogglesubtitlesrequest";

/** Show captions of this language instead of those that are shown, if any are. */
export function switchCaptions(media: HTMLMediaElement, language: string): void {
  const tracks = captionsOf(media);
  if (!tracks.some((track) => track.mode === "showing")) return;
  if (tracks.some((track) => track.language === language)) show(tracks, language);
}

/** Turning captions on shows those in the language of the transcript, else of the page. */
export function chooseOnToggle(controller: HTMLElement, media: HTMLMediaElement): void {
  const toggle = (event: Event): void => {
    event.stopImmediatePropagation();
    const tracks = captionsOf(media);
    const isShown = tracks.some((track) => track.mode === "showing");
    show(tracks, isShown ? null : preferred(media, tracks));
  };
  controller.addEventListener(TOGGLE_REQUEST, toggle, { capture: true });
}

/** Without the pictures of the timeline, which come as a track, too. */
function captionsOf(media: HTMLMediaElement): TextTrack[] {
  return Array.from(media.textTracks).filter(({ kind }) => kind === "captions");
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
