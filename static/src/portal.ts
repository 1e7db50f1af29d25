/** Everything that a page needs before a player is in view; the player's engine comes later. */
import { PressPhotos } from "./press-photos";
import { PressPlayer } from "./press-player";
import { PressProgress } from "./press-progress";
import { PressRecording } from "./press-recording";
import { PressTranscript } from "./press-transcript";

const elements = {
  "press-photos": PressPhotos,
  "press-player": PressPlayer,
  "press-progress": PressProgress,
  "press-recording": PressRecording,
  "press-transcript": PressTranscript,
};

for (const [name, element] of Object.entries(elements)) {
  if (!customElements.get(name)) customElements.define(name, element);
}
