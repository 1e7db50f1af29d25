/** What only the desk needs: putting files in, and watching what becomes of them. */
import { PressFiles } from "./upload/press-files";
import { PressUpload } from "./upload/press-upload";

customElements.define("press-files", PressFiles);
customElements.define("press-upload", PressUpload);
