/** What only the desk needs: putting files in, watching what becomes of them, and posters. */
import { PressPoster } from "./press-poster";
import { PressFiles } from "./upload/press-files";
import { PressUpload } from "./upload/press-upload";

customElements.define("press-files", PressFiles);
customElements.define("press-poster", PressPoster);
customElements.define("press-upload", PressUpload);
